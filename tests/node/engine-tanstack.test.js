/**
 * What TanStack Query does on its own stays as it is under the engine: gc, focus, retries, pausing, resuming; and
 * clocks that are off.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { dehydrate, focusManager, hydrate, onlineManager } from '@tanstack/react-query'
import { mount, mutate, openBrowser, openTab, statusOf, when } from './support/browser.js'
import { SHAPES } from './support/rest-server.js'

const isWrite = ({ method }) => method !== 'GET'
const writes = (server) => server.log.filter(isWrite)
const shipped = { id: 7, data: { status: 'shipped' } }
const idle = (client) => when(client, () => client.isFetching() === 0 && client.isMutating() === 0)

function offline(t) {
  t.after(() => onlineManager.setOnline(true))
  onlineManager.setOnline(false)
}

test('a query that is collected in mid-flight takes nothing with it, and shows the change when it is back', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const options = { ...orders.find(), gcTime: 0 }
  const first = await mount(t, client, options, statusOf(7))
  server.holds = isWrite
  const saved = mutate(client, orders.update(), shipped)
  const query = client.getQueryCache().find(options)
  first.observer.destroy()
  await when(client, () => !client.getQueryCache().find(options))
  assert.equal(engine.pending.length, 1)
  const second = await mount(t, client, options, statusOf(7))
  assert.notEqual(client.getQueryCache().find(options), query)
  assert.equal(second.value(), 'shipped')
  ;(await server.held('PATCH')).release()
  await saved
  await idle(client)
  assert.deepEqual(second.values, ['shipped'])
  assert.deepEqual(engine.layers, [])
})

test('a committed change is forgotten when the last query that needed it is collected', async (t) => {
  const { client, engine, orders } = await openBrowser(t)
  const options = { ...orders.findByID(7), gcTime: 0 }
  const { observer } = await mount(t, client, { ...options, enabled: false })
  client.setQueryData(options.queryKey, { id: 7, status: 'pending' })
  await mutate(client, orders.update(), shipped)
  assert.equal(engine.layers.length, 1, 'the disabled query is not read again')
  observer.destroy()
  await when(client, () => !client.getQueryCache().find(options))
  assert.deepEqual(engine.layers, [])
})

test('a mutation that nobody observes is sent and settled, and collected after that', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = isWrite
  const saved = mutate(client, { ...orders.update(), gcTime: 0 }, shipped)
  saved.observer.reset()
  assert.equal(list.value(), 'shipped')
  ;(await server.held('PATCH')).release()
  await when(client, () => client.getMutationCache().getAll().length === 0)
  await idle(client)
  assert.deepEqual([engine.pending, list.values], [[], ['pending', 'shipped']])
})

test('a mutation that its user lets TanStack pause shows, waits, and is sent once when it goes on', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  offline(t)
  const saved = mutate(client, { ...orders.update(), networkMode: 'online' }, shipped)
  const [mutation] = client.getMutationCache().getAll()
  await when(client, () => mutation.state.isPaused)
  assert.equal(list.value(), 'shipped')
  const [{ token }] = engine.layers
  assert.deepEqual(writes(server), [])
  onlineManager.setOnline(true)
  assert.equal((await saved).status, 'shipped')
  assert.deepEqual(writes(server).map((one) => one.token), [token])
  await idle(client)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('a paused mutation that TanStack dehydrates shows in the client that it is hydrated into, and keeps its token', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  offline(t)
  mutate(client, { ...orders.update(), networkMode: 'online' }, shipped)
  const [mutation] = client.getMutationCache().getAll()
  await when(client, () => mutation.state.isPaused)
  const [{ token }] = engine.layers
  const state = JSON.parse(JSON.stringify(dehydrate(client)))
  assert.equal(state.mutations.length, 1)

  const tab = openTab(t, server)
  onlineManager.setOnline(true)
  tab.client.setMutationDefaults(['payload', 'orders', 'update'], tab.orders.update())
  const list = await mount(t, tab.client, tab.orders.find(), statusOf(7))
  hydrate(tab.client, state)
  assert.equal(list.value(), 'shipped')
  assert.deepEqual(tab.engine.pending.map((one) => one.token), [token])
  await tab.client.resumePausedMutations()
  assert.ok(writes(server).every((one) => one.token === token))
  assert.equal(server.version, 2)
  await idle(tab.client)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

for (const end of [undefined, 'rollback']) {
  test(`a tab that is looked at again in mid-flight reads again, and shows what is ${end ? 'refused' : 'saved'} to its end`, async (t) => {
    t.after(() => focusManager.setFocused(undefined))
    const { server, client, engine, orders } = await openBrowser(t)
    const list = await mount(t, client, { ...orders.find(), staleTime: 0 }, statusOf(7))
    server.holds = () => true
    const saved = mutate(client, orders.update(), shipped)
    focusManager.setFocused(false)
    focusManager.setFocused(true)
    const early = await server.held('GET')
    server.holds = isWrite
    early.release()
    await when(client, () => client.isFetching() === 0)
    ;(await server.held('PATCH')).release(end)
    await (end ? assert.rejects(saved) : saved)
    focusManager.setFocused(false)
    focusManager.setFocused(true)
    await idle(client)
    assert.deepEqual(list.values, end ? ['pending', 'shipped', 'pending'] : ['pending', 'shipped'])
    assert.deepEqual(engine.layers, [])
  })
}

test('a read that fails in mid-flight is tried again as TanStack does, over what is pending', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = () => true
  const saved = mutate(client, orders.update(), shipped)
  const reading = client.fetchQuery({ ...orders.findByID(7), retry: 1, retryDelay: 0 })
  ;(await server.held('GET')).release('fail')
  const again = await server.held('GET')
  assert.equal(client.getQueryState(orders.findByID(7).queryKey).fetchFailureCount, 1)
  again.release()
  await reading
  assert.equal(client.getQueryData(orders.findByID(7).queryKey).status, 'shipped')
  server.holds = isWrite
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.equal(client.getQueryData(orders.findByID(7).queryKey).status, 'pending')
})

for (const minutes of [-5, 5]) {
  test(`with the browser's clock ${minutes} minutes off, and set right in mid-flight, what shows is the same`, async (t) => {
    const { now } = Date
    t.after(() => (Date.now = now))
    Date.now = () => now() + minutes * 60_000
    const { server, client, engine, orders } = await openBrowser(t)
    const list = await mount(t, client, orders.find(), statusOf(7))
    const page = () => ({
      api: server.api,
      generation: server.generation,
      version: server.version,
      shapes: SHAPES,
      queries: [{ queryKey: orders.find().queryKey, data: structuredClone({ docs: server.tables.orders }), version: server.version }],
    })
    const old = page()
    server.holds = isWrite
    const saved = mutate(client, orders.update(), shipped)
    Date.now = now
    const next = mutate(client, orders.update(), { id: 8, data: { status: 'shipped' } })
    assert.deepEqual(engine.pending.map(({ operations }) => operations[0].id), [7, 8], 'in the order of the actions')
    await client.refetchQueries(orders.find())
    engine.hydrate(old)
    ;(await server.held('PATCH', 'orders/7')).release()
    await saved
    engine.hydrate(structuredClone(old))
    ;(await server.held('PATCH', 'orders/8')).release()
    await next
    await idle(client)
    server.write('orders', 7, { status: 'delivered' })
    const fresh = page()
    Date.now = () => now() - minutes * 60_000
    engine.hydrate(fresh)
    engine.hydrate(structuredClone(old))
    assert.deepEqual(list.values, ['pending', 'shipped', 'delivered'])
    assert.deepEqual(engine.layers, [])
  })
}
