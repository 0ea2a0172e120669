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
import { changes } from '#changes'
import { answersIn, isOlder, mapAnswers, noteVersion, versionOfAnswer } from './answers.js'
import { hasLost, latestOf, olderBeside } from './beside.js'
import { dehydrateBases } from './dehydrate.js'
import { BEFORE_ALL, createEntry, isCovered, missedBy, setBase, sourcesOf } from './entry.js'
import { Former } from './former.js'
import { describeQuery } from './query-key.js'
import { share } from './share.js'
import { compareVersions } from './version.js'

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('./entry.js').Entry} Entry */
/** @typedef {import('./entry.js').Query} Query */
/** @typedef {import('./entry.js').Source} Source */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./version.js').Version} Version */

/**
 * All there is to know of documents: the answers, the newest first, and what they show.
 * @typedef {{ answers: Source[], knows?: import('./overlay/documents.js').Knows }} Known
 */

export class Bases {
  #client
  #engine
  /** @type {Map<Query, Entry>} */
  #entries = new Map()
  #former = new Former()
  /**
   * What the queries have shown, with what lay under it: a cancelled fetch brings an old value back, and the next page
   * of an infinite query comes with the shown ones before it.
   * @type {WeakMap<any, any>}
   */
  #shown = new WeakMap()

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
      const { type, query } = event
      const entry = this.#entries.get(query)
      const what = type === 'updated' ? event.action.type : type
      if (what === 'added' || what === 'observerOptionsUpdated') this.#enter(query)
      if (!entry) return
      if (what === 'fetch') entry.fetchClock = engine.clock
      if (what === 'removed') {
        this.#former.sources.push(...sourcesOf(entry))
        this.#entries.delete(query)
        engine.sweep()
      }
      // What does not come is not waited for.
      if (/removed|error|pause/.test(what) && this.#waiting.length > 0) engine.announce(() => this.rewrite())
    })
    dehydrateBases(client, this.#entries, (entry) => this.#show(entry))
  }

  /** What is kept of each query. @returns {Entry[]} */
  get entries() {
    return [...this.#entries.values()]
  }

  /** Brings every query up to date with the engine's layers. */
  rewrite() {
    const awaited = this.#waiting.flatMap((entry) => olderBeside(entry, latestOf(entry), this.entries))
    if (!awaited.some(({ query }) => query.state.fetchStatus === 'fetching')) {
      for (const entry of this.#waiting) this.#takeWaiting(entry)
    }
    const known = this.#known()
    for (const entry of this.entries) this.#show(entry, known)
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
    if (!entry) return
    const { base, description } = entry
    const [old] = answersIn(latestOf(entry), description)
    const answer = noteVersion(data, version)
    if (old && (isKnown || compareVersions(version, versionOfAnswer(old)) === 0 || isOlder(answer, old))) return
    const { pages = [], pageParams = [1] } = base ?? {}
    this.#rebase(entry, description.isInfinite ? { pages: [answer, ...pages.slice(1)], pageParams } : answer)
    this.#write(entry, { manual: true })
    this.#readIfBehind(entry)
  }

  /**
   * Does some query still have to be shown with this committed layer?
   * @param {Layer} layer
   */
  need(layer) {
    return this.entries.some((entry) => {
      // A fetch under way may bring the document without the change.
      const mayBring = entry.query.state.fetchStatus !== 'idle' && entry.fetchClock < layer.clock
      return !isCovered(entry, layer) && (mayBring || this.holds(entry, layer))
    })
  }

  /**
   * Marks what a settled mutation may have changed as invalid: every query that holds one of its documents, and the
   * lists and counts of their collections. Without operations, everything.
   * @param {Layer} layer
   */
  invalidate(layer) {
    const collections = layer.operations.map((operation) => 'collection' in operation && operation.collection)
    return this.#client.invalidateQueries({
      predicate: (query) => {
        const entry = this.#entries.get(query)
        if (!entry || isCovered(entry, layer)) return false
        const { type, collection } = entry.description
        const isList = (type === 'find' || type === 'count') && collections.includes(collection)
        return collections.length === 0 || isList || this.holds(entry, layer)
      },
    })
  }

  /** @param {Query} query */
  #enter(query) {
    const description = this.#entries.has(query) ? undefined : describeQuery(query)
    if (!description) return
    const entry = createEntry(query, description)
    this.#entries.set(query, entry)

    query.setData = (data, options) => {
      const before = sourcesOf(entry)
      if (options?.manual) this.#takeManually(entry, data)
      else this.#takeAnswer(entry, data)
      let shown
      this.#engine.announce(() => {
        shown = this.#write(entry, options)
        this.#rewriteBeside(entry, before)
      })
      if (!options?.manual) {
        this.#readIfBehind(entry)
        this.#engine.sweep()
      }
      return shown
    }
    query.setState = (state) => {
      if (!('data' in state)) return entry.setState(state)
      const before = sourcesOf(entry)
      const isTaken = this.#takeState(entry, state.data)
      // Not announced: the first data of a query may come while React renders.
      this.#engine.batch(() => {
        entry.setState({ ...state, data: this.#overlaid(entry), ...(!isTaken && { isInvalidated: true }) })
        this.#rewriteBeside(entry, before)
      })
      if (!isTaken) this.#read(entry)
    }
    const fetch = query.fetch.bind(query)
    query.fetch = (options, fetchOptions) => {
      const fetched = fetch(options, fetchOptions)
      // What streams in from the server was read there, nobody knows when.
      if (fetchOptions?.initialPromise) entry.fetchClock = BEFORE_ALL
      return fetched
    }
    this.#show(entry)
  }

  /**
   * @param {Entry} entry
   * @param {any} data of the user's `setQueryData`: what is theirs goes into the base, which stays of its version
   */
  #takeManually(entry, data) {
    this.#takeWaiting(entry)
    // Without the changes there is nothing to take off.
    setBase(entry, changes ? changes.takeOff(entry.base, entry.query.state.data, data) : data, entry.base)
  }

  /**
   * @param {Entry} entry
   * @param {any} data of a fetch
   */
  #takeAnswer(entry, data) {
    const { base, description, fetchClock } = entry
    let isNews = false
    const next = mapAnswers(data, description, (page, pageParam) => {
      const answer = this.#shown.get(page) ?? page
      const kept = description.isInfinite ? base?.pages[base.pageParams.indexOf(pageParam)] : base
      if (kept !== undefined && isOlder(answer, kept)) return kept
      isNews ||= answer !== kept
      return answer
    })
    if (changes && isNews && this.#mustWait(entry, next)) entry.waiting = { answer: next, clock: fetchClock }
    else if (isNews || description.isInfinite) this.#rebase(entry, next, isNews ? fetchClock : entry.clock)
  }

  /**
   * Is it to be shown together with others? Those are read anew then, also where they are being read, since when nobody
   * knows.
   * @param {Entry} entry
   * @param {any} answer
   */
  #mustWait(entry, answer) {
    const older = hasLost(entry, answer, this.entries) ? olderBeside(entry, answer, this.entries) : []
    // Once, or two that wait for each other would be read without end.
    if (!entry.waiting) for (const { query } of older) this.#invalidate(query)
    return older.length > 0
  }

  /** @param {Entry} entry */
  #takeWaiting(entry) {
    const { waiting } = entry
    if (waiting) this.#rebase(entry, waiting.answer, waiting.clock)
  }

  get #waiting() {
    return this.entries.filter(({ waiting }) => waiting)
  }

  /**
   * @param {Entry} entry
   * @param {any} data of a hydration, of a cancelled fetch that goes back, of a reset
   * @returns {boolean} false: TanStack's hydration goes by the clocks of two machines, and what it brings does not say
   *   of which version it is. It does not replace what does; the query is read instead
   */
  #takeState(entry, data) {
    const { base, description } = entry
    const [answer] = answersIn(data, description)
    const [old] = answersIn(base, description)
    if (this.#shown.has(data) || (answer && old && isOlder(answer, old))) return true
    if (answer && versionOfAnswer(old) && !versionOfAnswer(answer)) return share(base, data) === base
    this.#rebase(entry, data)
    return true
  }

  /**
   * An answer whose fetch began before a commit was learned, or a page state from before it, may not have it, and by
   * arriving it has cleared the query's `isInvalidated`, so the query would keep it. A first load cannot be restarted
   * by an invalidation: it is repeated.
   * @param {Entry} entry
   */
  #readIfBehind(entry) {
    const isMissed = (/** @type {Layer} */ layer) =>
      layer.outcome && layer.clock > entry.fetchClock && !isCovered(entry, layer) && this.holds(entry, layer)
    if (this.#engine.layers.some(isMissed)) this.#read(entry)
  }

  /** @param {Entry} entry */
  #read({ query }) {
    queueMicrotask(() => this.#invalidate(query))
  }

  /** @param {Query} query read anew, if somebody looks at it */
  #invalidate({ queryKey }) {
    this.#client.invalidateQueries({ queryKey, exact: true })
  }

  /**
   * What an answer says of documents goes for other queries, too.
   * @param {Entry} entry
   * @param {Source[]} before what it was based on
   */
  #rewriteBeside(entry, before) {
    if (!changes) return
    const { layers, shapes } = this.#engine
    if (layers.length > 0 || this.#waiting.length > 0) return this.rewrite()
    const { showsAny, shownIn } = changes
    const touched = shownIn([...before, ...sourcesOf(entry)], shapes)
    const known = this.#known()
    for (const other of this.entries) {
      if (other !== entry && showsAny(sourcesOf(other), touched, shapes)) this.#show(other, known)
    }
  }

  /**
   * Shows an entry as it should be now.
   * @param {Entry} entry
   * @param {Known} known
   */
  #show(entry, known = this.#known()) {
    const data = this.#overlaid(entry, known)
    if (data !== entry.query.state.data) entry.setState({ data })
  }

  /**
   * @param {Entry} entry
   * @param {any} options of `setData`
   */
  #write(entry, options) {
    const shown = entry.setData(this.#overlaid(entry), options)
    this.#note(entry, shown)
    return shown
  }

  /**
   * @param {Entry} entry
   * @param {Known} known
   */
  #overlaid(entry, known = this.#known()) {
    const { query, description, base, clock } = entry
    const { layers, shapes } = this.#engine
    const laid = mapAnswers(base, description, (answer, page) => {
      const operations = missedBy({ answer, clock }, layers)
      const isBehind = known.answers.some((source) => isOlder(answer, source.answer))
      if (!changes || !known.knows || (operations.length === 0 && !isBehind)) return answer
      const version = versionOfAnswer(answer)
      const all = known.knows
      /** @type {import('./overlay/documents.js').Knows} */
      const knows = (collection, id) =>
        all(collection, id).map((copy) => ({ ...copy, age: compareVersions(versionOfAnswer(copy.answer), version) }))
      const { layOver, withoutMoved } = changes
      const laid = operations.length ? layOver(answer, description, operations, shapes, page, knows) : answer
      return isBehind ? withoutMoved(laid, answer, description, operations, shapes, knows) : laid
    })
    const shown = share(query.state.data, laid)
    this.#note(entry, shown)
    return shown
  }

  /** @returns {Known} */
  #known() {
    const { layers, shapes } = this.#engine
    const answers = this.entries.flatMap(sourcesOf).concat(this.#former.sources)
    // By version, not by time: a slow answer arrives late and is old.
    answers.sort(({ answer: one }, { answer: other }) => Number(isOlder(one, other)) - Number(isOlder(other, one)))
    const sources = answers.map((source) => ({
      ...source,
      missed: (/** @type {any} */ last) =>
        missedBy(source, layers.slice(0, layers.findIndex(({ operations }) => operations.includes(last)) + 1)),
    }))
    return { answers, knows: changes?.knownIn(sources, shapes) }
  }

  /**
   * Forgets former answers that no layer needs.
   * @param {Layer[]} layers
   */
  sweep(layers) {
    this.#former.sweep(layers, this.entries.flatMap(sourcesOf), this.#engine.shapes)
  }

  /**
   * Does some former answer show, from before this commit, what that changed?
   * @param {Layer} layer
   */
  hasFormer(layer) {
    return this.#former.know(layer, this.#engine.shapes)
  }

  /**
   * @param {Entry} entry
   * @param {any} data
   * @param {number} [clock]
   */
  #rebase(entry, data, clock = BEFORE_ALL) {
    this.#former.sources.push(...sourcesOf(entry))
    setBase(entry, data, data)
    Object.assign(entry, { clock, waiting: undefined })
    this.sweep(this.#engine.layers)
  }

  /**
   * @param {Entry} entry
   * @param {Layer} layer
   */
  holds({ description, base }, { operations }) {
    const { shapes } = this.#engine
    return answersIn(base, description).some((answer) => changes?.holds(answer, description, operations, shapes))
  }

  /**
   * @param {Entry} entry
   * @param {any} shown
   */
  #note({ base, description }, shown) {
    if (Object(shown) === shown) this.#shown.set(shown, base)
    const answers = answersIn(base, description)
    for (const [at, answer] of answersIn(shown, description).entries()) {
      if (Object(answer) === answer) this.#shown.set(answer, answers[at])
    }
  }
}
