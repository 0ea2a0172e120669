/**
 * Keeps, beside a QueryClient, what the server said for each collection query (its *base*), and makes the query's data
 * base and overlay at every moment.
 *
 * Whatever comes into a query comes through its `setData` (a fetch, `setQueryData`) or its `setState` (hydration, a
 * cancelled fetch that reverts, devtools, reset). Both are wrapped on the query itself, so that the overlay is laid on
 * before anybody is told. Correcting the data afterwards, from the cache's events, would show every observer the old
 * value between. The overlay itself is written with the plain `setState`: a write of ours leaves `dataUpdatedAt`,
 * `isInvalidated`, and the error as they are.
 */
import { versionOfAnswer } from './answers.js'
import { holdsDocumentOf, overlay } from './overlay.js'
import { describe } from './query-key.js'
import { isObject, share, takeOff } from './share.js'
import { compareVersions } from './version.js'

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('@tanstack/react-query').Query<any, any, any, any>} Query */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./version.js').Version} Version */

/**
 * @typedef {object} Entry
 * @property {Query} query
 * @property {import('./query-key.js').QueryDescription} description
 * @property {any} base
 * @property {Version} [version] of the base, when the server told
 * @property {number} clock of the engine when the fetch began that brought the base
 * @property {number} fetchClock of the engine when the latest fetch began
 * @property {Query['setData']} setData the query's own
 * @property {Query['setState']} setState the query's own
 */

/** The clock of a base that came from no fetch: older than every commit. */
const BEFORE_ALL = -1

export class Bases {
  #client
  #engine
  /** @type {Map<Query, Entry>} */
  #entries = new Map()
  /** What the queries have shown: a cancelled fetch brings an old one back. @type {WeakSet<any>} */
  #shown = new WeakSet()

  /**
   * @param {QueryClient} client
   * @param {import('./engine.js').Engine} engine
   */
  constructor(client, engine) {
    this.#client = client
    this.#engine = engine
    const cache = client.getQueryCache()
    cache.getAll().forEach((query) => this.#enter(query))
    cache.subscribe((event) => {
      if (event.type === 'added') this.#enter(event.query)
      else if (event.type === 'removed') this.#entries.delete(event.query)
      else if (event.type === 'updated' && event.action.type === 'fetch') {
        const entry = this.#entries.get(event.query)
        if (entry) entry.fetchClock = engine.clock
      }
    })
    this.#dehydrateBases()
  }

  /** Brings every query up to date with the engine's layers. */
  rewrite() {
    for (const entry of this.#entries.values()) this.#show(entry)
  }

  /**
   * Takes in what a page was rendered from, unless the query has something at least as new. Clocks are not asked.
   * @param {readonly unknown[]} queryKey
   * @param {any} data
   * @param {Version} version
   * @param {boolean} isKnown was it taken in before? Then it serves only a query that has nothing any more
   */
  hydrate(queryKey, data, version, isKnown) {
    const options = this.#client.defaultQueryOptions({ queryKey })
    const query = this.#client.getQueryCache().build(this.#client, /** @type {any} */ (options))
    const entry = this.#entries.get(query)
    if (!entry || (isKnown && entry.base !== undefined) || (compareVersions(version, entry.version) ?? 1) <= 0) return
    rebase(entry, data, version)
    this.#note(entry.setData(this.#overlaid(entry), { manual: true }))
  }

  /**
   * Does some query still have to be shown with this committed layer?
   * @param {Layer} layer
   */
  need(layer) {
    return [...this.#entries.values()].some((entry) => {
      // A fetch under way may bring the document without the change.
      const mayBring = entry.query.state.fetchStatus !== 'idle' && entry.fetchClock < layer.clock
      return !covers(entry, layer) && (mayBring || this.#holds(entry, layer))
    })
  }

  /**
   * Marks what a settled mutation may have changed as invalid: every query that holds one of its documents, and the
   * lists and counts of their collections. Without operations, everything.
   * @param {Layer} layer
   * @param {'active' | 'none'} refetchType
   */
  invalidate(layer, refetchType) {
    const collections = layer.operations.map((operation) => 'collection' in operation && operation.collection)
    return this.#client.invalidateQueries({
      refetchType,
      predicate: (query) => {
        const entry = this.#entries.get(query)
        if (!entry || covers(entry, layer)) return false
        const { type, collection } = entry.description
        const isList = type !== 'findByID' && collections.includes(collection)
        return collections.length === 0 || isList || this.#holds(entry, layer)
      },
    })
  }

  /** @param {Query} query */
  #enter(query) {
    const description = describe(query.queryKey)
    if (!description) return
    /** @type {Entry} */
    const entry = {
      query,
      description,
      base: query.state.data,
      version: versionOfAnswer(query.state.data),
      clock: BEFORE_ALL,
      fetchClock: BEFORE_ALL,
      setData: query.setData.bind(query),
      setState: query.setState.bind(query),
    }
    this.#entries.set(query, entry)

    query.setData = (data, options) => {
      if (options?.manual) this.#takeManual(entry, data)
      else this.#takeAnswer(entry, data)
      const shown = this.#note(entry.setData(this.#overlaid(entry), options))
      if (!options?.manual) this.#afterAnswer(entry)
      return shown
    }
    query.setState = (state) => {
      if (!('data' in state)) return entry.setState(state)
      if (!this.#shown.has(state.data)) rebase(entry, state.data, versionOfAnswer(state.data))
      entry.setState({ ...state, data: this.#note(this.#overlaid(entry)) })
    }
    this.#show(entry)
  }

  /**
   * @param {Entry} entry
   * @param {any} data
   */
  #takeManual(entry, data) {
    entry.base = share(entry.base, takeOff(entry.base, entry.query.state.data, data))
  }

  /**
   * @param {Entry} entry
   * @param {any} data of a fetch
   */
  #takeAnswer(entry, data) {
    const version = versionOfAnswer(data)
    if ((compareVersions(version, entry.version) ?? 0) < 0) return
    rebase(entry, data, version, entry.fetchClock)
  }

  /**
   * An answer whose fetch began before a commit was learned may not have it, and by arriving it has cleared the query's
   * `isInvalidated`, so the query would keep it. A first load cannot be restarted by an invalidation: it is repeated.
   * @param {Entry} entry
   */
  #afterAnswer(entry) {
    const misses = this.#engine.layers.some(
      (layer) => layer.outcome && layer.clock > entry.fetchClock && !covers(entry, layer) && this.#holds(entry, layer)
    )
    if (misses) {
      const { queryKey } = entry.query
      queueMicrotask(() => this.#client.invalidateQueries({ queryKey, exact: true }))
    }
    this.#engine.sweep()
  }

  /**
   * Shows an entry as it should be now.
   * @param {Entry} entry
   */
  #show(entry) {
    const data = this.#note(this.#overlaid(entry))
    if (data !== entry.query.state.data) entry.setState({ data })
  }

  /** @param {Entry} entry */
  #overlaid(entry) {
    if (entry.base === undefined) return undefined
    const operations = this.#engine.layers.flatMap((layer) => (covers(entry, layer) ? [] : layer.operations))
    const { query, description, base } = entry
    return share(query.state.data, overlay(base, description, operations, this.#engine.shapes))
  }

  /**
   * @param {Entry} entry
   * @param {Layer} layer
   */
  #holds({ description, base }, { operations }) {
    return holdsDocumentOf(base, description, operations, this.#engine.shapes)
  }

  /**
   * @param {any} shown
   * @returns {any} itself
   */
  #note(shown) {
    if (isObject(shown)) this.#shown.add(shown)
    return shown
  }

  /**
   * What leaves the client through TanStack's `dehydrate()` (and persisters, which use it) is shared with others, or
   * outlives the mutation: it gets the base.
   */
  #dehydrateBases() {
    const defaults = this.#client.getDefaultOptions()
    const serialize = defaults.dehydrate?.serializeData ?? ((/** @type {any} */ data) => data)
    /** @type {(data: any) => any} */
    const serializeData = (data) => {
      const entry = [...this.#entries.values()].find(({ query }) => query.state.data === data)
      return serialize(entry ? entry.base : data)
    }
    this.#client.setDefaultOptions({ ...defaults, dehydrate: { ...defaults.dehydrate, serializeData } })
  }
}

/**
 * Does the entry's base have what the layer committed? By version where both are of one generation; else the fetch must
 * have begun after the commit was learned.
 * @param {Entry} entry
 * @param {Layer} layer
 */
function covers(entry, { outcome, clock }) {
  if (!outcome) return false
  const order = compareVersions(entry.version, outcome.version)
  return order === undefined ? entry.clock >= clock : order >= 0
}

/**
 * @param {Entry} entry
 * @param {any} data
 * @param {Version | undefined} version
 * @param {number} [clock]
 */
function rebase(entry, data, version, clock = BEFORE_ALL) {
  Object.assign(entry, { base: share(entry.base, data), version, clock })
}
