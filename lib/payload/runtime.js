import { openCache } from '../index.js'
import { DEFAULT_ACCESS } from './access.js'
import { Answers } from './answers.js'
import { wrapWrites } from './adapter.js'
import { Bracket } from './bracket.js'
import { OptimisticCacheError } from '../errors.js'
import { wrapExtensions } from './graphql.js'
import { wrapEndpoints } from './idempotency.js'
import { assertDeclared, assertOneDatabase, assertReachable } from './options.js'
import { compileCollections, compileGlobals, draftShape, reachedFrom, readRules, referrersOf } from './shapes.js'
import { draftsOf, globalNamed, GLOBALS, publishedOf } from './targets.js'
import { principalOf } from './request.js'
import { assertOneVersion } from '../version.js'
import { wrapReads } from './rest.js'
import { wrapNamed } from './temporary.js'
import { Settled } from './settled.js'
import { Transactions } from './transactions.js'
import { Waits } from './waits.js'

/** @typedef {import('payload').BasePayload} Payload */
/** @typedef {import('./request.js').PayloadRequest} PayloadRequest */
/** @typedef {import('./options.js').Options} Options */

/**
 * @typedef {object} Claim who uses the token of an HTTP request
 * @property {string} token
 * @property {Bracket} bracket
 * @property {number} operations under way, where no transaction tells when they are over
 */

/** On the Payload instance, because bundlers make several copies of this module, and all of them serve one instance. */
const RUNTIME = Symbol.for('payload-optimistic-cache.runtime')
const WRAPPED = Symbol.for('payload-optimistic-cache.wrapped')

/**
 * What the plugin knows of one Payload instance.
 */
export class Runtime {
  /** @type {import('../index.js').Cache} */
  cache
  /** @type {Record<string, import('./shapes.js').CompiledShape>} */
  shapes = {}
  /**
   * By the request's headers, which all the proxies that Payload puts before a request share. A token stands for the
   * first operation of its request, and what takes part in its transaction.
   * @type {WeakMap<Headers, Claim>}
   */
  claims = new WeakMap()
  /** Requests with a token, by their headers. @type {WeakMap<Headers, import('./idempotency.js').Asked>} */
  asked = new WeakMap()
  /** GraphQL requests under way, by their headers. @type {WeakMap<Headers, import('./graphql.js').Turn>} */
  turns = new WeakMap()
  /** @type {Answers} */
  answers
  transactions = new Transactions(() => this.newBracket())
  /** The requests that wait for something. */
  waits = new Waits()
  settled = new Settled()
  #config
  #compiled
  /** @type {Map<string, import('./shapes.js').Compiled>} */
  #globals = new Map()
  #options

  /** @param {Payload} payload */
  constructor(payload) {
    this.payload = payload
    this.#config = payload.config
    this.#options = optionsOf(payload)
    this.#compiled = this.#compile()
    this.cache = this.#open()
    this.answers = new Answers(this.#options, this.#options.idempotency)
    this.#wrap()
    wrapExtensions(payload, runtimeOf)
    closeWith(payload, this)
  }

  #open() {
    const { limits, maxBytes, memory, name } = this.#options
    return openCache({ name, maxBytes, memory, limits, shapes: /** @type {any} */ (this.shapes) })
  }

  /** Gives the caches up; with a file that marks them as whole. */
  close() {
    this.settled.stop()
    this.cache.close()
    this.answers.close()
  }

  /** Follows a config that was reloaded in development. */
  refresh() {
    if (this.payload.config === this.#config) return
    this.#config = this.payload.config
    const { name } = this.#options
    this.#options = optionsOf(this.payload)
    this.#compiled = this.#compile()
    this.#wrap()
    const cache = this.#open()
    // One name is one cache, which has the new shapes now; who holds the old object can go on with it.
    this.settled.stop()
    if (this.#options.name === name) cache.close()
    else this.cache = cache
  }

  #wrap() {
    const { collections, rest } = this.#options
    const ofRequest = (/** @type {PayloadRequest} */ req) => runtimeOf(req.payload)
    // A change waits for those before it, is told the document's real id, and is written.
    if (rest) wrapReads(this.#config, Object.keys(collections), ofRequest)
    wrapNamed(this.#config, ofRequest)
    wrapEndpoints(this.#config, ofRequest)
  }

  #compile() {
    const { collections, config, db } = this.payload
    assertOneDatabase(db)
    const declared = Object.keys(this.#options.collections ?? {})
    const globals = Object.keys(this.#options.globals ?? {})
    const { config: globalConfigs } = this.payload.globals
    assertReachable(config)
    assertDeclared('collection', declared, Object.keys(collections))
    assertDeclared('global', globals, globalConfigs.map(({ slug }) => slug))
    this.#globals = compileGlobals(
      globalConfigs.filter(({ slug }) => globals.includes(slug)),
      /** @type {any} */ (config.blocks ?? []),
    )
    // Answers belong to users, and change with them.
    const users = Object.values(collections).filter((collection) => collection.config.auth)
    const shown = [...this.#globals.values()].flatMap(reachedFrom)
    const slugs = [...declared, ...shown, ...users.map((collection) => collection.config.slug)]
    const compiled = compileCollections(
      /** @type {any} */ (collections),
      /** @type {any} */ (config.blocks ?? []),
      slugs,
    )
    this.shapes = Object.fromEntries([
      ...[...compiled].flatMap(([slug, { shape }]) => [
        [slug, shape],
        // What drafts show is found in the same places, but they are other documents.
        ...(shape.opaque ? [[draftsOf(slug), draftShape(shape)]] : []),
      ]),
      ...[...this.#globals].map(([slug, { shape }]) => [globalNamed(slug), shape]),
    ])
    return compiled
  }

  /** Who may use which endpoint. */
  get access() {
    return { ...DEFAULT_ACCESS, ...this.#options.access }
  }

  get limits() {
    return this.#options.limits
  }

  /** Milliseconds until a mutation expires that was never settled. */
  get ttl() {
    return this.#options.ttl
  }

  /**
   * Whose answers may be shown to a user.
   * @param {any} user
   * @param {string[]} shown collections whose documents the answer shows
   */
  scopeOf(user, shown) {
    const { scope } = this.#options
    if (scope === undefined || shown.some((slug) => this.isOpaque(slug))) return principalOf(user)
    const shared = scope(user)
    // Like no principal, whatever it is.
    if (typeof shared === 'string' && shared !== '') return `scope ${shared}`
    const message = `optimisticCache: scope must return a text that is not empty, not ${JSON.stringify(shared)}`
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
  }

  newBracket() {
    return new Bracket({
      cache: this.cache,
      ttl: this.ttl,
      referrersOf: (collection) => referrersOf(this.#compiled, collection),
      noteCreated: (principal, token, id) => this.answers.noteCreated(principal, token, id),
    })
  }

  /**
   * The bracket of the operation that a write belongs to, where no database transaction holds the two together.
   * @param {Partial<PayloadRequest> | undefined} req
   * @param {string | number | undefined} transactionID
   * @returns {Bracket | undefined}
   */
  bracketOf(req, transactionID) {
    if (transactionID !== undefined) return this.transactions.get(transactionID)
    const claim = req?.headers && this.claims.get(req.headers)
    return claim && claim.operations > 0 && claim.bracket.open ? claim.bracket : undefined
  }

  /**
   * Whether writes of the collection are bracketed: it is declared, or an answer of a declared one can show it, or its
   * documents are users. Of globals those that are declared.
   * @param {string} collection as tags name it
   * @param {string | number} [id]
   */
  isBracketed(collection, id) {
    const published = publishedOf(collection)
    return published === GLOBALS ? this.#globals.has(String(id)) : this.#compiled.has(published)
  }

  /** @param {string} collection */
  isOpaque(collection) {
    const compiled = this.#compiled.get(collection)
    return compiled === undefined || compiled.shape.opaque === true
  }

  /** @param {string} collection */
  localizedOf(collection) {
    return this.#compiled.get(collection)?.shape.localized ?? []
  }

  /** @param {string} collection */
  groupsOf(collection) {
    return this.#compiled.get(collection)?.shape.groups ?? []
  }

  /**
   * What an answer needs to be kept, besides its query.
   * @param {string} collection
   * @param {number} depth
   * @returns {{ cacheable: boolean, tags: string[], joined: string[] }}
   */
  readRules(collection, depth) {
    return readRules(this.#compiled, this.#compiled.get(collection), depth)
  }

  /**
   * The same for a global.
   * @param {string} slug
   * @param {number} depth
   * @returns {{ cacheable: boolean, tags: string[], joined: string[] }}
   */
  globalRules(slug, depth) {
    return readRules(this.#compiled, this.#globals.get(slug), depth)
  }

  /**
   * Whether answers can be kept that show all that the fields of a collection's documents lead to.
   * @param {string} collection
   */
  keepsAll(collection) {
    const { keep, tags = [], joined = [] } = this.#compiled.get(collection)?.reads ?? {}
    return keep === 'always' && tags.length + joined.length === 0
  }

  /**
   * Are the ids of a collection numbers?
   * @param {string} slug
   */
  hasNumbers(slug) {
    const { customIDType } = this.payload.collections[/** @type {any} */ (slug)]
    return (customIDType ?? this.payload.db.defaultIDType) === 'number'
  }

  /**
   * An id as the database has it: REST has all of them as text.
   * @param {string} collection
   * @param {unknown} id
   * @returns {string | number}
   */
  idOf(collection, id) {
    const published = publishedOf(collection)
    if (published === GLOBALS) return String(id)
    if (!this.hasNumbers(published)) return String(id)
    const number = typeof id === 'string' && id.trim() !== '' ? Number(id) : id
    return typeof number === 'number' && Number.isFinite(number) ? number : String(id)
  }
}

/**
 * The instance's runtime; the first call opens the cache and wraps the database adapter.
 * @param {Payload} payload
 * @returns {Runtime}
 */
export function runtimeOf(payload) {
  assertOneVersion()
  const instance = /** @type {any} */ (payload)
  if (instance[RUNTIME] === undefined) instance[RUNTIME] = new Runtime(payload)
  instance[RUNTIME].refresh()
  wrapAdapter(payload)
  return instance[RUNTIME]
}

/** @param {Payload} payload */
function wrapAdapter(payload) {
  const db = /** @type {any} */ (payload.db)
  if (db[WRAPPED]) return
  db[WRAPPED] = true
  runtimeOf(payload).transactions.wrap(db)
  wrapWrites(db, () => runtimeOf(payload))
}

/**
 * `payload.destroy()` is the end of all that serves an instance.
 * @param {Payload} payload
 * @param {Runtime} runtime
 */
function closeWith(payload, runtime) {
  const { destroy } = payload
  payload.destroy = async () => {
    await destroy()
    runtime.close()
  }
}

/**
 * @param {Payload} payload
 * @returns {Options}
 */
function optionsOf(payload) {
  const options = payload.config.custom?.optimisticCache
  if (options !== undefined) return options
  throw new OptimisticCacheError(
    'ERR_OPTIMISTIC_ARGUMENT',
    'this Payload has no optimistic cache; add optimisticCache({ collections }) to the plugins of its config',
  )
}
