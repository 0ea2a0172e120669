import assert from 'node:assert/strict'
import test from 'node:test'
import { dehydrate, hydrate, QueryClient } from '@tanstack/react-query'
import { mount, mutate, openBrowser, settledQuery, statusOf, when } from './support/browser.js'

const holdsPatch = ({ method }) => method === 'PATCH'
const idle = (client) => when(client, () => client.isFetching() === 0 && client.isMutating() === 0)

test('an update shows at once in every query that holds the document, with no value between old and new', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  const detail = await mount(t, client, orders.findByID(7), statusOf(7))
  const other = await mount(t, client, orders.findByID(8))
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  assert.equal(list.value(), 'shipped')
  assert.equal(detail.value(), 'shipped')
  ;(await server.held('PATCH')).release()
  assert.equal((await saved).status, 'shipped')
  await idle(client)
  assert.deepEqual(list.values, ['pending', 'shipped'])
  assert.deepEqual(detail.values, ['pending', 'shipped'])
  assert.equal(other.values.length, 1)
})

test('an update that fails takes back only what it changed, and the others stay', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find())
  const order8 = list.data().docs[1]
  server.holds = holdsPatch
  const first = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const second = mutate(client, orders.update(), { id: 7, data: { note: 'call first' } })
  const third = mutate(client, orders.update(), { id: 9, data: { status: 'delivered' } })
  assert.equal(list.data().docs[1], order8, 'an order that nobody touched keeps its identity')
  ;(await server.held('PATCH', 'orders/7')).release('rollback')
  await assert.rejects(first, { code: 'ERR_OPTIMISTIC_REFUSED', status: 500, committed: false })
  assert.equal(list.data().docs[0].status, 'pending')
  assert.equal(list.data().docs[0].note, 'call first')
  assert.equal(list.data().docs[2].status, 'delivered')
  ;(await server.held('PATCH', 'orders/7')).release('rollback')
  await assert.rejects(second)
  assert.equal(list.data().docs[0].note, null)
  ;(await server.held('PATCH', 'orders/9')).release('rollback')
  await assert.rejects(third)
  const populated = (order) => ({ ...order, customer: server.find('customers', order.customer) })
  assert.deepEqual(list.data().docs, server.tables.orders.map(populated))
})

test('updates of one document are sent one after another, and those of others beside them', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  await mount(t, client, orders.find())
  server.holds = holdsPatch
  const saved = [
    mutate(client, orders.update(), { id: 7, data: { status: 'processing' } }),
    mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } }),
    mutate(client, orders.update(), { id: 8, data: { status: 'shipped' } }),
  ]
  await server.held('PATCH', 'orders/8')
  assert.deepEqual(server.waiting.map(({ body }) => body.status), ['processing', 'shipped'])
  assert.equal(server.waiting.filter(({ path }) => path === 'orders/7').length, 1)
  ;(await server.held('PATCH', 'orders/7')).release()
  await saved[0]
  ;(await server.held('PATCH', 'orders/7')).release()
  ;(await server.held('PATCH', 'orders/8')).release()
  await Promise.all(saved)
  const tokens = server.log.filter(holdsPatch).map(({ token }) => token)
  assert.equal(new Set(tokens).size, 3)
  assert.equal(server.find('orders', 7).status, 'shipped')
})

test('a refetch in mid-flight shows the overlay over the fresh answer', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  server.write('orders', 7, { note: 'by another' })
  await client.refetchQueries(orders.find())
  assert.equal(list.data().docs[0].status, 'shipped')
  assert.equal(list.data().docs[0].note, 'by another')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.equal(list.data().docs[0].status, 'pending')
  assert.equal(list.data().docs[0].note, 'by another')
})

test('an answer from before the commit keeps the overlay, one from after it ends it', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = ({ method, path }) => method === 'PATCH' || path === 'orders'
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const refetched = client.refetchQueries(orders.find())
  const early = await server.held('GET')
  ;(await server.held('PATCH')).release()
  early.release()
  await saved
  await server.held('GET')
  assert.equal(engine.layers.length, 1)
  assert.equal(list.value(), 'shipped')
  ;(await server.held('GET')).release()
  await refetched
  await when(client, () => client.isFetching() === 0)
  assert.equal(engine.layers.length, 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('a committed overlay stays on a query that nobody looks at, until that is read again', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.findByID(7))
  await mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const query = client.getQueryCache().find({ queryKey: orders.findByID(7).queryKey })
  assert.equal(query.state.data.status, 'shipped')
  assert.equal(query.state.isInvalidated, true)
  assert.equal(engine.layers.length, 1)
  server.write('orders', 7, { status: 'delivered' })
  const detail = await mount(t, client, orders.findByID(7), statusOf(7))
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(detail.values.slice(-1), ['delivered'])
  assert.equal(engine.layers.length, 0)
})

test('without versions an answer counts as newer when its fetch began after the commit was learned', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.sendsVersions = false
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = ({ method, path }) => method === 'PATCH' || path === 'orders'
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  ;(await server.held('PATCH')).release()
  await saved
  assert.equal(engine.layers.length, 1)
  ;(await server.held('GET')).release()
  await when(client, () => client.isFetching() === 0)
  assert.equal(engine.layers.length, 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('a first load under way during a commit shows the change, and is repeated', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = ({ method }) => method === 'GET'
  const mounted = mount(t, client, orders.findByID(7), statusOf(7))
  const early = await server.held('GET')
  await mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  early.release()
  const detail = await mounted
  assert.equal(detail.value(), 'shipped')
  ;(await server.held('GET')).release()
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(detail.values, ['shipped'])
})

test('a first load cancelled in mid-flight leaves nothing, and the next one shows the overlay', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = () => true
  client.prefetchQuery(orders.findByID(7))
  await server.held('GET')
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  await client.cancelQueries(orders.findByID(7))
  assert.deepEqual(
    [client.getQueryState(orders.findByID(7).queryKey)].map(({ status, fetchStatus }) => [status, fetchStatus]),
    [['pending', 'idle']]
  )
  server.holds = holdsPatch
  assert.equal((await client.fetchQuery(orders.findByID(7))).status, 'pending', 'a fetch resolves with what was read')
  assert.equal(client.getQueryData(orders.findByID(7).queryKey).status, 'shipped')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.equal(client.getQueryData(orders.findByID(7).queryKey).status, 'pending')
})

test('a cancelled refetch that reverts to an older state keeps the overlays of now', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = () => true
  const first = mutate(client, orders.update(), { id: 7, data: { status: 'processing' } })
  client.refetchQueries(orders.find())
  await server.held('GET')
  mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  await client.cancelQueries(orders.find())
  assert.equal(list.value(), 'shipped')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(first)
  assert.deepEqual(list.values, ['pending', 'processing', 'shipped'])
})

test('setQueryData in mid-flight becomes the base, without the overlay it was made from', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  client.setQueryData(orders.find().queryKey, (shown) => ({
    ...shown,
    docs: shown.docs.map((order) => (order.id === 7 ? { ...order, note: 'mine' } : order)).slice(0, 2),
  }))
  assert.deepEqual([list.data().docs[0].status, list.data().docs[0].note], ['shipped', 'mine'])
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.deepEqual([list.data().docs[0].status, list.data().docs[0].note], ['pending', 'mine'])
  assert.equal(list.data().docs.length, 2)
})

test('writing the overlay changes neither the age of a query nor whether it is invalidated', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.find())
  const query = client.getQueryCache().find({ queryKey: orders.find().queryKey })
  await client.invalidateQueries({ ...orders.find(), refetchType: 'none' })
  const { data, ...before } = query.state
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const { data: shown, ...during } = query.state
  assert.notEqual(shown, data)
  assert.deepEqual(during, before)
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.deepEqual(query.state, { data, ...before })
})

test('dehydrating with TanStack in mid-flight gives the base', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  await mount(t, client, orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const state = JSON.parse(JSON.stringify(dehydrate(client)))
  const other = new QueryClient()
  t.after(() => other.clear())
  hydrate(other, state)
  assert.equal(other.getQueryData(orders.find().queryKey).docs[0].status, 'pending')
  ;(await server.held('PATCH')).release()
  await saved
})

test('a query that TanStack hydrates in mid-flight shows the overlay', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const other = new QueryClient()
  t.after(() => other.clear())
  await other.prefetchQuery(orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  hydrate(client, dehydrate(other))
  assert.equal(client.getQueryData(orders.find().queryKey).docs[0].status, 'shipped')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.equal(client.getQueryData(orders.find().queryKey).docs[0].status, 'pending')
})

test('clearing the client in mid-flight leaves nothing behind, and what is read next is right', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  client.clear()
  await client.fetchQuery(orders.find())
  assert.equal(client.getQueryData(orders.find().queryKey).docs[0].status, 'shipped')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.equal(client.getQueryData(orders.find().queryKey).docs[0].status, 'pending')
  assert.equal(engine.layers.length, 0)
})

test('an onSuccess that throws does not take a committed change back', async (t) => {
  const { client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  const onSuccess = () => {
    throw new Error('mine')
  }
  await assert.rejects(mutate(client, { ...orders.update(), onSuccess }, { id: 7, data: { status: 'shipped' } }), {
    message: 'mine',
  })
  await idle(client)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('an onMutate that throws after ours leaves nothing, and nothing is sent', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  const update = orders.update()
  const onMutate = async (variables, context) => {
    update.onMutate(variables, context)
    throw new Error('mine')
  }
  await assert.rejects(mutate(client, { ...update, onMutate }, { id: 7, data: { status: 'shipped' } }), /mine/)
  assert.equal(list.value(), 'pending')
  assert.equal(engine.pending.length, 0)
  assert.equal(server.log.some(holdsPatch), false)
  await mutate(client, update, { id: 7, data: { status: 'shipped' } })
})

test('an update whose own onMutate is replaced still shows and is sent', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, { ...orders.update(), onMutate: () => 'mine' }, { id: 7, data: { status: 'shipped' } })
  const request = await server.held('PATCH')
  assert.equal(list.value(), 'shipped')
  request.release()
  await saved
})

test('a retry keeps token and overlay, and a re-render that swaps the callbacks does not disturb it', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const options = { ...orders.update(), retry: 1, retryDelay: 0 }
  const saved = mutate(client, options, { id: 7, data: { status: 'shipped' } })
  ;(await server.held('PATCH')).release('before')
  const again = await server.held('PATCH')
  assert.equal(list.value(), 'shipped')
  const called = []
  saved.observer.setOptions({ ...orders.update(), retry: 1, onSuccess: () => called.push('new') })
  again.release()
  await saved
  await idle(client)
  assert.deepEqual(called, ['new'])
  const [first, second] = server.log.filter(holdsPatch)
  assert.equal(first.token, second.token)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('an update that fails for good after retries is taken back', async (t) => {
  const { client, server, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, { ...orders.update(), retry: 1, retryDelay: 0 }, { id: 7, data: { status: 'shipped' } })
  ;(await server.held('PATCH')).release('rollback')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(saved)
  assert.equal(engine.pending.length, 0)
  assert.deepEqual(list.values, ['pending', 'shipped', 'pending'])
})

test('an update of which nobody knows the outcome after all retries is read again', async (t) => {
  const { client, server, orders } = await openBrowser(t)
  await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const reads = () => server.log.filter(({ method, path }) => method === 'GET' && path === 'orders').length
  const saved = mutate(client, { ...orders.update(), retry: 1, retryDelay: 0 }, { id: 7, data: { status: 'shipped' } })
  ;(await server.held('PATCH')).release('before')
  ;(await server.held('PATCH')).release('before')
  await assert.rejects(saved)
  await when(client, () => client.isFetching() === 0)
  assert.equal(reads(), 2)
})

test('the same variables mutated twice are two updates with two tokens', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const variables = { id: 7, data: { status: 'shipped' } }
  await Promise.all([mutate(client, orders.update(), variables), mutate(client, orders.update(), variables)])
  const [first, second] = server.log.filter(holdsPatch)
  assert.notEqual(first.token, second.token)
})

test('what a hook made of the change shows as soon as the server answered', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const request = await server.held('PATCH')
  request.body.status = 'processing'
  request.release()
  await saved
  assert.equal(client.getQueryData(orders.find().queryKey).docs[0].status, 'processing')
})

test('settling an update reads the lists and counts of its collection again, and no other query', async (t) => {
  const { server, client, orders, customers } = await openBrowser(t)
  for (const options of [orders.find(), orders.count(), orders.findByID(7), orders.findByID(8), customers.find()]) {
    await mount(t, client, options)
  }
  server.log.length = 0
  await mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  await idle(client)
  const read = server.log.filter(({ method }) => method === 'GET').map(({ path }) => path)
  assert.deepEqual(read.sort(), ['orders', 'orders/7', 'orders/count'])
  server.holds = holdsPatch
  server.log.length = 0
  const refused = mutate(client, orders.update(), { id: 7, data: { status: 'delivered' } })
  ;(await server.held('PATCH')).release('invalid')
  await assert.rejects(refused)
  await settledQuery(client, orders.find())
  const asked = server.log.filter(({ method }) => method === 'GET').map(({ path }) => path.split('/')[0])
  assert.deepEqual(asked, ['optimistic'], 'a rollback is exact: only the outcome was asked for')
})

test('a customer changed shows in the orders that are populated with it', async (t) => {
  const { server, client, orders, customers } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), (data) => data.docs.map(({ customer }) => customer.name).join())
  server.holds = holdsPatch
  const saved = mutate(client, customers.update(), { id: 1, data: { name: 'Lovelace' } })
  assert.equal(list.value(), 'Lovelace,Grace,Lovelace')
  ;(await server.held('PATCH')).release()
  await saved
  await idle(client)
  assert.deepEqual(list.values, ['Ada,Grace,Ada', 'Lovelace,Grace,Lovelace'])
})
