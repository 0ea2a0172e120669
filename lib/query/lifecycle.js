/**
 * The life of a mutation in this page, from `mutate` until it is settled: it is laid over the queries, waits for its
 * turn, is sent, and ends as the server says. What a page was rendered with is watched from here, too.
 *
 * TanStack's own order of calls is all it goes by: `pending` in the mutation cache lays the layer, before `onMutate`;
 * `mutationFn` sends it; `error` in the cache is the end of one that is not tried again.
 */
import { addToken, MAX_TOKENS, removeToken } from './cookie.js'
import { OptimisticMutationError } from './errors.js'
import { changes, createLayer, documentsOf, specs } from './layer.js'
import { coalesce, inOrder } from './order.js'
import { noteRealID, realIDOf } from './temporary.js'
import { createToken } from './token.js'
import { announce, errorOf, isOffline, sendAtLeaving, sendMutation, tokenHeader } from './transport.js'
import { Watcher } from './watcher.js'

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('@tanstack/react-query').Mutation<any, any, any, any>} Mutation */
/** @typedef {import('@tanstack/react-query').MutationFunctionContext} MutationFunctionContext */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */
/** @typedef {import('./layer.js').Operation} Operation */
/** @typedef {import('./layer.js').MutationSpec} MutationSpec */
/** @typedef {import('./transport.js').Attempt} Attempt */

/** What is queued did not reach the server, and stays in the queue. */
const AGAIN = Symbol('again')

/** How many settled tokens are remembered, lest an older page bring one back. */
const MAX_REMEMBERED = 256

export class Lifecycle {
  #engine
  #watcher = new Watcher((layer) => this.#mark(layer, false))
  /** @type {WeakMap<Mutation, Layer>} */
  #mutations = new WeakMap()
  /** Layers whose mutation has not called yet. TanStack hands out no id: variables and key tell which it is. */
  #unclaimed = /** @type {{ layer: Layer, variables: unknown, mutationKey: unknown }[]} */ ([])
  /**
   * By the context of their mutation, which is one object for all attempts of one `mutate`.
   * @type {WeakMap<object, Layer>}
   */
  #claimed = new WeakMap()

  /**
   * @param {import('./engine.js').Engine} engine
   * @param {QueryClient} [client]
   */
  constructor(engine, client) {
    this.#engine = engine
    const mutations = client?.getMutationCache()
    mutations?.getAll().forEach((mutation) => this.#enter(mutation))
    mutations?.subscribe((event) => {
      if (event.type === 'added') this.#enter(event.mutation)
      if (event.type !== 'updated') return
      if (event.action.type === 'pending') this.#enter(event.mutation)
      if (event.action.type === 'error') this.#fail(event.mutation)
    })
    if (client) globalThis.addEventListener?.('pagehide', () => this.#leave())
  }

  /** Begins to watch the mutations that were taken in. */
  start() {
    for (const layer of this.#engine.layers) if (layer.adopted && !layer.spec && !layer.outcome) this.#adopt(layer)
    this.#watcher.start()
  }

  /**
   * Takes up what an earlier page had queued, in the order of the user's actions.
   * @param {Pick<Layer, 'token' | 'api' | 'operations' | 'variables'>[]} queued sent when it is known that they were
   *   not
   * @param {typeof queued} old not sent any more
   */
  takeUp(queued, old) {
    /** @type {(one: (typeof queued)[number]) => Layer} */
    const lay = (one) => {
      const { api, operations } = one
      /** @type {MutationSpec} */
      const spec = { api, operations: () => operations, offline: 'queue' }
      // The page that was left may have sent it.
      return this.#lay({ ...one, spec, adopted: true, sent: 'left' })
    }
    const { settled, layers: known } = this.#engine
    const isNew = (/** @type {{ token: string }} */ { token }) =>
      !settled.has(token) && !known.some((layer) => layer.token === token && layer.spec)
    const layers = queued.filter(isNew).map(lay)
    for (const one of old.filter(isNew)) this.#settle(lay(one), { state: 'expired' })
    this.#engine.changed()
    for (const layer of layers) {
      const delivered = Promise.resolve(layer.turn).then(() => this.#deliver(layer))
      // How they end is told to those who listen.
      delivered.catch(() => {})
    }
  }

  /** Stops watching. `start()` goes on. */
  stop() {
    this.#watcher.stop()
  }

  /**
   * The layer of a mutation of which TanStack calls a function.
   * @param {MutationSpec} spec
   * @param {any} variables
   * @param {MutationFunctionContext} context
   * @returns {Layer}
   */
  claim(spec, variables, context) {
    let layer = this.#claimed.get(context)
    if (!layer) {
      const isOwn = (/** @type {{ variables: unknown, mutationKey: unknown }} */ one) =>
        one.variables === variables && isSameKey(one.mutationKey, context.mutationKey)
      const own = this.#unclaimed.find(isOwn)
      this.#unclaimed = this.#unclaimed.filter((other) => other !== own)
      layer = own?.layer ?? this.#begin(spec, variables)
      this.#claimed.set(context, layer)
    }
    return layer
  }

  /**
   * Sends the change of a `mutate`, when those of the same documents before it have settled. One call is one attempt.
   * @param {MutationSpec} spec
   * @param {any} variables
   * @param {MutationFunctionContext} context
   * @returns {Promise<any>} what the server answered: documents as saved
   */
  async send(spec, variables, context) {
    const layer = this.claim(spec, variables, context)
    await layer.turn
    return this.#deliver(layer, context)
  }

  /**
   * Lays a mutation over the queries when TanStack begins it, before any callback runs.
   * @param {Mutation} mutation
   */
  #enter(mutation) {
    const { state, options } = mutation
    const spec = options.mutationFn && specs.get(options.mutationFn)
    if (!spec || state.status !== 'pending' || this.#mutations.has(mutation)) return
    const { variables } = state
    try {
      const layer = this.#begin(spec, variables, /** @type {any} */ (state.context)?.token)
      this.#mutations.set(mutation, layer)
      layer.retried = Boolean(options.retry)
      this.#unclaimed.push({ layer, variables, mutationKey: options.mutationKey })
    } catch {
      // Variables that are wrong: `claim` throws it again, where TanStack hears it.
    }
  }

  /**
   * @param {MutationSpec} spec
   * @param {any} variables
   * @param {string} [token] of one that was persisted; made here, once per `mutate`, unless given
   * @returns {Layer}
   */
  #begin(spec, variables, token = createToken()) {
    if (spec.offline && !this.#engine.queue) {
      const text = "offline: 'queue' needs queueOffline() of payload-optimistic-cache/query/offline to be called before"
      throw new OptimisticMutationError('ERR_OPTIMISTIC_ARGUMENT', text)
    }
    // As the server will see them, and nobody else's: later ones may be put into them.
    /** @type {Operation[]} */
    const operations = JSON.parse(JSON.stringify(spec.operations(variables, token)))
    for (const operation of operations) if ('id' in operation) operation.id = realIDOf(operation.id)
    const last = this.#before(operations).at(-1)
    if (spec.coalesce && last?.spec?.coalesce && last.turn && !last.sent && isSame(last.operations, operations)) {
      coalesce(last.operations, operations, this.#engine.shapes)
      this.#engine.changed()
      this.#announce(last)
      return last
    }
    const layer = this.#lay({ token, api: spec.api, operations, spec, variables })
    this.#engine.changed()
    if (layer.turn) this.#announce(layer)
    return layer
  }

  /**
   * Tells the server what waits; when that changes meanwhile, again.
   * @param {Layer} layer
   */
  async #announce(layer) {
    // What is in the offline queue is asked for after a reload, and would be taken for under way.
    if (layer.spec?.offline || isOffline() || this.#engine.pending.length > MAX_TOKENS) return
    const isUnderWay = layer.announcing
    layer.announcing = isUnderWay ? 'again' : 'now'
    if (isUnderWay) return
    await announce(layer)
    const isStale = layer.announcing === 'again' && !layer.sent
    layer.announcing = undefined
    if (isStale) this.#announce(layer)
  }

  /**
   * The unsettled mutations of the same documents.
   * @param {Operation[]} operations
   */
  #before(operations) {
    const documents = documentsOf(operations)
    // Of what an earlier page created, this one may know no more than the token.
    const isOn = (/** @type {string} */ token) => operations.some((one) => 'id' in one && one.id === token)
    return this.#engine.layers.filter(
      ({ token, outcome, operations }) =>
        !outcome && (isOn(token) || documentsOf(operations).some((document) => documents.includes(document)))
    )
  }

  /** @param {Pick<Layer, 'token' | 'api' | 'operations'> & Partial<Layer>} one */
  #lay(one) {
    const known = this.#engine.layers.find(({ token }) => token === one.token)
    if (known) return Object.assign(known, one)
    const before = this.#before(one.operations)
    for (const layer of before) if (layer.adopted && !layer.spec) this.#adopt(layer)
    const turn = before.length > 0 ? Promise.all(before.map(({ settled }) => settled)) : undefined
    const layer = createLayer({ ...one, turn })
    addToken(layer.token)
    this.#engine.add([layer])
    return layer
  }

  /** @param {Layer} layer */
  #adopt(layer) {
    this.#watcher.watch(layer, async (outcome) => {
      // It may be in the offline queue, which is read meanwhile, and asks by itself.
      if (outcome.state === 'unknown') await this.#engine.queue?.takenUp
      if (outcome.state !== 'unknown' || !layer.spec) this.#settle(layer, outcome)
    })
  }

  /**
   * @param {Layer} layer
   * @param {MutationFunctionContext} [context]
   */
  async #deliver(layer, context) {
    // Several `mutate` that became one request hear the same.
    layer.sending ??= this.#attempts(layer, context)
    try {
      return await layer.sending
    } catch (error) {
      if (!layer.outcome) layer.sending = undefined
      throw error
    }
  }

  /**
   * @param {Layer} layer
   * @param {MutationFunctionContext} [context]
   */
  async #attempts(layer, context) {
    for (;;) {
      // Before its documents are locked: without a network other tabs must hear so, and not wait for this one.
      if (layer.spec?.offline && !(await this.#engine.queue?.ready(layer))) {
        this.#settle(layer, { state: 'rolledBack', reason: 'somebody else has logged in' })
      }
      const answer = await inOrder(documentsOf(layer.operations), () => this.#attempt(layer, context))
      if (answer !== AGAIN) return answer
    }
  }

  /**
   * @param {Layer} layer
   * @param {MutationFunctionContext} [context]
   * @returns {Promise<any>} what the server answered, or AGAIN
   */
  async #attempt(layer, context) {
    if (layer.outcome) throw errorOf({}, layer.outcome)
    // The user may have logged in again before the answer is there.
    const { queue } = this.#engine
    let attempt = await this.#request(layer, context)
    /** @type {Outcome} */
    let outcome = { state: 'unknown' }
    if (attempt.isWell) outcome = { state: 'committed', version: attempt.version }
    else {
      layer.failed = attempt
      if (!attempt.isUnsent) outcome = await this.#outcomeOf(layer, !attempt.status)
      if (layer.spec?.offline && staysQueued(attempt, outcome, queue)) {
        this.#mark(layer, false)
        return AGAIN
      }
      // Only the answer was lost: the server gives it again to the same request, and changes nothing.
      const isLost = outcome.state === 'committed' && !attempt.status && !attempt.isCustom
      const again = isLost && (await sendMutation({ ...layer, operations: layer.leftAs ?? layer.operations }))
      if (again && again.isWell) attempt = again
    }
    this.#refine(layer, attempt)
    if (attempt.isWell) layer.failed = undefined
    if (attempt.isWell || outcome.state === 'committed' || !layer.retried) this.#settle(layer, outcome)
    else layer.refusal = outcome
    if (attempt.isWell) return attempt.result
    throw errorOf(attempt, outcome)
  }

  /**
   * @param {Layer} layer
   * @param {MutationFunctionContext} [context]
   * @returns {Promise<Attempt>}
   */
  async #request(layer, context) {
    const { sent, spec, token, variables } = layer
    layer.sent = 'asked'
    // It was sent when the page was left, and the user came back to the page as it was.
    if (sent === 'left') return {}
    if (!spec?.mutationFn) return sendMutation(layer)
    const isUnsent = isOffline()
    try {
      const headers = tokenHeader(token)
      return { isWell: true, result: await spec.mutationFn(variables, { ...context, token, headers }) }
    } catch (cause) {
      return { cause, isCustom: true, isUnsent }
    }
  }

  /**
   * @param {Layer} layer
   * @param {boolean} isLost did no answer come?
   * @returns {Promise<Outcome>} asked for until it is known
   */
  #outcomeOf(layer, isLost) {
    this.#mark(layer, isLost)
    return new Promise((resolve) => this.#watcher.watch(layer, resolve))
  }

  /**
   * @param {Layer} layer
   * @param {boolean} isUnknown
   */
  #mark(layer, isUnknown) {
    if (isUnknown === Boolean(layer.isUnknown)) return
    layer.isUnknown = isUnknown
    this.#engine.changed()
  }

  /**
   * The page is being left, by a reload perhaps. What waits for its turn would be lost with the page, so it is sent
   * now, and waits at the server.
   */
  #leave() {
    // What is in the offline queue is kept.
    if (isOffline()) return
    for (const layer of this.#engine.layers) {
      const { spec, outcome, sent, operations } = layer
      if (!spec || spec.mutationFn || outcome || sent) continue
      layer.sent = 'left'
      layer.leftAs = structuredClone(operations)
      const before = this.#before(operations).map(({ token }) => token)
      sendAtLeaving(layer, before.slice(0, before.indexOf(layer.token)))
    }
  }

  /** @param {Mutation} mutation the last attempt of which failed, or whose onMutate threw: it is not sent any more */
  #fail(mutation) {
    const layer = this.#mutations.get(mutation)
    if (!layer) return
    this.#unclaimed = this.#unclaimed.filter((other) => other.layer !== layer)
    this.#settle(layer, layer.refusal ?? { state: 'rolledBack' })
  }

  /**
   * What hooks or access rules made of the change is what the database has, so that is what shows until the queries
   * have it.
   * @param {Layer} layer
   * @param {Attempt} attempt
   */
  #refine(layer, { documents }) {
    if (!documents) return
    /** @type {(operation: any) => any} */
    const savedOf = ({ type, collection, id }) =>
      type === 'create' || collection === 'global'
        ? documents[0]
        : documents.find((document) => String(document?.id) === String(id))
    // Of several documents, those that were refused are taken back.
    layer.operations = layer.operations.filter(savedOf)
    for (const operation of /** @type {import('./layer.js').DocumentOperation[]} */ (layer.operations)) {
      const saved = savedOf(operation)
      if (operation.type === 'create') {
        this.#name(layer, saved.id)
        operation.data = saved
      }
      const { data = {} } = operation
      for (const name of Object.keys(data)) if (Object.hasOwn(saved, name)) data[name] = saved[name]
    }
  }

  /**
   * Gives what a layer created its real id, in all that was said of the temporary one.
   * @param {Layer} layer
   * @param {string | number} id
   */
  #name({ token, operations: [first] }, id) {
    if (first?.type === 'create') noteRealID(first.collection, token, id)
    for (const { operations } of this.#engine.layers) {
      for (const one of /** @type {any[]} */ (operations)) if (one.id === token) one.id = id
    }
  }

  /**
   * @param {Layer} layer
   * @param {Outcome} outcome
   */
  #settle(layer, outcome) {
    if (layer.outcome) return
    if (outcome.id !== undefined) this.#name(layer, outcome.id)
    const { token, operations, adopted, failed } = layer
    layer.outcome = outcome
    removeToken(token)
    this.#remember(token)
    layer.clock = ++this.#engine.clock
    if (outcome.state !== 'committed') this.#engine.layers = this.#engine.layers.filter((other) => other !== layer)
    this.#engine.changed()
    // A rollback is exact: nobody has to be asked.
    if (outcome.state !== 'rolledBack' && !failed?.isUnsent) this.#engine.bases?.invalidate(layer)
    this.#engine.sweep()
    layer.resolve(outcome)
    const isWell = !failed && outcome.state === 'committed'
    const error = isWell ? undefined : /** @type {Error} */ (errorOf(failed ?? {}, outcome))
    this.#engine.tell({ token, state: outcome.state, error, operations, adopted })
    // What was to change a document that was not created has nothing to change.
    for (const other of this.#engine.layers) {
      if (!other.outcome && creates(layer, other.operations)) {
        this.#settle(other, { state: 'rolledBack', reason: 'the document was not created' })
      }
    }
  }

  /** @param {string} token */
  #remember(token) {
    const { settled } = this.#engine
    settled.add(token)
    if (settled.size > MAX_REMEMBERED) settled.delete([...settled][0])
  }
}

/**
 * Does the layer create a document, as yet under its temporary id, that these operations change?
 * @param {Layer} layer
 * @param {Operation[]} operations
 */
const creates = ({ token, operations: [first] }, operations) =>
  first?.type === 'create' &&
  first.id === token &&
  operations[0] !== first &&
  changes(operations, first.collection, token)

/**
 * Did what was queued not arrive, or was it only refused because nobody is logged in any more?
 * @param {Attempt} attempt
 * @param {Outcome} outcome
 * @param {import('./offline.js').Queue} [queue] that it was sent from; held until somebody is
 */
function staysQueued({ status }, { state, isAnonymous }, queue) {
  if (!status) return state === 'unknown'
  const isLoggedOut = status === 401 || (status === 403 && isAnonymous)
  if (isLoggedOut) queue?.hold()
  return isLoggedOut
}

/**
 * By what is in them: a component that renders again gives its mutation other options, with another key that says the
 * same.
 * @type {(one: unknown, other: unknown) => boolean}
 */
const isSameKey = (one, other) => JSON.stringify(one) === JSON.stringify(other)

/** @type {(one: Operation[], other: Operation[]) => boolean} are they updates of the same documents? */
const isSame = (one, other) =>
  String(documentsOf(one)) === String(documentsOf(other)) && [...one, ...other].every(({ type }) => type === 'update')
