// The addon, with its errors as ours. Everything else in lib/ goes through this file.
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { OptimisticCacheError } from '../errors.js'

/**
 * A cache or a view in the addon; each belongs to the thread that opened it.
 * @typedef {{ readonly changes: Uint32Array }} CacheHandle
 * @typedef {{ readonly __view: never }} ViewHandle
 */

/**
 * @typedef {object} FlightGrant
 * @property {number} id 0 when nobody is told of this load
 * @property {boolean} leads is the caller to load?
 * @property {boolean} present an unexpired entry of the key is there
 * @property {number} since
 * @property {number} deadline milliseconds of the epoch
 */

/** @typedef {{ state: string, reason: string }} FlightEnd `kept`, `unkept`, `failed` or `abandoned` */

/**
 * One function of include/optimistic_cache.h each; structured values go in and out as JSON text.
 * @typedef {object} Binding
 * @property {(options: Record<string, unknown>) => CacheHandle} open
 * @property {(cache: CacheHandle) => void} close
 * @property {(cache: CacheHandle) => number} version
 * @property {(cache: CacheHandle) => string} generation
 * @property {(cache: CacheHandle, callback: () => void) => void} watch
 * @property {(cache: CacheHandle) => void} unwatch
 * @property {(cache: CacheHandle, types: number, callback: () => void) => void} listen
 * @property {(cache: CacheHandle) => void} unlisten
 * @property {(cache: CacheHandle) => { events: string, lost: number, reset: boolean } | undefined} readEvents
 * @property {(cache: CacheHandle) => Record<string, any>} stats
 * @property {(cache: CacheHandle, key: string, value: string | Uint8Array, json: boolean, tags: string[], since:
 *   number, expiresAt: number, staleUntil: number, query?: string) => boolean} set
 * @property {Float64Array} hit what is known of the last answer of get(): see HIT
 * @property {(cache: CacheHandle, view: ViewHandle | undefined, key: string, base: boolean, known: number) =>
 *   string | true | null | undefined} get JSON text; true: the state with the stamp `known` still stands; null: opaque
 *   bytes; undefined: a miss
 * @property {(cache: CacheHandle, view: ViewHandle | undefined, key: string, base: boolean, known: number) =>
 *   string | true | null | undefined} getChanges as get; `hit` says whether the text is the answer or what makes it of
 *   the state `known`, and whether it is just the state beneath the overlay, whose changes are then to be asked for
 * @property {(cache: CacheHandle, view: ViewHandle | undefined, key: string, base: boolean, memory: Uint8Array, at:
 *   number) => number | Buffer | undefined} getBytes how many bytes it wrote into `memory` from `at` on; a Buffer of
 *   their own when there is no room for them; undefined: a miss
 * @property {(cache: CacheHandle, view: ViewHandle, value: string, query: string | undefined, since: number) =>
 *   string | undefined} overlay undefined: nothing of it is in flight
 * @property {(cache: CacheHandle, key: string, hits: number) => void} countHits
 * @property {(cache: CacheHandle, key: string) => string | undefined} entry
 * @property {(cache: CacheHandle, order: number, limit?: number, tag?: string, prefix?: string, contains?: string,
 *   cursor?: string) => string} entries
 * @property {(cache: CacheHandle, token: string, principal: string, operations: string, ttl?: number) => void} begin
 * @property {(cache: CacheHandle, token: string, principal: string, operations: string, ttl?: number) => void} claim
 * @property {(cache: CacheHandle, token: string, principal: string, operations: string, ttl?: number) => void} announce
 * @property {(cache: CacheHandle, token: string, operations?: string) => number} commit
 * @property {(cache: CacheHandle, token: string, reason?: string) => void} rollback
 * @property {(cache: CacheHandle, token: string, reason?: string) => void} expire
 * @property {(cache: CacheHandle, operations: string) => number} record
 * @property {(cache: CacheHandle, tags: string[]) => number} invalidate
 * @property {(cache: CacheHandle, token: string, principal: string) => { state: any, version: number, deadline: number,
 *   reason: string } | undefined} status
 * @property {(cache: CacheHandle, limit?: number) => string} mutations
 * @property {(cache: CacheHandle) => number} sweep
 * @property {(cache: CacheHandle, key: string, least: number, ttl?: number) => FlightGrant} flightBegin
 * @property {(cache: CacheHandle, id: number) => void} flightKept
 * @property {(cache: CacheHandle, id: number) => void} flightUnkept
 * @property {(cache: CacheHandle, id: number, reason?: string) => void} flightFailed
 * @property {(cache: CacheHandle, id: number) => FlightEnd | undefined} flightLook
 * @property {(cache: CacheHandle, id: number) => void} flightLeave
 * @property {(cache: CacheHandle, principal: string, tokens: string[]) => ViewHandle} openView
 * @property {(view: ViewHandle) => void} closeView
 * @property {(view: ViewHandle) => { version: number, torn: boolean, pending: number, unknown: number }} viewInfo
 * @property {(view: ViewHandle) => string} viewPending
 * @property {(view: ViewHandle) => string} viewUnknown
 */

const NAME = 'payload-optimistic-cache'
const ADDON = 'build/Release/optimistic_cache.node'

/** @param {string} addon */
const missing = (addon) =>
  `The native part of ${NAME} is not built: there is no ${addon}. Its install script did not run. With npm: ` +
  `\`npm rebuild ${NAME}\`, from npm 12 on after \`npm install-scripts approve ${NAME}\`; with pnpm: ` +
  '`pnpm approve-builds`; in its repository: `npm run build`. When only what Next.js traced lacks it (`standalone`), ' +
  'wrap the config of Next.js: withOptimisticCache(withPayload(config)).'

/** @param {string} message of the system's loader */
const unloadable = (message) =>
  `The native part of ${NAME} cannot be loaded: ${message}. It needs the shared library libcjson where it runs ` +
  `(Debian: libcjson1, Alpine and Fedora: cjson), and to be built on a system like this one: \`npm rebuild ${NAME}\`.`

/**
 * Bundlers pack this file (Next.js does, several times into one server) and follow what looks like a require to them.
 * The addon must stay where it is: only one and the same file gives all copies of this module one arena. So the path is
 * put together at run time from `import.meta.url`, which Turbopack and webpack keep pointing at this source file, and
 * what looks for it is taken where they do not look. Webpack writes down where the source was at the build: of a server
 * that was moved since (`standalone`), the addon is where the working directory's packages are.
 * @returns {Record<string, Function>}
 */
function load() {
  const { createRequire } = process.getBuiltinModule('node:module')
  const { existsSync } = process.getBuiltinModule('node:fs')
  const source = fileURLToPath(import.meta.url)
  const beside = path.join(path.dirname(source), '../..', ADDON)
  const folders = createRequire(`${process.cwd()}/`).resolve.paths(NAME) ?? []
  const addon = [beside, ...folders.map((folder) => `${folder}/${NAME}/${ADDON}`)].find(existsSync) ?? beside
  try {
    return createRequire(source)(addon)
  } catch (cause) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (cause)
    const why = code === 'MODULE_NOT_FOUND' ? missing(addon) : unloadable(message)
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ADDON', why, { cause })
  }
}

/** @param {Function} call */
const withOurErrors =
  (call) =>
  /** @param {unknown[]} args */
  (...args) => {
    try {
      return call(...args)
    } catch (error) {
      const { code, message } = /** @type {{ code?: string, message: string }} */ (error)
      throw code?.startsWith('ERR_OPTIMISTIC_') ? new OptimisticCacheError(code, message, { cause: error }) : error
    }
  }

/**
 * Places in `native.hit`; `FLAGS` is a set of STALE, OVERLAID, CHANGES and BENEATH. PENDING: after openView, which has a
 * VERSION too.
 */
export const HIT = /** @type {const} */ ({
  VERSION: 0,
  PENDING: 1,
  STAMP: 1,
  EXPIRES_AT: 2,
  FLAGS: 3,
  STALE: 1,
  OVERLAID: 2,
  CHANGES: 4,
  BENEATH: 8,
})

/** @type {Binding} */
export const native = /** @type {any} */ (
  Object.fromEntries(
    Object.entries(load()).map(([name, own]) => [name, typeof own === 'function' ? withOurErrors(own) : own]),
  )
)
