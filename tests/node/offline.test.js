/** Changes made without a network: they fail at once, or wait in the queue, over reloads. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { queueOffline } from '../../lib/query/offline.js'
import { createToken } from '../../lib/query/token.js'
import { mount, mutate, openBrowser, openTab, statusOf, when } from './support/browser.js'
import { newLocks } from './support/locks.js'

const isWrite = ({ method }) => method !== 'GET'
const writes = (server) => server.log.filter(isWrite).map(({ method, path, token }) => `${method} ${path} ${token}`)
const asks = (server) => server.log.filter(({ path }) => path === 'optimistic/mutations').length
const queued = { offline: 'queue' }

/** A persister over a string, as one over localStorage has it. It tells when what it holds is another. */
function newStorage() {
  const events = new EventTarget()
  let text
  const change = (next) => {
    text = next
    events.dispatchEvent(new Event('change'))
  }
  const storage = {
    persister: {
      persistClient: async (client) => change(JSON.stringify(client)),
      restoreClient: async () => text && JSON.parse(text),
      removeClient: async () => change(undefined),
    },
    tokens: () => (text ? JSON.parse(text).clientState.mutations.map(({ state }) => state.variables.token) : []),
    async holds(count) {
      while (storage.tokens().length !== count) {
        await new Promise((resolve) => events.addEventListener('change', resolve, { once: true }))
      }
    },
    put: (client) => change(JSON.stringify(client)),
  }
  return storage
}

/** A network that can be taken away, and what the page that is open hears of it. */
function network(t) {
  let events
  const openPage = () => {
    events = new EventTarget()
    globalThis.addEventListener = events.addEventListener.bind(events)
  }
  openPage()
  globalThis.navigator = { onLine: true }
  t.after(() => {
    delete globalThis.navigator
    delete globalThis.addEventListener
  })
  return {
    setOnline(isOn) {
      globalThis.navigator.onLine = isOn
      events.dispatchEvent(new Event(isOn ? 'online' : 'offline'))
    },
    leave: () => events.dispatchEvent(new Event('pagehide')),
    /** Another page on the same server: the one before hears, asks and sends nothing any more. */
    reload(server, { engine }) {
      engine.queue.ready = () => new Promise(() => {})
      engine.stop()
      openPage()
      return openTab(t, server)
    },
  }
}

/** What the page was about to send, when this was called, has arrived by the end of it. */
async function roundTrips(client, orders) {
  for (const id of [7, 8, 9]) await client.fetchQuery(orders.findByID(id, { depth: 0 }))
}

const allSettled = (engine, count) =>
  new Promise((resolve) => {
    const all = []
    engine.onSettled((settled) => all.push(settled) === count && resolve(all))
  })

test('without a network a change fails at once and is taken back, unless it asks for the queue', async (t) => {
  const { setOnline } = network(t)
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  setOnline(false)
  await assert.rejects(mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } }), {
    code: 'ERR_OPTIMISTIC_UNREACHABLE',
  })
  assert.deepEqual(list.values, ['pending', 'shipped', 'pending'])
  assert.deepEqual(writes(server), [])
})

test('a change that asks for a queue that is not there fails and says what to call', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  await assert.rejects(mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } }), {
    code: 'ERR_OPTIMISTIC_ARGUMENT',
    message: /queueOffline\(\)/,
  })
  assert.deepEqual([engine.layers, server.log], [[], []])
})

test('what is queued shows, waits for the network, and is sent then, each once and in order', async (t) => {
  const { setOnline } = network(t)
  const { server, client, engine, orders } = await openBrowser(t)
  const storage = newStorage()
  await queueOffline(client, storage)
  const list = await mount(t, client, orders.find(), statusOf(7))
  setOnline(false)
  const saved = [
    mutate(client, orders.update(queued), { id: 7, data: { status: 'processing' } }),
    mutate(client, orders.update(queued), { id: 8, data: { status: 'processing' } }),
    mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } }),
  ]
  const tokens = engine.layers.map(({ token }) => token)
  await storage.holds(3)
  assert.deepEqual(writes(server), [])
  server.holds = isWrite
  setOnline(true)
  const first = await server.held('PATCH')
  // By the time that this is answered the others would have arrived.
  await client.fetchQuery(orders.findByID(9))
  assert.deepEqual(writes(server).length, 1)
  server.holds = () => false
  first.release()
  assert.deepEqual((await Promise.all(saved)).map(({ status }) => status), ['processing', 'processing', 'shipped'])
  assert.deepEqual(
    writes(server),
    [7, 8, 7].map((id, index) => `PATCH orders/${id} ${tokens[index]}`)
  )
  await storage.holds(0)
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending', 'processing', 'shipped'])
})

test('the queue outlives a reload: it shows again, and is sent in order with the same tokens', async (t) => {
  const net = network(t)
  const page = await openBrowser(t)
  const { server, client, engine, orders } = page
  const storage = newStorage()
  await queueOffline(client, storage)
  await client.prefetchQuery(orders.find())
  net.setOnline(false)
  for (const [id, status] of [[7, 'processing'], [8, 'processing'], [7, 'shipped']]) {
    mutate(client, orders.update(queued), { id, data: { status } })
  }
  const tokens = engine.layers.map(({ token }) => token)
  await storage.holds(3)

  const after = net.reload(server, page)
  // As the page was rendered: the cookie has tokens that the server has not heard of.
  after.engine.hydrate({ api: server.api, generation: 'g1', version: 1, unknown: tokens })
  after.engine.start()
  await queueOffline(after.client, storage)
  const list = await mount(t, after.client, after.orders.find(), statusOf(7))
  assert.equal(list.value(), 'shipped')
  assert.deepEqual(after.engine.pending.map(({ token, state }) => [token, state]), tokens.map((token) => [token, 'pending']))
  assert.deepEqual(writes(server), [])
  const settled = allSettled(after.engine, 3)
  net.setOnline(true)
  assert.deepEqual(
    (await settled).map(({ token, state, adopted }) => [token, state, adopted]),
    tokens.map((token) => [token, 'committed', true])
  )
  assert.deepEqual(
    writes(server),
    [7, 8, 7].map((id, index) => `PATCH orders/${id} ${tokens[index]}`)
  )
  assert.equal(server.find('orders', 7).status, 'shipped')
  await storage.holds(0)
  await when(after.client, () => after.client.isFetching() === 0)
  assert.deepEqual(list.values, ['shipped'])
  assert.deepEqual(after.engine.layers, [])
})

test('a page that is left without a network sends nothing of what it keeps', async (t) => {
  const { setOnline, leave } = network(t)
  const { server, client, orders } = await openBrowser(t)
  const storage = newStorage()
  await queueOffline(client, storage)
  setOnline(false)
  mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  await storage.holds(1)
  leave()
  await roundTrips(client, orders)
  assert.deepEqual([writes(server), storage.tokens().length], [[], 1])
})

test('what the page before a reload had sent is asked for, and not written again', async (t) => {
  const net = network(t)
  const page = await openBrowser(t)
  const { server, client, orders } = page
  const storage = newStorage()
  await queueOffline(client, storage)
  server.holds = isWrite
  mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  const request = await server.held('PATCH')
  await storage.holds(1)

  const after = net.reload(server, page)
  const settled = allSettled(after.engine, 1)
  await queueOffline(after.client, storage)
  await server.until(() => asks(server) > 0)
  assert.equal(writes(server).length, 1, 'nothing is sent while the server has it')
  server.holds = () => false
  request.release()
  assert.equal((await settled)[0].state, 'committed')
  assert.equal(server.version, 2, 'it was written once')
  await storage.holds(0)
})

test('a connection lost after sending: the outcome is asked for, and what arrived is not sent as new', async (t) => {
  const { setOnline } = network(t)
  const { server, client, engine, orders } = await openBrowser(t)
  await queueOffline(client, newStorage())
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = isWrite
  const saved = mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  const request = await server.held('PATCH')
  setOnline(false)
  server.holds = () => false
  request.release('lost')
  await server.until(() => asks(server) > 0)
  setOnline(true)
  assert.equal((await saved).status, 'shipped')
  assert.equal(server.version, 2)
  assert.equal(new Set(writes(server)).size, 1)
  assert.deepEqual(engine.pending, [])
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('what did not arrive is sent again after the server was asked, and nothing flickers', async (t) => {
  network(t)
  const { server, client, orders } = await openBrowser(t)
  await queueOffline(client, newStorage())
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = isWrite
  const saved = mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  const { token, release } = await server.held('PATCH')
  server.mutations.delete(token)
  server.holds = () => false
  release('cut')
  assert.equal((await saved).status, 'shipped')
  const order = server.log.filter(({ path, method }) => isWrite({ method }) || path === 'optimistic/mutations')
  assert.deepEqual(order.map(({ method }) => method), ['PATCH', 'GET', 'PATCH'])
  assert.equal(new Set(writes(server)).size, 1)
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('what the server refuses leaves the queue, is taken back, and holds up nothing behind it', async (t) => {
  const { setOnline } = network(t)
  const { server, client, orders } = await openBrowser(t)
  const storage = newStorage()
  await queueOffline(client, storage)
  const list = await mount(t, client, orders.find(), ({ docs }) => `${docs[0].status} ${docs[0].note}`)
  setOnline(false)
  const refused = mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  const saved = mutate(client, orders.update(queued), { id: 7, data: { note: 'x' } })
  await storage.holds(2)
  server.holds = ({ body }) => body?.status !== undefined
  setOnline(true)
  ;(await server.held('PATCH')).release('invalid')
  await assert.rejects(refused, { code: 'ERR_OPTIMISTIC_REFUSED', errors: [{ path: 'status', message: 'This field is required.' }] })
  await saved
  await storage.holds(0)
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending null', 'shipped null', 'shipped x', 'pending x'])
})

for (const status of [401, 403]) {
  test(`what is refused with ${status} since nobody is logged in any more waits until the same user is`, async (t) => {
    network(t)
    const { server, client, engine, orders } = await openBrowser(t)
    const storage = newStorage()
    await queueOffline(client, { ...storage, buster: 'ada' })
    const list = await mount(t, client, orders.find(), statusOf(7))
    server.loggedOut = status
    const saved = [7, 8].map((id) => mutate(client, orders.update(queued), { id, data: { status: 'shipped' } }))
    const tokens = engine.layers.map(({ token }) => token)
    await server.until(() => asks(server) > 0 && writes(server).length === 2)
    await roundTrips(client, orders)
    assert.deepEqual([list.value(), storage.tokens(), writes(server).length], ['shipped', tokens, 2])
    assert.deepEqual(engine.pending.map(({ state }) => state), ['pending', 'pending'])

    server.loggedOut = 0
    server.holds = isWrite
    const settled = allSettled(engine, 2)
    await queueOffline(client, { ...storage, buster: 'ada' })
    const first = await server.held('PATCH')
    await roundTrips(openTab(t, server).client, orders)
    assert.deepEqual([first.token, server.waiting.length], [tokens[0], 1], 'in order')
    server.holds = () => false
    first.release()
    assert.deepEqual((await Promise.all(saved)).map(({ id }) => id), [7, 8])
    assert.deepEqual((await settled).map(({ state, adopted }) => [state, adopted]), Array(2).fill(['committed', false]))
    assert.deepEqual(writes(server).slice(2), [7, 8].map((id, index) => `PATCH orders/${id} ${tokens[index]}`))
    await storage.holds(0)
    await when(client, () => client.isFetching() === 0)
    assert.deepEqual(list.values, ['pending', 'shipped'])
  })
}

test('what waits for a user to log in again is taken back when somebody else does', async (t) => {
  network(t)
  const { server, client, engine, orders } = await openBrowser(t)
  const storage = newStorage()
  await queueOffline(client, { ...storage, buster: 'ada' })
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.loggedOut = 403
  const saved = mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  await server.until(() => asks(server) > 0)
  server.loggedOut = 0
  await queueOffline(client, { ...storage, buster: 'grace' })
  await assert.rejects(saved, { code: 'ERR_OPTIMISTIC_REFUSED', message: /somebody else/ })
  await storage.holds(0)
  assert.deepEqual([writes(server).length, engine.layers, list.values], [1, [], ['pending', 'shipped', 'pending']])
})

test('what a user who is logged in may not do leaves the queue', async (t) => {
  network(t)
  const { server, client, orders } = await openBrowser(t)
  const storage = newStorage()
  await queueOffline(client, storage)
  server.holds = isWrite
  const saved = mutate(client, orders.update(queued), { id: 7, data: { status: 'shipped' } })
  ;(await server.held('PATCH')).release('forbidden')
  await assert.rejects(saved, { code: 'ERR_OPTIMISTIC_REFUSED', status: 403 })
  await storage.holds(0)
})

test('what is queued for a document that an earlier page was creating goes to the real one', async (t) => {
  const net = network(t)
  for (const [type, knows, expected] of [
    ['update', 'pending', 'PATCH orders/10'],
    ['delete', 'pending', 'DELETE orders/10'],
    ['update', 'unknown', 'PATCH orders/10'],
  ]) {
    const page = await openBrowser(t)
    const { server, client, engine, orders } = page
    const storage = newStorage()
    await queueOffline(client, storage)
    server.holds = isWrite
    mutate(client, orders.create(), { data: { status: 'pending' } })
    const [{ token, operations }] = engine.layers
    mutate(client, orders[type](queued), { id: token, ...(type === 'update' && { data: { status: 'shipped' } }) })
    const request = await server.held('POST')
    await storage.holds(1)

    const after = net.reload(server, page)
    // As the page was rendered that the server sent meanwhile, when it knew of the create and when it did not.
    const known = { pending: [{ token, operations }], unknown: [token] }
    after.engine.hydrate({ api: server.api, generation: 'g1', version: 1, [knows]: known[knows] })
    after.engine.start()
    await queueOffline(after.client, storage)
    await roundTrips(after.client, after.orders)
    const settled = allSettled(after.engine, 2)
    server.holds = () => false
    request.release()
    assert.deepEqual((await settled).map(({ state }) => state), ['committed', 'committed'])
    const sent = server.log.filter(isWrite).map(({ method, path }) => `${method} ${path}`)
    assert.deepEqual(sent, ['POST orders', expected])
    assert.equal(server.find('orders', 10)?.status, type === 'update' ? 'shipped' : undefined)
    await storage.holds(0)
  }
})

test('a document created offline and changed after is created and changed after a reload', async (t) => {
  const net = network(t)
  const page = await openBrowser(t)
  const { server, client, engine, orders } = page
  const storage = newStorage()
  await queueOffline(client, storage)
  net.setOnline(false)
  mutate(client, orders.create(queued), { data: { status: 'pending' } })
  mutate(client, orders.update(queued), { id: engine.layers[0].token, data: { status: 'shipped' } })
  await storage.holds(2)
  const after = net.reload(server, page)
  await queueOffline(after.client, storage)
  const settled = allSettled(after.engine, 2)
  net.setOnline(true)
  await settled
  assert.deepEqual(server.log.filter(isWrite).map(({ method, path }) => `${method} ${path}`), ['POST orders', 'PATCH orders/10'])
  assert.equal(server.find('orders', 10).status, 'shipped')
})

test("the queue of another user is never sent, nor is what is older than the server's memory", async (t) => {
  network(t)
  const page = await openBrowser(t)
  const { server, orders } = page
  const stored = (token) => ({ state: { variables: {
    token, api: server.api, variables: {}, operations: [{ type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }],
  } } })
  const storage = newStorage()
  storage.put({ buster: 'ada', timestamp: 0, clientState: { queries: [], mutations: [stored(createToken())] } })
  await queueOffline(page.client, { ...storage, buster: 'grace' })
  assert.deepEqual(page.engine.layers, [])

  const old = createToken().replace(/^.{8}/, '01900000')
  storage.put({ buster: 'ada', timestamp: 0, clientState: { queries: [], mutations: [stored(old)] } })
  const after = openTab(t, server)
  const settled = allSettled(after.engine, 1)
  await queueOffline(after.client, { ...storage, buster: 'ada' })
  const [{ state, error }] = await settled
  assert.deepEqual([state, error.code], ['expired', 'ERR_OPTIMISTIC_OUTCOME_UNKNOWN'])
  await storage.holds(0)
  assert.deepEqual(writes(server), [])
  assert.equal((await after.client.fetchQuery(orders.find())).docs[0].status, 'pending')
})

test('two tabs keep one queue, and neither takes what the other queued out of it', async (t) => {
  const { setOnline } = network(t)
  const { server, client, engine, orders } = await openBrowser(t)
  const storage = newStorage()
  const tab = openTab(t, server)
  await Promise.all([queueOffline(client, storage), queueOffline(tab.client, storage)])
  setOnline(false)
  const saved = [mutate(client, orders.update(queued), { id: 7, data: { note: 'one' } })]
  await storage.holds(1)
  saved.push(mutate(tab.client, tab.orders.update(queued), { id: 8, data: { note: 'two' } }))
  await storage.holds(2)
  assert.deepEqual(storage.tokens(), [engine, tab.engine].map(({ layers: [{ token }] }) => token))
  setOnline(true)
  await Promise.all(saved)
  await storage.holds(0)
})

test('what waits for the network holds up no other tab, which hears at once that there is none', async (t) => {
  const { setOnline } = network(t)
  globalThis.navigator.locks = newLocks()
  const { server, client, orders } = await openBrowser(t)
  const tab = openTab(t, server)
  await queueOffline(client, newStorage())
  setOnline(false)
  const saved = mutate(client, orders.update(queued), { id: 7, data: { note: 'queued' } })
  const other = mutate(tab.client, tab.orders.update(), { id: 7, data: { note: 'other' } })
  const aWhileLater = tab.client.fetchQuery(tab.orders.findByID(9)).then(() => assert.fail('it waits'))
  await assert.rejects(Promise.race([other, aWhileLater]), { code: 'ERR_OPTIMISTIC_UNREACHABLE' })
  await aWhileLater.catch(() => {})
  setOnline(true)
  assert.equal((await saved).note, 'queued')
})
