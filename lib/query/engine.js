/**
 * The browser's half of the promise: each mutation is a *layer* over all queries of a QueryClient, and what is shown is
 * always base + layers. Nothing is snapshot, so nothing can be restored too much: a mutation that fails takes its own
 * layer away, and everything else stays as the others left it.
 *
 *     mutate ──► pending ──► committed ──► gone, when every query stands on a base that has it
 *                   └──────► refused, or outcome unknown: gone at once
 *
 * One engine serves a QueryClient, for as long as that lives. Without a client (a page of server components only) it
 * watches the mutations that the page was rendered with.
 */
import { Bases } from './bases.js'
import { addToken, removeToken } from './cookie.js'
import { OptimisticMutationError } from './errors.js'
import { changes, createLayer } from './layer.js'
import { createToken } from './token.js'
import { errorOf, readDocument, sendAtLeaving, sendMutation } from './transport.js'
import { Watcher } from './watcher.js'

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('@tanstack/react-query').Mutation<any, any, any, any>} Mutation */
/** @typedef {import('@tanstack/react-query').MutationFunctionContext} MutationFunctionContext */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */
/** @typedef {import('./layer.js').Operation} Operation */
/** @typedef {import('../cache/types.js').Shapes} Shapes */

/**
 * What the server knew when it rendered a page; `view.dehydrate()` makes it. Plain JSON.
 * @typedef {object} PageState
 * @property {string} [api] where Payload's REST API is; `/api` unless given
 * @property {string} generation
 * @property {number} version
 * @property {string[]} [unknown] tokens that the request presented and the server did not know yet
 * @property {{ token: string, operations: Operation[] }[]} [pending] that the HTML shows
 * @property {Shapes} [shapes]
 * @property {{ queryKey: readonly unknown[], data: any, version: number }[]} [queries] `data` is the base
 */

/**
 * @typedef {object} PendingMutation
 * @property {string} token
 * @property {Operation[]} operations
 * @property {'pending'} state
 */

/**
 * @typedef {object} SettledMutation
 * @property {string} token
 * @property {Outcome['state']} state
 * @property {Error} [error] also of a committed one whose request failed after the commit
 * @property {Operation[]} operations
 * @property {boolean} adopted begun by the page before a reload, or by another tab
 */

/** How many settled tokens are remembered, lest an older page bring one back. */
const MAX_REMEMBERED = 256

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

export class Engine {
  /** In token order, which is the order of the user's actions. @type {Layer[]} */
  layers = []
  /** @type {Shapes} */
  shapes = {}
  /** Grows with each commit that is learned. Orders commits and fetches where the server's versions cannot. */
  clock = 0
  /** Runs writes that observers should hear of at once: TanStack's `notifyManager.batch`, where there is React. */
  batch = (/** @type {() => void} */ write) => write()
  /** @type {PendingMutation[]} a new array at each change */
  pending = []

  #client
  #bases
  #watcher = new Watcher((layer, outcome) => this.#settle(layer, outcome))
  /**
   * By the context of their mutation, which is one object for all attempts of one `mutate`.
   * @type {WeakMap<object, Layer>}
   */
  #begun = new WeakMap()
  /** @type {WeakMap<Mutation, Layer>} */
  #mutations = new WeakMap()
  /** @type {Set<string>} */
  #remembered = new Set()
  /** A router that goes back to a page gives its old state again. @type {WeakSet<PageState>} */
  #hydrated = new WeakSet()
  /** @type {Set<() => void>} */
  #listeners = new Set()
  /** @type {Set<(settled: SettledMutation) => void>} */
  #settleListeners = new Set()

  /** @param {QueryClient} [client] */
  constructor(client) {
    this.#client = client
    this.#bases = client && new Bases(client, this)
    client?.getMutationCache().subscribe((event) => {
      const layer = event.type === 'updated' && event.action.type === 'error' && this.#mutations.get(event.mutation)
      // The last attempt of one that is retried, or an onMutate that threw after ours: nothing will be sent any more.
      if (layer) this.#fail(layer)
    })
    if (client && typeof window !== 'undefined') window.addEventListener('pagehide', () => this.#leave())
  }

  /**
   * Lays an update over the queries. Its token is made here, once per `mutate`.
   * @param {string} api
   * @param {string} collection
   * @param {import('./collection.js').UpdateVariables} variables
   * @param {MutationFunctionContext} context
   * @returns {Layer}
   */
  begin(api, collection, variables, context) {
    const { id, data } = variables ?? {}
    if ((typeof id !== 'string' && typeof id !== 'number') || data === null || typeof data !== 'object') {
      const text = `update() of ${collection} takes { id, data }: the document's id and its changed members`
      throw new OptimisticMutationError('ERR_OPTIMISTIC_ARGUMENT', text)
    }
    const body = JSON.stringify(data)
    const isBefore = (/** @type {Layer} */ { request, outcome, operations }) =>
      request && !outcome && changes(operations, collection, id)
    const layer = createLayer({
      token: createToken(),
      api,
      operations: [{ type: 'update', collection, id, data: JSON.parse(body) }],
      adopted: false,
      request: { url: `${api}/${encodeURIComponent(collection)}/${encodeURIComponent(id)}?depth=0`, body },
      turn: this.layers.findLast(isBefore)?.settled,
    })
    this.#begun.set(context, layer)
    const mutation = this.#mutationOf(variables)
    if (mutation) {
      this.#mutations.set(mutation, layer)
      layer.retried = Boolean(mutation.options.retry)
    }
    addToken(layer.token)
    this.#add([layer])
    this.#changed()
    return layer
  }

  /**
   * Sends the update of a `mutate`, when those of the same document before it have settled. One call is one attempt.
   * @param {string} api
   * @param {string} collection
   * @param {import('./collection.js').UpdateVariables} variables
   * @param {MutationFunctionContext} context
   * @returns {Promise<any>} the document as saved
   */
  async send(api, collection, variables, context) {
    const layer = this.#begun.get(context) ?? this.begin(api, collection, variables, context)
    await layer.turn
    if (layer.outcome && layer.failed) throw errorOf(layer.failed, layer.outcome)
    if (layer.sent === 'left') return this.#hearOf(layer)
    layer.sent = 'asked'
    const attempt = await sendMutation(/** @type {Required<Layer>} */ (layer))
    const { outcome, document } = attempt
    if (outcome.state === 'committed' && document) {
      this.#refine(layer, document)
      this.#settle(layer, outcome)
      return document
    }
    layer.failed = attempt
    if (outcome.state === 'pending') await this.#outcomeOf(layer)
    else if (outcome.state === 'committed' || !layer.retried) this.#settle(layer, outcome)
    throw errorOf(attempt, layer.outcome ?? /** @type {Outcome} */ (attempt.outcome))
  }

  /**
   * Takes in what a page was rendered with. Idempotent; tells nobody but the queries' observers, so that it can run
   * while React renders: call `start()` afterwards.
   * @param {PageState} state
   */
  hydrate(state) {
    const { api = '/api', generation, pending = [], unknown = [], shapes, queries = [] } = state
    const isKnown = this.#hydrated.has(state)
    this.#hydrated.add(state)
    this.shapes = { ...this.shapes, ...shapes }
    const isNew = (/** @type {{ token: string }} */ { token }) =>
      !this.#remembered.has(token) && !this.layers.some((layer) => layer.token === token)
    const presented = [...pending, ...unknown.map((token) => ({ token, operations: [] }))].filter(isNew)
    this.#add(presented.map((mutation) => createLayer({ ...mutation, api, adopted: true })))
    this.batch(() => {
      for (const { queryKey, data, version } of queries) {
        this.#bases?.hydrate(queryKey, data, { generation, version }, isKnown)
      }
      this.#bases?.rewrite()
    })
  }

  /** Begins to watch the mutations that were taken in, and tells the listeners of them. */
  start() {
    this.layers.filter(({ adopted, outcome }) => adopted && !outcome).forEach((layer) => this.#watcher.watch(layer))
    this.#changed()
  }

  /** Stops watching. `start()` goes on. */
  stop() {
    this.#watcher.stop()
  }

  /**
   * @param {string} token
   * @returns {boolean} is it known here how this mutation ended?
   */
  hasSettled(token) {
    return this.#remembered.has(token)
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

  /** Forgets committed layers that every query has under it. */
  sweep() {
    this.layers = this.layers.filter((layer) => !layer.outcome || this.#bases?.need(layer))
  }

  /** @param {Layer[]} layers */
  #add(layers) {
    this.layers = [...this.layers, ...layers].sort((one, other) => (one.token < other.token ? -1 : 1))
    this.#snapshot()
  }

  /**
   * The mutation that is being executed with these variables, and has no layer yet. TanStack hands out no mutation id;
   * of several with the very same variables the first one asks first.
   * @param {unknown} variables
   */
  #mutationOf(variables) {
    const mutations = this.#client?.getMutationCache().getAll() ?? []
    return mutations.find(
      (mutation) =>
        mutation.state.status === 'pending' && mutation.state.variables === variables && !this.#mutations.has(mutation)
    )
  }

  /**
   * The page is being left, by a reload perhaps. What waits for its turn would be lost with the page, so it is sent
   * now, in the order of the user's actions.
   */
  #leave() {
    for (const layer of this.layers) {
      if (!layer.request || layer.outcome || layer.sent) continue
      layer.sent = 'left'
      sendAtLeaving(/** @type {Required<Layer>} */ (layer))
    }
  }

  /**
   * Of a mutation that was sent when the page was left; the user came back to the page as it was.
   * @param {Layer} layer
   */
  async #hearOf(layer) {
    const outcome = await this.#outcomeOf(layer)
    if (outcome.state !== 'committed') throw errorOf({ outcome, reached: true }, outcome)
    return readDocument(/** @type {Required<Layer>} */ (layer))
  }

  /**
   * @param {Layer} layer
   * @returns {Promise<Outcome>} asked for until it is known
   */
  #outcomeOf(layer) {
    this.#watcher.watch(layer)
    return layer.settled
  }

  /** @param {Layer} layer */
  #fail(layer) {
    const outcome = layer.failed?.outcome
    this.#settle(layer, outcome && outcome.state !== 'pending' ? outcome : { state: 'rolledBack' })
  }

  /**
   * What hooks or access rules made of the change is what the database has, so that is what shows until the queries
   * have it.
   * @param {Layer} layer
   * @param {Record<string, any>} document
   */
  #refine(layer, document) {
    const data = /** @type {any} */ (layer.operations[0]).data
    for (const name of Object.keys(data)) if (Object.hasOwn(document, name)) data[name] = document[name]
  }

  /**
   * @param {Layer} layer
   * @param {Outcome} outcome
   */
  #settle(layer, outcome) {
    if (layer.outcome) return
    const { token, operations, adopted, failed } = layer
    layer.outcome = outcome
    removeToken(token)
    this.#remember(token)
    layer.clock = ++this.clock
    if (outcome.state !== 'committed') this.layers = this.layers.filter((other) => other !== layer)
    this.#changed()
    // A rollback is exact: nobody has to be asked. Where nobody can be, the next focus or reconnect asks.
    const isReachable = adopted || !failed || failed.reached
    if (outcome.state !== 'rolledBack') this.#bases?.invalidate(layer, isReachable ? 'active' : 'none')
    this.sweep()
    layer.resolve(outcome)
    const isWell = !failed && outcome.state === 'committed'
    const error = isWell ? undefined : errorOf(failed ?? { outcome, reached: true }, outcome)
    for (const listener of this.#settleListeners) {
      // Apart from this call: a listener that throws is its page's trouble, and must not stop the settling.
      queueMicrotask(() => listener({ token, state: outcome.state, error, operations, adopted }))
    }
  }

  /** @param {string} token */
  #remember(token) {
    this.#remembered.add(token)
    if (this.#remembered.size > MAX_REMEMBERED) this.#remembered.delete([...this.#remembered][0])
  }

  #snapshot() {
    this.pending = this.layers
      .filter(({ outcome, operations }) => !outcome && operations.length > 0)
      .map(({ token, operations }) => ({ token, operations, state: 'pending' }))
  }

  #changed() {
    this.#snapshot()
    this.batch(() => this.#bases?.rewrite())
    for (const listener of this.#listeners) listener()
  }
}
