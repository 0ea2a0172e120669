import { OptimisticCacheError } from '../errors.js'
import { DEFAULT_ACCESS } from './access.js'

/**
 * @typedef {object} Options
 * @property {Partial<Record<import('payload').CollectionSlug, true>>} collections whose answers are cached, by slug.
 *   Collections that their relations lead to, and those with users, are kept right with them
 * @property {Partial<Record<import('payload').GlobalSlug, true>>} [globals] whose answers are cached, by slug
 * @property {string} [name] of the cache; `default` unless given. Each Payload instance of a process needs its own
 * @property {number} [maxBytes] of the cache; 256 MiB unless given
 * @property {import('../cache/types.js').CacheOptions['memory']} [memory] of the cache; README, "Memory modes"
 * @property {{ ttl?: number, maxBytes?: number }} [idempotency] how long the answers to requests with a token are kept
 *   for when those come again, in milliseconds (a day unless given), and how many bytes of them (16 MiB)
 * @property {import('../cache/types.js').Limits} [limits] of the cache
 * @property {boolean} [rest] whether Payload's own `GET /<collection>` and `/<collection>/:id` of the declared
 *   collections are answered from the cache, with an `ETag`. Hooks of reads run when an answer is made, and not each
 *   time it is given; false unless given
 * @property {boolean} [graphql] the same for GraphQL queries of lists, documents and counts of the declared
 *   collections, with an `ETag` where they are asked for by GET; false unless given
 * @property {(user: any) => string} [scope] who may share an entry: users (null: who is not logged in) of whom it
 *   returns the same text, instead of each user alone. What access control answers is told apart all the same; share
 *   only between users to whom the hooks of the declared collections do the same. Where a field has read access or an
 *   `afterRead` hook of its own, and in globals, nothing is shared
 * @property {import('./access.js').AccessOptions} [access] who may use which endpoint
 * @property {boolean} [inspector] false: the admin panel has no view of the cache. It is shown to those whom
 *   `access.stats` and `access.entries` name, and may invalidate for those whom `access.invalidate` does
 * @property {number} [ttl] milliseconds until a mutation expires that was never settled; 30,000 unless given. A
 *   transaction that takes longer is still settled right, but its user sees the old state in the meantime
 */

/**
 * Checks what can be checked before the whole config is known; `openCache` checks what is its own.
 * @param {Options} options
 * @throws {OptimisticCacheError} `_ARGUMENT`
 */
export function assertOptions(options) {
  assertSlugs('collections', options?.collections)
  assertSlugs('globals', options.globals ?? {})
  const { access = {}, inspector, scope, ttl } = options
  if (inspector !== undefined && typeof inspector !== 'boolean') throw wrong('inspector must be true or false')
  if (scope !== undefined && typeof scope !== 'function') throw wrong('scope must be a function, like (user) => string')
  if (ttl !== undefined && !(Number.isFinite(ttl) && ttl > 0))
    throw wrong('ttl must be a number of milliseconds over 0')
  assertAccess(access)
}

/** @param {unknown} access */
function assertAccess(access) {
  const names = Object.keys(DEFAULT_ACCESS)
  for (const [name, value] of Object.entries(access ?? {})) {
    if (!names.includes(name)) throw wrong(`access.${name} is none of ${names.join(', ')}`)
    if (typeof value !== 'function') throw wrong(`access.${name} must be a function, like ({ req }) => boolean`)
  }
}

/**
 * @param {string} name
 * @param {unknown} slugs
 */
function assertSlugs(name, slugs) {
  if (typeof slugs !== 'object' || slugs === null || Array.isArray(slugs)) {
    throw wrong(`${name} must be an object of slugs, like { orders: true }`)
  }
  for (const [slug, value] of Object.entries(slugs)) {
    if (value !== true) throw wrong(`${name}.${slug} must be true; leave out what is not to be cached`)
  }
}

/**
 * @param {'collection' | 'global'} kind
 * @param {string[]} declared slugs
 * @param {string[]} known slugs of the whole config, other plugins' included
 * @throws {OptimisticCacheError} `_ARGUMENT`
 */
export function assertDeclared(kind, declared, known) {
  const unknown = declared.filter((slug) => !known.includes(slug))
  if (unknown.length === 0) return
  const list = (/** @type {string[]} */ slugs) => slugs.map((slug) => `"${slug}"`).join(', ')
  const what = unknown.length === 1 ? `a ${kind} that does not exist` : `${kind}s that do not exist`
  throw wrong(`${kind}s names ${what}: ${list(unknown)}; there are ${list(known) || 'none'}`)
}

/** How the plugin's endpoints are told from others: bundlers make copies of them, too. */
export const OWN_ENDPOINT = { optimisticCache: true }
const PREFIX = '/optimistic'

/**
 * @template {{ custom?: any }} T
 * @param {T} config before the plugin has it
 * @returns {T}
 * @throws {OptimisticCacheError} `_ARGUMENT`
 */
export function assertFree(config) {
  if (config.custom?.optimisticCache === undefined) return config
  throw wrong('it is in plugins twice; give one all collections and globals, and take the other out')
}

/**
 * Whether the plugin's endpoints can be reached.
 * @param {{ collections: { slug: string }[], endpoints?: { path: string, method: string, custom?: any }[] }} config
 *   other plugins' included
 * @throws {OptimisticCacheError} `_ARGUMENT`
 */
export function assertReachable({ collections, endpoints = [] }) {
  if (collections.some(({ slug }) => slug === 'optimistic')) {
    throw wrong('its endpoints are where those of the collection "optimistic" would be; give that another slug')
  }
  const clash = endpoints.find(
    ({ custom, path }) => !custom?.optimisticCache && (path === PREFIX || path.startsWith(`${PREFIX}/`)),
  )
  if (clash === undefined) return
  const { method, path } = clash
  throw wrong(`its endpoints are where ${method.toUpperCase()} ${path} of the config is; give that another path`)
}

/**
 * What a replica answers may be older than a change that was committed, and would be kept as the state after it.
 * @param {any} db Payload's database adapter
 * @throws {OptimisticCacheError} `_ARGUMENT`
 */
export function assertOneDatabase({ readReplicaOptions }) {
  if (!readReplicaOptions?.length) return
  throw wrong('answers of a replica may be older than what was committed; take readReplicas out of the database adapter')
}

/** @param {string} what */
const wrong = (what) => new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', `optimisticCache: ${what}`)
