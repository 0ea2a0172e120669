/**
 * Results derived from entries: a total over a list, a rendered page. `view.cached()` runs a function, notes what it
 * reads through the cache meanwhile, and keeps what it returns as an entry with the tags of all that it read. So what
 * drops those drops it: a derived result is never replayed onto.
 *
 *     view.cached('report') ──► compute() ──► view … get, fetch, cached       each notes its tags
 *                                   │
 *                                   ▼
 *             { value, tags, tokens }      under  cached [] report                           nothing in flight is in it
 *                                          or     cached ["users:7","0190…"] report          that token's is
 *
 * A mutation in flight is in a result when it touches one of the result's tags. Such a result lies under a key of its
 * own, which only a view makes that has the mutation's principal and presents its token; and because it was set inside
 * the mutation's bracket, on the mutation's tags, the core drops it whichever way that ends. The tags of a result are
 * known only after it was computed, so a view with something in flight asks the result without (whose tags tell which
 * mutations would be in it), or else a hint that was left there.
 *
 * Asynchronous context says which reads are whose. While nothing is computed, it is not asked.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { OptimisticCacheError } from '../errors.js'
import { frozenFromJSON, toJSON } from './json.js'

/** @typedef {import('./types.js').EntryOptions} EntryOptions */
/** @typedef {import('./types.js').EntryInfo} EntryInfo */
/** @typedef {import('./types.js').Operation} Operation */
/** @typedef {import('./types.js').Reading} Reading */
/** @typedef {import('./view.js').View} View */
/** @typedef {{ tags?: string[], ttl?: number }} DerivedOptions */

/**
 * @typedef {object} Kept
 * @property {any} value
 * @property {string[]} tags that it depends on
 * @property {string[]} tokens of the mutations in flight that it shows
 * @property {number} expiresAt milliseconds of the epoch; 0 for never
 */

/**
 * What the results need of their cache. Nothing that goes through here is noted as read.
 * @typedef {object} Store
 * @property {() => string} generation
 * @property {(key: string, view: View) => Reading | undefined} read without overlay
 * @property {(key: string, text: string, options: EntryOptions) => boolean} set false also when it cannot be kept
 * @property {(key: string) => EntryInfo | undefined} entry
 * @property {(key: string, view: View | undefined, known: number) => number | undefined} stampOf the state of the entry
 *   that the view reads without overlay; `known` is what it probably is
 */

/** What one computation has read. */
export class Dependencies {
  tags = new Set(/** @type {string[]} */ ([]))
  /** Milliseconds of the epoch at which the first of it expires. */
  expiresAt = Infinity
  /** Was something read of which nobody says when it changes? Then the result is not kept. */
  isUntracked = false
  /** Keys that were looked for in vain; what the computation takes instead is known when it stores that there. */
  missed = new Set(/** @type {string[]} */ ([]))

  /**
   * @param {View} view that it reads through
   * @param {string} id
   * @param {Dependencies} [outer] of the computation that it is part of
   */
  constructor(view, id, outer) {
    this.view = view
    this.id = id
    this.outer = outer
  }

  /** @param {Iterable<string>} tags @param {number} expiresAt 0 for never */
  add(tags, expiresAt) {
    for (const tag of tags) this.tags.add(tag)
    if (expiresAt > 0) this.expiresAt = Math.min(this.expiresAt, expiresAt)
  }

  /** @param {Dependencies} inner */
  include({ tags, expiresAt, isUntracked, missed }) {
    this.add(tags, Number.isFinite(expiresAt) ? expiresAt : 0)
    this.isUntracked ||= isUntracked || missed.size > 0
  }

  /** @param {string} id @returns {boolean} is that being computed, and this a part of it? */
  isPartOf(id) {
    return this.id === id || Boolean(this.outer?.isPartOf(id))
  }
}

/** @type {AsyncLocalStorage<Dependencies>} */
const computations = new AsyncLocalStorage()
/** Computations under way in this thread. */
let underWay = 0

/** Is anything computed in this thread, so that a read may be part of it? */
export const isComputing = () => underWay > 0

/** @returns {Dependencies | undefined} of the computation that the caller is part of */
export const currentDependencies = () => (underWay > 0 ? computations.getStore() : undefined)

/**
 * `tokens` and `name`: of mutations with what they do, which may become something else while they are pending.
 * @typedef {{ tokens: string, mutations: { token: string, name: string, tags: string[] }[] }} Sight
 */
/** @typedef {{ version: number, result: Promise<{ value: any, dependencies: Dependencies }> }} Computation */

export class Derived {
  #store
  /** What each view has in flight, which stands for the view's life. @type {WeakMap<View, Sight>} */
  #sights = new WeakMap()
  /** @type {Map<string, Computation>} */
  #computations = new Map()

  /** @param {Store} store */
  constructor(store) {
    this.#store = store
  }

  /**
   * @param {View} view
   * @param {boolean} mayOverlay has it mutations in flight?
   * @param {string} key
   * @param {DerivedOptions} options
   * @param {() => unknown} compute
   * @returns {Promise<any>}
   */
  async cached(view, mayOverlay, key, options, compute) {
    if (typeof compute !== 'function') {
      throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'compute must be a function that returns the value')
    }
    const outer = currentDependencies()
    const sight = this.#sightOf(view, mayOverlay)
    const kept = this.#find(view, sight, key)
    if (kept) {
      outer?.add(kept.tags, kept.expiresAt)
      if (outer && outer.view !== view && kept.tokens.length > 0) outer.isUntracked = true
      return kept.value
    }
    try {
      const { value, dependencies } = await this.#join(view, sight, key, options, compute, outer)
      outer?.include(dependencies)
      return value
    } catch (error) {
      // One who catches it goes by what was read until then.
      if (outer) outer.isUntracked = true
      throw error
    }
  }

  /**
   * Notes what a read found, for the computation that it is part of.
   * @param {string} key
   * @param {View | null | undefined} view
   * @param {{ stamp?: number, overlaid?: boolean } | undefined} found `stamp`: of the state that was read, when that is
   *   known
   */
  noteRead(key, view, found) {
    const dependencies = currentDependencies()
    if (!dependencies) return
    if (found === undefined) {
      dependencies.missed.add(key)
      return
    }
    const entry = this.#store.entry(key)
    const stamp = found.stamp ?? (entry && this.#store.stampOf(key, view ?? undefined, Number(entry.stamp)))
    // Else what is there by now has other tags, perhaps.
    if (entry && Number(entry.stamp) === stamp) dependencies.add(entry.tags, entry.expiresAt)
    else dependencies.isUntracked = true
    if (found.overlaid && view !== dependencies.view) dependencies.isUntracked = true
  }

  /**
   * Notes what a computation loaded, or stored, and goes by.
   * @param {string} key
   * @param {EntryOptions} options
   */
  noteStored(key, { tags = [] } = {}) {
    const dependencies = currentDependencies()
    if (!dependencies) return
    const entry = this.#store.entry(key)
    if (entry) dependencies.add([...tags, ...entry.tags], entry.expiresAt)
    else dependencies.isUntracked = true
    dependencies.missed.delete(key)
  }

  /**
   * Callers in this thread who see the same share one computation, as long as no version passed since it began.
   * @param {View} view
   * @param {Sight} sight
   * @param {string} key
   * @param {DerivedOptions} options
   * @param {() => unknown} compute
   * @param {Dependencies} [outer]
   */
  #join(view, sight, key, options, compute, outer) {
    const id = JSON.stringify([this.#store.generation(), key, sight.tokens && view.principal, sight.tokens])
    if (outer?.isPartOf(id)) {
      const message = `the result ${JSON.stringify(key)} is computed from itself; give the inner one another key`
      throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
    }
    const known = this.#computations.get(id)
    if (known?.version === view.version) return known.result

    const dependencies = new Dependencies(view, id, outer)
    const computation = {
      version: view.version,
      result: this.#compute(dependencies, sight, key, options, compute).finally(() => {
        if (this.#computations.get(id) === computation) this.#computations.delete(id)
      }),
    }
    this.#computations.set(id, computation)
    return computation.result
  }

  /**
   * @param {Dependencies} dependencies
   * @param {Sight} sight
   * @param {string} key
   * @param {DerivedOptions} options
   * @param {() => unknown} compute
   */
  async #compute(dependencies, sight, key, options, compute) {
    let text
    underWay++
    try {
      text = toJSON(await computations.run(dependencies, async () => compute()), 'what compute() returned')
    } finally {
      underWay--
    }
    this.#keep(dependencies, sight, key, text, options)
    return { value: frozenFromJSON(text), dependencies }
  }

  /**
   * The view's version is from before anything was read, so a result that was overtaken by an operation is refused.
   * @param {Dependencies} dependencies
   * @param {Sight} sight
   * @param {string} key
   * @param {string} text
   * @param {DerivedOptions} options
   */
  #keep(dependencies, sight, key, text, { tags: given = [], ttl }) {
    dependencies.add(given, ttl === undefined ? 0 : Date.now() + ttl)
    const { view, tags, expiresAt, isUntracked, missed } = dependencies
    const left = expiresAt - Date.now()
    // What depends on nothing that is known would stay for ever.
    const isGroundless = tags.size === 0 && expiresAt === Infinity
    if (isUntracked || missed.size > 0 || isGroundless || left <= 0) return
    const shown = shownBy(sight, tags)
    const about = JSON.stringify([...tags])
    const until = Number.isFinite(expiresAt) ? Math.ceil(expiresAt) : 0
    const record = `{"value":${text},"tags":${about},"tokens":${JSON.stringify(shown)},"expiresAt":${until}}`
    this.#store.set(keyOf(view, namesOf(sight, shown), key), record, {
      tags: [...tags, ...shown.map((token) => `mutation:${token}`)],
      since: view.version,
      ...(until > 0 && { ttl: left }),
    })
    if (shown.length > 0) this.#store.set(hintKeyOf(key), about, {})
  }

  /**
   * @param {View} view
   * @param {Sight} sight
   * @param {string} key
   * @returns {Kept | undefined}
   */
  #find(view, sight, key) {
    /** @type {Kept | undefined} */
    const plain = this.#store.read(keyOf(view, [], key), view)?.value
    if (sight.mutations.length === 0) return plain
    const hint = plain?.tags ?? this.#store.read(hintKeyOf(key), view)?.value
    const shown = hint ? shownBy(sight, new Set(hint)) : []
    if (shown.length === 0) return plain
    /** @type {Kept | undefined} */
    const own = this.#store.read(keyOf(view, namesOf(sight, shown), key), view)?.value
    // With the changes in it, it may have read other things, which other mutations touch.
    return own && String(shownBy(sight, new Set(own.tags))) === String(own.tokens) ? own : undefined
  }

  /**
   * @param {View} view
   * @param {boolean} mayOverlay
   * @returns {Sight}
   */
  #sightOf(view, mayOverlay) {
    let sight = this.#sights.get(view)
    if (!sight) {
      const mutations = mayOverlay
        ? view.pending.map(({ token, operations }) => {
            return { token, name: nameOf(token, operations), tags: operations.flatMap(tagsOf) }
          })
        : []
      sight = { mutations, tokens: mutations.map(({ name }) => name).join() }
      this.#sights.set(view, sight)
    }
    return sight
  }
}

/**
 * @param {Sight} sight
 * @param {Set<string>} tags
 * @returns {string[]} the tokens of the mutations in flight that touch them
 */
const shownBy = ({ mutations }, tags) =>
  mutations.filter((mutation) => mutation.tags.some((tag) => tags.has(tag))).map(({ token }) => token)

/** @param {Operation} operation @returns {string[]} */
function tagsOf(operation) {
  if (operation.type === 'invalidate') return operation.tags
  const { collection, id } = operation
  return id === undefined ? [collection] : [collection, `${collection}:${id}`]
}

/**
 * @param {Sight} sight
 * @param {string[]} tokens
 */
const namesOf = ({ mutations }, tokens) =>
  mutations.filter(({ token }) => tokens.includes(token)).map(({ name }) => name)

/**
 * @param {string} token
 * @param {Operation[]} operations
 */
const nameOf = (token, operations) =>
  `${token}.${createHash('sha1').update(JSON.stringify(operations)).digest('base64url')}`

/**
 * @param {View} view
 * @param {string[]} names of the mutations that it shows
 * @param {string} key
 */
const keyOf = ({ principal }, names, key) =>
  `cached ${JSON.stringify(names.length > 0 ? [principal, ...names] : [])} ${key}`

/** @param {string} key */
const hintKeyOf = (key) => `cached tags ${key}`
