/**
 * A queue for changes that are made without a network. A persister of TanStack Query's keeps it over reloads; it is
 * sent in the order of the user's actions, with the tokens that the changes were begun with. What may have been sent
 * before (the connection was lost, the page was left) is asked for first, so that nothing is written twice.
 *
 * ```js
 * import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister'
 * import { queueOffline } from 'payload-optimistic-cache/query/offline'
 *
 * // Not throttled: a reload may come within the second that it waits unless told otherwise.
 * const persister = createAsyncStoragePersister({ storage: localStorage, key: 'optimistic-queue', throttleTime: 0 })
 * queueOffline(queryClient, { persister, buster: user.id })
 *
 * const { mutate } = useMutation(orders.update({ offline: 'queue' }))
 * ```
 *
 * The persister needs a key of its own: what it stores is the queue of all tabs, and no queries.
 *
 * A session that has expired refuses nothing: what the server answers 401, or 403 when nobody is logged in, stays in
 * the queue, still shows, and is held until `queueOffline` is called again, by the next page, or after the user has
 * logged in on this one. With the same `buster` it is sent then; with another it is taken back.
 */
import { engineOf } from './engine.js'
import { documentsOf } from './layer.js'
import { inOrder } from './order.js'
import { timeOf } from './token.js'
import { isOffline } from './transport.js'

/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {Pick<Layer, 'token' | 'api' | 'operations' | 'variables'>} Stored */

/**
 * @typedef {object} Queue
 * @property {string} buster
 * @property {Promise<void>} takenUp what an earlier page had stored
 * @property {(layer: Layer) => Promise<boolean>} ready
 * @property {() => void} hold
 * @property {() => void} end called when the next one has taken its place
 */

/**
 * The part of TanStack's `Persister` that is used.
 * @typedef {object} Persister
 * @property {(client: any) => unknown} persistClient
 * @property {() => any} restoreClient
 * @property {() => unknown} removeClient
 */

const DAY = 24 * 60 * 60 * 1000
const MIN_PAUSE = 250
const MAX_PAUSE = 30_000

/**
 * Call it once for a client, before mutations are made, and again when somebody has logged in without a new page. What
 * an earlier page left is taken up, shows again, and is sent when there is a network; `onSettled` of
 * `OptimisticBoundary` hears how it ended, as `adopted`.
 * @param {import('@tanstack/react-query').QueryClient} client
 * @param {object} options
 * @param {Persister} options.persister
 * @param {string} [options.buster] whose the queue is: one stored with another buster is dropped, so that nobody sends
 *   what somebody else queued before logging out
 * @param {number} [options.maxAge] milliseconds after which a stored change is not sent any more, but told as of
 *   unknown outcome; no longer than the server keeps the answers to `Idempotency-Key`s, 24 h unless given
 * @returns {Promise<() => void>} when what was stored is taken up; ends the storing. Rejects with what the persister
 *   rejects with
 */
export async function queueOffline(client, { persister, buster = '', maxAge = DAY }) {
  const engine = engineOf(client)
  /** What this page has stored, or took up. @type {Set<string>} */
  const own = new Set()
  /** @type {Set<string>} */
  const restored = new Set()
  /** What another user had queued on this page. @type {Set<string>} */
  const foreign = new Set()
  /** @type {WeakMap<Layer, number>} */
  const tries = new WeakMap()
  let isTakenUp = () => {}
  const takenUp = /** @type {Promise<void>} */ (new Promise((done) => (isTakenUp = done)))
  let release = () => {}
  const released = /** @type {Promise<void>} */ (new Promise((done) => (release = done)))
  /** @type {Promise<void> | undefined} */
  let held

  /** @type {Queue} */
  const queue = {
    buster,
    takenUp,
    hold: () => void (held = released),
    end() {
      end()
      release()
    },
    async ready(layer) {
      if (foreign.has(layer.token)) return false
      await takenUp
      if (!held) {
        if (restored.has(layer.token) || isOffline()) await earlierOnes(engine.layers, layer)
        const tried = tries.get(layer) ?? 0
        tries.set(layer, tried + 1)
        // The first time it is sent, or asked for; the second time sent, since it had not arrived.
        if (tried > 1) await new Promise((done) => setTimeout(done, Math.min(MIN_PAUSE * 2 ** tried, MAX_PAUSE)))
        await online()
      }
      if (held) await held
      return engine.queue === queue || /** @type {Queue} */ (engine.queue).ready(layer)
    },
  }
  const former = engine.queue
  engine.queue = queue
  if (former?.buster !== buster) for (const { token } of queuedIn(engine.layers)) foreign.add(token)
  former?.end()

  /** @returns {Promise<Stored[]>} */
  async function load() {
    const stored = await persister.restoreClient()
    return stored?.buster === buster ? stored.clientState.mutations.map(storedIn) : []
  }

  async function save() {
    const queued = queuedIn(engine.layers).filter(({ token }) => !foreign.has(token))
    queued.forEach(({ token }) => own.add(token))
    const others = (await load()).filter(({ token }) => !own.has(token) && !engine.settled.has(token))
    const mutations = inTokenOrder([...others, ...queued]).map(dehydrated)
    if (mutations.length === 0) return persister.removeClient()
    return persister.persistClient({ timestamp: Date.now(), buster, clientState: { mutations, queries: [] } })
  }

  /** One at a time, over all tabs: each reads what the one before has stored. */
  let saving = Promise.resolve()
  const store = () => {
    const saved = saving.then(() => inOrder(['the offline queue'], async () => void (await save())))
    // A storage that is full, or forbidden: the queue lives as long as the page. The next change tries again.
    saving = saved.catch(() => {})
  }
  const end = engine.subscribe(store)

  try {
    const stored = inTokenOrder(await load())
    for (const { token } of stored) {
      own.add(token)
      restored.add(token)
    }
    await engine.withLifecycle((lifecycle) => {
      const isOld = (/** @type {Stored} */ { token }) => timeOf(token) < Date.now() - maxAge
      lifecycle.takeUp(stored.filter((one) => !isOld(one)), stored.filter(isOld))
    })
  } finally {
    isTakenUp()
  }
  return end
}

/** @type {<T extends { token: string }>(all: T[]) => T[]} */
const inTokenOrder = (all) => all.sort((one, other) => (one.token < other.token ? -1 : 1))

/** @type {(layers: Layer[]) => Layer[]} */
const queuedIn = (layers) => layers.filter(({ spec, outcome }) => spec?.offline && !outcome)

/**
 * Resolves when those that were queued before have settled.
 * @param {Layer[]} layers
 * @param {Layer} layer
 */
const earlierOnes = (layers, { token }) =>
  Promise.all(queuedIn(layers).flatMap((other) => (other.token < token ? other.settled : [])))

/** Resolves when the browser has a network, as far as it says. */
async function online() {
  while (isOffline()) {
    await new Promise((resolve) => globalThis.addEventListener('online', resolve, { once: true }))
  }
}

/**
 * As TanStack dehydrates a paused mutation.
 * @param {Stored} layer
 */
const dehydrated = ({ token, api, operations, variables }) => ({
  mutationKey: ['payload', 'offline', documentsOf(operations).join()],
  state: {
    variables: { token, api, operations, variables },
    context: undefined,
    data: undefined,
    error: null,
    failureCount: 0,
    failureReason: null,
    isPaused: true,
    status: 'pending',
    submittedAt: timeOf(token),
  },
})

/** @type {(mutation: any) => Stored} */
const storedIn = ({ state }) => state.variables
