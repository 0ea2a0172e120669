/** What there is besides one update of one document: creates, deletes, globals, several documents, own functions. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { dehydrate, hydrate, InfiniteQueryObserver, QueryClient } from '@tanstack/react-query'
import { documents, global as globalOf, optimistic } from '../../lib/query/index.js'
import { mount, mutate, openBrowser, statusOf, when } from './support/browser.js'

const holdsWrites = ({ method }) => method !== 'GET'
const idle = (client) => when(client, () => client.isFetching() === 0 && client.isMutating() === 0)

test('mutations of a document that is being created wait for its id, and go to the real one', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = holdsWrites
  const created = mutate(client, orders.create(), { data: { status: 'pending', note: 'new' } })
  const { id } = engine.layers[0].operations[0]
  assert.equal(id, engine.layers[0].token)
  const updated = mutate(client, orders.update(), { id, data: { status: 'shipped' } })
  assert.deepEqual(server.waiting.length, 0)
  ;(await server.held('POST', 'orders')).release()
  assert.deepEqual((await created).id, 10)
  const patch = await server.held('PATCH')
  assert.equal(patch.path, 'orders/10')
  patch.release()
  assert.equal((await updated).status, 'shipped')
  server.holds = () => false
  assert.equal((await mutate(client, orders.update(), { id, data: { note: 'later' } })).id, 10)
  assert.equal(orders.key({ id: 10 }), id, 'its React key stays')
  assert.equal(orders.key({ id: 7 }), 7)
})

test('mutations of a document whose create failed fail with it, and are not sent', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = holdsWrites
  const created = mutate(client, orders.create(), { data: { note: 'new' } })
  const updated = mutate(client, orders.update(), { id: engine.layers[0].token, data: { note: 'newer' } })
  ;(await server.held('POST', 'orders')).release('rollback')
  await assert.rejects(created, { code: 'ERR_OPTIMISTIC_REFUSED' })
  await assert.rejects(updated, { code: 'ERR_OPTIMISTIC_REFUSED', message: /was not created/ })
  assert.equal(server.log.some(({ method }) => method === 'PATCH'), false)
  assert.deepEqual(engine.layers, [])
})

test('delete() deletes, and create() and delete() refuse what they cannot take', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  assert.equal((await mutate(client, orders.delete(), { id: 7 })).id, 7)
  assert.equal(server.find('orders', 7), undefined)
  for (const [options, variables] of [
    [orders.delete(), {}],
    [orders.delete(), { ids: [] }],
    [orders.create(), { data: 'x' }],
  ]) {
    await assert.rejects(mutate(client, options, variables), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  }
})

test('several documents change in one mutation, and of those that are refused the change is taken back', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), ({ docs }) => docs.map(({ note }) => note).join())
  server.holds = holdsWrites
  const saved = mutate(client, orders.update(), { ids: [7, 9], data: { note: 'x' } })
  assert.equal(list.value(), 'x,gift,x')
  ;(await server.held('PATCH')).release('partly')
  await assert.rejects(saved, {
    code: 'ERR_OPTIMISTIC_PARTLY',
    committed: false,
    errors: [{ id: 9, message: 'Not that one.', path: undefined }],
  })
  assert.equal(list.value(), 'x,gift,')
  await idle(client)
  server.holds = () => false
  assert.deepEqual((await mutate(client, orders.update(), { ids: [7, 8], data: { note: 'y' } })).map(({ id }) => id), [7, 8])
  await idle(client)
  assert.deepEqual(list.values, [',gift,', 'x,gift,x', 'x,gift,', 'y,y,'])
})

test('a global changes at once, and back', async (t) => {
  const { server, client } = await openBrowser(t)
  const settings = globalOf('settings', { api: server.api })
  const shown = await mount(t, client, settings.findGlobal(), ({ id, title }) => `${id} ${title}`)
  server.holds = holdsWrites
  const refused = mutate(client, settings.update(), { data: { title: 'Market' } })
  assert.equal(shown.value(), '1 Market')
  ;(await server.held('POST')).release('rollback')
  await assert.rejects(refused)
  const saved = mutate(client, settings.update(), { data: { title: 'Bazaar' } })
  ;(await server.held('POST')).release()
  assert.equal((await saved).title, 'Bazaar')
  await idle(client)
  assert.deepEqual(shown.values, ['1 Shop', '1 Market', '1 Shop', '1 Bazaar'])
})

for (const fails of [false, true]) {
  test(`a function of one's own that ${fails ? 'fails takes the change back' : 'ends well keeps it'}`, async (t) => {
    const { server, client, orders } = await openBrowser(t)
    const list = await mount(t, client, orders.find(), statusOf(7))
    const mutationFn = async (id, { token, headers }) => {
      assert.equal(headers['Idempotency-Key'], `"${token}"`)
      assert.equal(list.value(), 'shipped')
      if (fails) throw new Error('mine')
      server.write('orders', id, { status: 'shipped' })
      return 'done'
    }
    const operations = (id) => [{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }]
    const done = mutate(client, optimistic({ operations, mutationFn, api: server.api }), 7)
    if (fails) await assert.rejects(done, { message: 'mine' })
    else assert.equal(await done, 'done')
    await idle(client)
    assert.deepEqual(list.values, fails ? ['pending', 'shipped', 'pending'] : ['pending', 'shipped'])
  })
}

test("the user's callbacks run in TanStack's order, after the change shows and after it is settled", async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  const seen = []
  const note = (name) => () => void seen.push(`${name} ${list.value()} ${engine.pending.length}`)
  const callbacks = Object.fromEntries(['onMutate', 'onError', 'onSuccess', 'onSettled'].map((name) => [name, note(name)]))
  await mutate(client, { ...orders.update(), ...callbacks }, { id: 7, data: { status: 'shipped' } })
  server.holds = holdsWrites
  const refused = mutate(client, { ...orders.update(), ...callbacks }, { id: 7, data: { status: 'delivered' } })
  ;(await server.held('PATCH')).release('invalid')
  await assert.rejects(refused)
  assert.deepEqual(seen, [
    'onMutate shipped 1',
    'onSuccess shipped 0',
    'onSettled shipped 0',
    'onMutate delivered 1',
    'onError shipped 0',
    'onSettled shipped 0',
  ])
})

test('with coalesce, fifty changes are two requests, the last of which wins, and all hear of it', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  engine.shapes = { orders: { groups: ['address'] } }
  const list = await mount(t, client, orders.find(), ({ docs }) => docs[0].total)
  server.holds = holdsWrites
  const all = [mutate(client, orders.update({ coalesce: true }), { id: 7, data: { total: 0 } })]
  all.push(mutate(client, orders.update({ coalesce: true }), { id: 7, data: { address: { city: 'Antwerp' } } }))
  for (let total = 1; total < 50; total++) {
    all.push(mutate(client, orders.update({ coalesce: true }), { id: 7, data: { total, address: { street: `${total}` } } }))
    assert.equal(list.value(), total)
  }
  ;(await server.held('PATCH')).release()
  await all[0]
  const second = await server.held('PATCH')
  assert.deepEqual(second.body, { address: { city: 'Antwerp', street: '49' }, total: 49 })
  second.release()
  const answers = await Promise.all(all)
  assert.ok(answers.slice(1).every(({ total }) => total === 49))
  await idle(client)
  assert.equal(server.log.filter(({ method }) => method === 'PATCH').length, 2)
  assert.deepEqual(list.values, [10, ...Array.from({ length: 50 }, (_, total) => total)])
})

test('an infinite query shows a change on each of its pages, and keeps it while more are loaded', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const observer = new InfiniteQueryObserver(client, orders.infinite({ limit: 2 }))
  t.after(observer.subscribe(() => {}))
  const shown = () => observer.getCurrentResult().data.pages.map(({ docs }) => docs.map(({ note }) => note).join()).join('|')
  await when(client, () => client.isFetching() === 0)
  server.holds = holdsWrites
  const refused = mutate(client, orders.update(), { ids: [7, 9], data: { note: 'x' } })
  assert.equal(shown(), 'x,gift')
  await observer.fetchNextPage()
  assert.equal(shown(), 'x,gift|x')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(refused)
  assert.equal(shown(), ',gift|')
})

test("documents() lets a query of the user's own take part", async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const queryFn = () => ({ latest: { orders: structuredClone(server.tables.orders) }, best: structuredClone(server.find('orders', 7)) })
  const options = documents({ queryKey: ['dashboard'], queryFn }, { 'latest.orders': 'orders', best: 'orders' })
  const board = await mount(t, client, options, ({ best, latest }) => `${best.status} ${latest.orders[0].status}`)
  server.holds = holdsWrites
  const refused = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  assert.equal(board.value(), 'shipped shipped')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(refused)
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  ;(await server.held('PATCH')).release()
  await saved
  await idle(client)
  assert.deepEqual(board.values, ['pending pending', 'shipped shipped', 'pending pending', 'shipped shipped'])
})

test('dehydrating in mid-flight gives the base, whoever serializes', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsWrites
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const statuses = [{}, { serializeData: (data) => structuredClone(data) }].map(
    (options) => dehydrate(client, options).queries[0].state.data.docs[0].status
  )
  assert.deepEqual(statuses, ['pending', 'pending'])
  await undefined
  assert.equal(client.getQueryData(orders.find().queryKey).docs[0].status, 'shipped')
  ;(await server.held('PATCH')).release()
  await saved
  await idle(client)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

for (const minutes of [-5, 5]) {
  test(`what a server whose clock is ${minutes} minutes off dehydrated does not replace what is newer`, async (t) => {
    const { server, client, orders } = await openBrowser(t)
    const other = new QueryClient()
    t.after(() => other.clear())
    await other.prefetchQuery(orders.find())
    const state = structuredClone(dehydrate(other))
    for (const query of state.queries) {
      query.dehydratedAt += minutes * 60_000
      query.state.dataUpdatedAt += minutes * 60_000
    }
    server.write('orders', 7, { status: 'shipped' })
    const list = await mount(t, client, orders.find(), statusOf(7))
    hydrate(client, state)
    await when(client, () => client.isFetching() === 0)
    await idle(client)
    assert.deepEqual(list.values, ['shipped'])
  })
}

test('an answer that streams in from a server that read it before the commit does not end the overlay', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const old = { docs: structuredClone(server.tables.orders), totalDocs: 3 }
  await mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const saved = mutate(client, orders.update(), { id: 7, data: { status: 'delivered' } })
  await saved
  let arrive
  const promise = new Promise((resolve) => (arrive = resolve))
  const { queryKey } = orders.find()
  const [queryHash, dehydratedAt] = [JSON.stringify(queryKey), Date.now()]
  const state = { data: undefined, status: 'pending', fetchStatus: 'fetching', dataUpdatedAt: 0 }
  server.holds = holdsWrites
  const third = mutate(client, orders.update(), { id: 7, data: { status: 'cancelled' } })
  hydrate(client, { mutations: [], queries: [{ queryKey, queryHash, dehydratedAt, state, promise }] })
  ;(await server.held('PATCH')).release()
  await third
  assert.equal(engine.layers.length, 1)
  const list = mount(t, client, orders.find(), statusOf(7))
  arrive(old)
  const { values } = await list
  await idle(client)
  assert.deepEqual(values, ['cancelled'])
})
