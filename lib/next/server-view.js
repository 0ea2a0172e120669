import { OptimisticCacheError } from '../errors.js'
import { namedID, shapesOf } from '../payload/cacheOf.js'
import { globalNamed, shapeNameOf } from '../payload/targets.js'
import { describe } from '../query/query-key.js'
import { globalQuestionOf, keyOfDerived, questionOf, relatedCollections, rightsOf } from './question.js'

/** @typedef {import('./question.js').ReadType} ReadType */
/** @typedef {import('./question.js').ReadArgs} ReadArgs */
/** @typedef {import('./types.js').CollectionSlug} CollectionSlug */
/** @typedef {import('./types.js').GlobalSlug} GlobalSlug */
/** @typedef {import('./question.js').Question} Question */
/** @typedef {import('../cache/types.js').Operation} Operation */

/**
 * What a page hands to the browser, as plain JSON: the answers without what is in flight, and what is in flight.
 * @typedef {object} PageState
 * @property {string} api where Payload's REST API is
 * @property {string} generation
 * @property {number} version that the page shows
 * @property {string} principal
 * @property {string[]} unknown tokens of the browser whose changes the page does not show
 * @property {string[]} settled tokens of the browser that had settled before: it may not have heard of it
 * @property {{ token: string, operations: Operation[] }[]} pending
 * @property {Record<string, object>} shapes of the collections that `queries` and `pending` are about
 * @property {{ queryKey: readonly unknown[], data: unknown, version: number }[]} queries
 */

/**
 * Reads as one user sees the database, that user's own changes in flight included. Reads answer as Payload's functions
 * of the same names, with these differences:
 *
 * - `overrideAccess` is false unless given: what a page shows is what its user may see;
 * - answers are deep-frozen, because all who read the same share them: copy what you want to change;
 * - what the cache cannot keep right is read from the database, and without the overlay: what is not declared,
 *   `joins`, all locales at once, and reads with a `req` or a `user` of their own, or in a transaction.
 */
export class ServerView {
  #cache
  #view
  #tokens
  /** @type {Promise<string> | undefined} */
  #rights

  /**
   * Use `openView()`.
   * @param {object} parts
   * @param {import('payload').BasePayload} parts.payload
   * @param {any} parts.user
   * @param {import('../index.js').Cache} parts.cache
   * @param {import('../index.js').View} parts.view
   * @param {string[]} [parts.tokens] that the view was opened with
   */
  constructor({ payload, user, cache, view, tokens = [] }) {
    /** The Payload instance. */
    this.payload = payload
    /** Who is logged in; null for nobody. */
    this.user = user
    this.#cache = cache
    this.#view = view
    this.#tokens = tokens
  }

  /** Whose changes in flight are shown: `users:7`, or `anonymous`. */
  get principal() {
    return this.#view.principal
  }

  /** The version that the page shows. */
  get version() {
    return this.#view.version
  }

  /** The user's changes in flight, in the order in which the user made them. */
  get pending() {
    return this.#view.pending
  }

  /** Tokens that the browser presented and that nobody knows, or that are another user's. */
  get unknown() {
    return this.#view.unknown
  }

  /** Did some read answer a newer state than `version`, because that one is gone? */
  get torn() {
    return this.#view.torn
  }

  /**
   * As `payload.find`.
   * @template {CollectionSlug} TSlug
   * @template {import('payload').TypedCollectionSelect[TSlug]} TSelect
   * @param {import('./types.js').FindArgs<TSlug, TSelect>} args
   * @returns {Promise<import('payload').PaginatedDocs<import('./types.js').DocumentOf<TSlug, TSelect>>>}
   */
  async find(args) {
    return (await this.#read('find', args)).data
  }

  /**
   * As `payload.findByID`.
   * @template {CollectionSlug} TSlug
   * @template {import('payload').TypedCollectionSelect[TSlug]} TSelect
   * @param {import('./types.js').FindByIDArgs<TSlug, TSelect>} args
   * @returns {Promise<import('./types.js').DocumentOf<TSlug, TSelect>>} null with `disableErrors`, when there is none
   */
  async findByID(args) {
    return (await this.#read('findByID', args)).data
  }

  /**
   * As `payload.count`.
   * @template {CollectionSlug} TSlug
   * @param {import('./types.js').CountArgs<TSlug>} args
   * @returns {Promise<{ totalDocs: number }>}
   */
  async count(args) {
    return (await this.#read('count', args)).data
  }

  /**
   * As `payload.findGlobal`.
   * @template {GlobalSlug} TSlug
   * @template {import('payload').TypedGlobalSelect[TSlug]} TSelect
   * @param {import('./types.js').FindGlobalArgs<TSlug, TSelect>} args
   * @returns {Promise<import('./types.js').GlobalOf<TSlug, TSelect>>}
   */
  async findGlobal(args) {
    return (await this.#readGlobal(args)).data
  }

  /**
   * What is computed from what this view reads, as `cached` of the cache's own views: computed once, and again when
   * something changed that it was computed from. Each user has results of their own, as each has answers, and so it is
   * when access control changes its mind. What the cache cannot keep right, read inside, makes the result one that is
   * not kept.
   * @template T
   * @param {string} key
   * @param {import('../cache/derived.js').DerivedOptions} options `tags`: what it depends on besides; `ttl`:
   *   milliseconds until it expires, never unless given
   * @param {() => T} compute reads through this view; may return a promise. What it throws is thrown, and not kept
   * @returns {Promise<Awaited<T>>} deep-frozen; what JSON makes of the computed value
   * @throws {OptimisticCacheError} `_CLOSED`, and `_ARGUMENT` for one that is computed from itself
   */
  async cached(key, options, compute) {
    this.#rights ??= rightsOf(this.payload, this.user, this.principal)
    return this.#view.cached(keyOfDerived(await this.#rights, key), options, compute)
  }

  /**
   * Says inside of a `compute` of `cached` that it depends on something that the cache does not know of: its result is
   * not kept, and neither are those that are computed from it. Does nothing elsewhere.
   */
  noStore() {
    this.#view.noStore()
  }

  /**
   * The page state for `<OptimisticBoundary state>`: answers to the queries that the page's client components begin
   * with, and the changes that the browser is to go on watching. Without queries, a page of server components only: it
   * is then rendered anew when its changes are settled.
   * @param {{ queryKey: readonly unknown[] }[]} [queries] made by `collection()`
   * @returns {Promise<PageState>}
   * @throws {OptimisticCacheError} `_ARGUMENT` for a query that is another's
   */
  async dehydrate(queries = []) {
    const answered = await Promise.all(queries.map((query) => this.#dehydrated(query)))
    const { pending, unknown } = this
    const isOpen = new Set([...pending.map(({ token }) => token), ...unknown])
    const collections = new Set([
      ...answered.flatMap(({ shown }) => shown),
      ...pending
        .flatMap(({ operations }) => operations)
        .flatMap((one) => ('collection' in one ? [shapeNameOf(one)] : [])),
    ])
    const shapes = shapesOf(this.payload)
    for (const slug of collections) joinedIn(shapes[slug]).forEach((joined) => collections.add(joined))
    return {
      api: this.payload.config.routes.api,
      generation: this.#cache.generation,
      version: this.version,
      principal: this.principal,
      unknown,
      settled: this.#tokens.filter((token) => !isOpen.has(token)),
      pending,
      shapes: Object.fromEntries([...collections].flatMap((slug) => (shapes[slug] ? [[slug, shapes[slug]]] : []))),
      queries: answered.map(({ queryKey, data, version }) => ({ queryKey, data, version })),
    }
  }

  /** Idempotent. `openView` does it when the response is done. */
  close() {
    this.#view.close()
  }

  /** @param {{ queryKey: readonly unknown[] }} query */
  async #dehydrated({ queryKey }) {
    const description = describe(queryKey)
    if (description === undefined) {
      const message = `dehydrate takes queries made by collection(), not one with the key ${JSON.stringify(queryKey)}`
      throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
    }
    const { collection, type, args } = description
    const isGlobal = type === 'findGlobal'
    const { data, version } = isGlobal
      ? await this.#readGlobal(args, { base: true })
      : await this.#read(type, { ...args, collection }, { base: true })
    const depth = Number(args.depth ?? this.payload.config.defaultDepth)
    const name = isGlobal ? globalNamed(String(args.slug)) : collection
    return { queryKey, data, version, shown: [name, ...relatedCollections(this.payload, name, depth)] }
  }

  /**
   * @param {ReadType} type
   * @param {ReadArgs} given
   * @param {{ base?: boolean }} [options]
   */
  #read(type, given, options) {
    if (type === 'findByID') given = { ...given, id: namedID(this.payload, this.principal, given.id) }
    const ask = (/** @type {any} */ args) => questionOf(this.payload, this.user, this.principal, type, args)
    return this.#answer(type, given, ask, options)
  }

  /**
   * @param {Record<string, any>} given
   * @param {{ base?: boolean }} [options]
   */
  #readGlobal(given, options) {
    const ask = (/** @type {any} */ args) => globalQuestionOf(this.payload, this.user, this.principal, args)
    return this.#answer('findGlobal', given, ask, options)
  }

  /**
   * @param {ReadType | 'findGlobal'} type
   * @param {Record<string, any>} given
   * @param {(args: any) => Promise<Question | undefined>} ask
   * @param {{ base?: boolean }} [options]
   * @returns {Promise<{ data: any, version: number }>}
   */
  async #answer(type, given, ask, options) {
    const { payload, user } = this
    const read = /** @type {any} */ (payload)[type].bind(payload)
    const own = given.req !== undefined || given.user !== undefined
    // What is asked for is what is in the key: JSON. Payload writes into its arguments, so each call gets its own.
    const text = own ? undefined : JSON.stringify(given)
    const load = () => read({ overrideAccess: false, user, ...(text ? JSON.parse(text) : given) })
    const question = text ? await ask(JSON.parse(text)) : undefined
    if (question === undefined) {
      this.noStore()
      const { version } = this.#cache
      return { data: await load(), version }
    }
    const { key, tags, query } = question
    const entry = await this.#cache.fetchEntry(key, { tags, query }, load, this.#view, options)
    return { data: entry.value, version: entry.version }
  }
}

/**
 * The collections of which joins show documents, or ids.
 * @param {import('../cache/types.js').Shape | undefined} shape
 */
const joinedIn = (shape) => Object.values(shape?.joins ?? {}).flatMap(({ collection }) => collection)
