/**
 * The browser's half of the promise: each mutation is a *layer* over all queries of a QueryClient, and what is shown is
 * always base + layers. Nothing is snapshot, so nothing can be restored too much: a mutation that fails takes its own
 * layer away, and everything else stays as the others left it.
 *
 *     mutate ──► pending ──► committed ──► gone, when every query stands on a base that has it
 *                 │  ▲ └───► refused: gone at once
 *                 ▼  │
 *               unknown      the connection was lost: stays until the server says what became of it
 *
 * A layer is laid when TanStack's mutation says that it is pending, before any callback of the user's runs, and settled
 * inside its `mutationFn`. So whatever `onMutate`, `onError`, `onSuccess` and `onSettled` do, or throw, they find the
 * layer where it belongs, and cannot take back what is committed.
 *
 * The engine holds the layers and what they lie over; how a layer comes to be and ends is `lifecycle.js`, which
 * browsers load after the page.
 *
 * One engine serves a QueryClient, for as long as that lives. Without a client (a page of server components only) it
 * watches the mutations that the page was rendered with.
 */
import { preloadChanges, withChanges } from '#changes'
import { Bases } from './bases.js'
import { createLayer, specs } from './layer.js'
import { compareVersions } from './version.js'

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('@tanstack/react-query').MutationFunctionContext} MutationFunctionContext */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */
/** @typedef {import('./layer.js').Operation} Operation */
/** @typedef {import('./layer.js').MutationSpec} MutationSpec */
/** @typedef {import('./lifecycle.js').Lifecycle} Lifecycle */
/** @typedef {import('../cache/types.js').Shapes} Shapes */

/**
 * What the server knew when it rendered a page; `view.dehydrate()` makes it. Plain JSON.
 * @typedef {object} PageState
 * @property {string} [api] where Payload's REST API is; `/api` unless given
 * @property {string} generation
 * @property {number} version
 * @property {string[]} [unknown] tokens that the request presented and the server did not know yet
 * @property {string[]} [settled] tokens that the request presented and that had settled before
 * @property {{ token: string, operations: Operation[] }[]} [pending] that the HTML shows
 * @property {Shapes} [shapes]
 * @property {{ queryKey: readonly unknown[], data: any, version: number }[]} [queries] `data` is the base
 */

/**
 * @typedef {object} PendingMutation
 * @property {string} token
 * @property {Operation[]} operations
 * @property {'pending' | 'unknown'} state `unknown`: the connection was lost after it was sent
 */

/**
 * @typedef {object} SettledMutation
 * @property {string} token
 * @property {Outcome['state']} state
 * @property {Error} [error] also of a committed one whose request failed after the commit
 * @property {Operation[]} operations
 * @property {boolean} adopted begun by the page before a reload, or by another tab
 */

/** How many commits are remembered for pages from before them. */
const MOST_FORGOTTEN = 64

/** @type {WeakMap<QueryClient, Engine>} */
const engines = new WeakMap()

/**
 * @param {QueryClient} client
 * @returns {Engine} the client's, made when it has none
 */
export function engineOf(client) {
  let engine = engines.get(client)
  if (!engine) engines.set(client, (engine = new Engine(client)))
  return engine
}

/**
 * @param {MutationSpec} spec
 * @param {readonly unknown[]} mutationKey
 */
export function mutationOptions(spec, mutationKey) {
  preloadChanges()
  /** @type {<T>({ client }: MutationFunctionContext, run: (lifecycle: Lifecycle) => T) => T | Promise<T>} */
  const run = ({ client }, run) => engineOf(client).withLifecycle(run)
  /** @type {(variables: any, context: MutationFunctionContext) => Promise<any>} */
  const mutationFn = async (variables, context) => run(context, (lifecycle) => lifecycle.send(spec, variables, context))
  specs.set(mutationFn, spec)
  return {
    mutationKey,
    networkMode: /** @type {const} */ ('always'),
    /** @type {(variables: any, context: MutationFunctionContext) => { token: string } | Promise<{ token: string }>} */
    onMutate: (variables, context) =>
      run(context, (lifecycle) => ({ token: lifecycle.claim(spec, variables, context).token })),
    mutationFn,
  }
}

export class Engine {
  /** In token order, which is the order of the user's actions. @type {Layer[]} */
  layers = []
  /** @type {Shapes} */
  shapes = {}
  /**
   * Grows when mutations are begun or taken in, and with each that settles. Orders commits and fetches where the
   * server's versions cannot.
   */
  clock = 0
  /** Runs writes that observers should hear of together: TanStack's `notifyManager.batch`, where there is React. */
  batch = (/** @type {() => void} */ write) => write()
  /** The same, and they hear of it before anything is rendered. Not while React renders. */
  announce = (/** @type {() => void} */ write) => write()
  /** @type {PendingMutation[]} a new array at each change */
  pending = []
  /** Tokens of mutations of which it is known how they ended, as far back as it matters. @type {Set<string>} */
  settled = new Set()
  /**
   * Of `queueOffline()`: `ready` resolves when a queued mutation may be sent, with false when it may not any more;
   * `hold` keeps all of them until the user has logged in again.
   * @type {import('./offline.js').Queue | undefined}
   */
  queue
  /** The clock when the server was last asked for all that a router keeps. */
  refreshed = 0
  /** Is what the page was rendered with watched? */
  isStarted = false

  #client
  /** @type {Lifecycle | undefined} until what changes need is loaded */
  #lifecycle
  /** The last commits that every query had: a router may go back to a page from before. @type {Layer[]} */
  #forgotten = []
  /** A router that goes back to a page gives its old state again. @type {WeakSet<PageState>} */
  #hydrated = new WeakSet()
  /** @type {Set<() => void>} */
  #listeners = new Set()
  /** @type {Set<(settled: SettledMutation) => void>} */
  #settleListeners = new Set()

  /** @param {QueryClient} [client] */
  constructor(client) {
    this.#client = client
    this.bases = client && new Bases(client, this)
    this.#tryLifecycle()
  }

  /**
   * @template T
   * @param {(lifecycle: Lifecycle) => T} run called at once, unless what changes need is still being loaded
   * @returns {T | Promise<T>} rejects with an `OptimisticMutationError` when it cannot be loaded
   */
  withLifecycle(run) {
    return withChanges(({ Lifecycle }) => {
      const isNew = !this.#lifecycle
      const lifecycle = (this.#lifecycle ??= new Lifecycle(this, this.#client))
      if (isNew && this.isStarted) lifecycle.start()
      // What the page was rendered with lies over nothing yet.
      if (isNew) this.changed()
      return run(lifecycle)
    })
  }

  /**
   * Takes in what a page was rendered with. Idempotent; tells nobody but the queries' observers, so that it can run
   * while React renders: call `start()` afterwards.
   * @param {PageState} state
   */
  hydrate(state) {
    const { api = '/api', generation, version, pending = [], unknown = [], settled = [], shapes, queries = [] } = state
    const isKnown = this.#hydrated.has(state)
    this.#hydrated.add(state)
    this.shapes = { ...this.shapes, ...shapes }
    const isNew = (/** @type {{ token: string }} */ { token }) =>
      !this.settled.has(token) && !this.layers.some((layer) => layer.token === token)
    // Of what settled while there was no page to hear it, the user is told, too.
    const bare = [...unknown, ...settled].map((token) => ({ token, operations: [] }))
    const presented = [...pending, ...bare].filter(isNew)
    const layers = presented.map((mutation) => createLayer({ ...mutation, api, adopted: true }))
    this.add([...layers, ...this.#recall({ generation, version })])
    this.batch(() => {
      for (const { queryKey, data, version } of queries) {
        this.bases?.hydrate(queryKey, data, { generation, version }, isKnown)
      }
      this.bases?.rewrite()
    })
    this.sweep()
  }

  /** Begins to watch the mutations that were taken in, and tells the listeners of them. */
  start() {
    this.isStarted = true
    this.#tryLifecycle()
    this.changed()
  }

  /** Stops watching. `start()` goes on. */
  stop() {
    this.isStarted = false
    this.#lifecycle?.stop()
  }

  /**
   * @param {() => void} listener called when `pending` changes
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * @param {(settled: SettledMutation) => void} listener
   * @returns {() => void} ends it
   */
  onSettled(listener) {
    this.#settleListeners.add(listener)
    return () => this.#settleListeners.delete(listener)
  }

  /** @param {SettledMutation} settled */
  tell(settled) {
    // Apart from this call: a listener that throws is its page's trouble, and must not stop the settling.
    for (const listener of this.#settleListeners) queueMicrotask(() => listener(settled))
  }

  /** Forgets committed layers that every query has under it, unless what is known from before others needs them. */
  sweep() {
    const needed = this.layers.filter((layer) => !layer.outcome || this.bases?.need(layer))
    this.bases?.sweep(needed)
    const kept = this.layers.filter((layer) => needed.includes(layer) || this.bases?.hasFormer(layer))
    const swept = this.layers.filter((layer) => !kept.includes(layer))
    this.#forgotten = [...this.#forgotten, ...swept].slice(-MOST_FORGOTTEN)
    this.layers = kept
  }

  /**
   * @param {import('./version.js').Version} version of a page
   * @returns {Layer[]} the forgotten commits that it does not have
   */
  #recall(version) {
    const missed = this.#forgotten.filter(({ outcome }) => (compareVersions(outcome?.version, version) ?? 0) > 0)
    this.#forgotten = this.#forgotten.filter((layer) => !missed.includes(layer))
    return missed
  }

  /** @param {Layer[]} layers */
  add(layers) {
    this.clock += layers.length
    this.layers = [...this.layers, ...layers].sort((one, other) => (one.token < other.token ? -1 : 1))
    this.#snapshot()
  }

  #tryLifecycle() {
    const trying = this.withLifecycle((lifecycle) => this.isStarted && lifecycle.start())
    // Nothing has been changed yet: the change that needs it tries again, and hears of it when it fails.
    if (trying instanceof Promise) trying.catch(() => {})
  }

  #snapshot() {
    this.pending = this.layers
      .filter(({ outcome, operations }) => !outcome && operations.length > 0)
      .map(({ token, operations, isUnknown }) => ({ token, operations, state: isUnknown ? 'unknown' : 'pending' }))
  }

  /** Brings what is shown, and `pending`, up to date with the layers. */
  changed() {
    this.#snapshot()
    this.announce(() => this.bases?.rewrite())
    for (const listener of this.#listeners) listener()
  }
}
