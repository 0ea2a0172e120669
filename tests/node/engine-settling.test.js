import assert from 'node:assert/strict'
import test from 'node:test'
import { v7 as createToken } from 'uuid'
import { Engine } from '../../lib/query/engine.js'
import { mount, mutate, openBrowser, openTab, statusOf, when } from './support/browser.js'
import { SHAPES } from './support/rest-server.js'

const holdsPatch = ({ method }) => method === 'PATCH'
const shipped = { id: 7, data: { status: 'shipped' } }
const nextSettled = (engine) =>
  new Promise((resolve) => {
    const end = engine.onSettled((settled) => (end(), resolve(settled)))
  })
const stateOf = (server, pending, queries = [], rest = {}) => ({
  api: server.api,
  generation: server.generation,
  version: server.version,
  shapes: SHAPES,
  unknown: [],
  pending: pending.map((token) => ({ token, operations: [{ type: 'update', collection: 'orders', ...shipped }] })),
  queries,
  ...rest,
})

for (const [end, code, committed, state, shows] of [
  ['before', 'ERR_OPTIMISTIC_REFUSED', false, 'unknown', ['pending', 'shipped', 'pending']],
  ['rollback', 'ERR_OPTIMISTIC_REFUSED', false, 'rolledBack', ['pending', 'shipped', 'pending']],
  ['after', 'ERR_OPTIMISTIC_COMMITTED', true, 'committed', ['pending', 'shipped']],
  ['cut', 'ERR_OPTIMISTIC_REFUSED', false, 'rolledBack', ['pending', 'shipped', 'pending']],
]) {
  test(`an update that ends in "${end}" ends in what the database says`, async (t) => {
    const { server, client, engine, orders } = await openBrowser(t)
    const list = await mount(t, client, orders.find(), statusOf(7))
    server.holds = holdsPatch
    const saved = mutate(client, orders.update(), shipped)
    const settled = nextSettled(engine)
    const request = await server.held('PATCH')
    if (end === 'cut') server.settle(request.token, 'rolledBack')
    request.release(end)
    await assert.rejects(saved, { name: 'OptimisticMutationError', code, committed })
    await when(client, () => client.isFetching() === 0)
    assert.deepEqual(list.values, shows)
    const event = await settled
    assert.deepEqual(
      [event.token, event.state, event.adopted, event.error.committed],
      [request.token, state, false, committed]
    )
    assert.deepEqual(event.operations, [{ type: 'update', collection: 'orders', ...shipped }])
  })
}

test('a refusal carries what Payload says of each field', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), { id: 7, data: { status: null } })
  ;(await server.held('PATCH')).release('invalid')
  await assert.rejects(saved, {
    code: 'ERR_OPTIMISTIC_REFUSED',
    status: 400,
    message: 'the change was not saved: The field is invalid: Status',
    errors: [{ message: 'This field is required.', path: 'status' }],
  })
})

test('a commit whose answer was lost is heard of from the same request sent again, and changes nothing twice', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), shipped)
  const settled = nextSettled(engine)
  ;(await server.held('PATCH')).release('lost')
  assert.equal((await saved).status, 'shipped')
  assert.equal((await settled).error, undefined)
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
  assert.equal(server.version, 2)
})

test('with the connection lost the change stays, and is known to be unknown, until the server can be asked', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.isDown = true
  const saved = mutate(client, orders.update(), shipped)
  await new Promise((resolve) => engine.subscribe(() => engine.pending[0]?.state === 'unknown' && resolve()))
  assert.equal(list.value(), 'shipped')
  server.isDown = false
  globalThis.dispatchEvent?.(new Event('online'))
  await assert.rejects(saved, { code: 'ERR_OPTIMISTIC_UNREACHABLE', status: undefined, committed: false })
  assert.deepEqual(list.values, ['pending', 'shipped', 'pending'])
})

test('without a network the change is taken back at once, and nothing is sent', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  globalThis.navigator = { onLine: false }
  t.after(() => delete globalThis.navigator)
  server.log.length = 0
  await assert.rejects(mutate(client, orders.update(), shipped), { code: 'ERR_OPTIMISTIC_UNREACHABLE' })
  assert.deepEqual(list.values, ['pending', 'shipped', 'pending'])
  assert.deepEqual(server.log, [])
})

test('a request that fails while its mutation still runs keeps the overlay until that settles', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), shipped)
  const { token, release } = await server.held('PATCH')
  release('running')
  await server.until(() => server.log.some(({ url }) => url.includes(token)))
  assert.equal(list.value(), 'shipped')
  server.settle(token, 'committed', { version: server.write('orders', 7, { status: 'shipped' }) })
  await assert.rejects(saved, { code: 'ERR_OPTIMISTIC_COMMITTED', committed: true })
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
})

test('of an outcome that the server does not know either the queries are read again', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), shipped)
  const { token, release } = await server.held('PATCH')
  server.settle(token, 'expired', { version: server.write('orders', 7, { status: 'delivered' }) })
  release('cut')
  await assert.rejects(saved, { code: 'ERR_OPTIMISTIC_OUTCOME_UNKNOWN' })
  await when(client, () => client.isFetching() === 0)
  assert.equal(list.value(), 'delivered')
})

const MALFORMED = [undefined, {}, { id: 7 }, { id: null, data: {} }, { id: 7, data: null }, { id: 7, data: 'x' }]
for (const variables of MALFORMED) {
  test(`update() refuses ${JSON.stringify(variables)} before anything shows or is sent`, async (t) => {
    const { server, client, engine, orders } = await openBrowser(t)
    await assert.rejects(mutate(client, orders.update(), variables), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
    assert.equal(engine.layers.length, 0)
    assert.equal(server.log.length, 0)
  })
}

test('a mutation that the page was rendered with is adopted, and its commit ends in the fresh value', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const token = createToken()
  server.begin(token)
  const data = await client.fetchQuery(orders.find())
  const tab = openTab(t, server)
  const queries = [{ queryKey: orders.find().queryKey, data, version: 1 }]
  tab.engine.hydrate(stateOf(server, [token], queries))
  assert.equal(server.log.length, 1, 'hydrating asks nobody')
  const list = await mount(t, tab.client, orders.find(), statusOf(7))
  assert.deepEqual(tab.engine.pending.map(({ token, state }) => [token, state]), [[token, 'pending']])
  tab.engine.start()
  const settled = nextSettled(tab.engine)
  server.settle(token, 'committed', { version: server.write('orders', 7, { status: 'shipped' }) })
  assert.deepEqual(await settled, {
    token,
    state: 'committed',
    error: undefined,
    operations: [{ type: 'update', collection: 'orders', ...shipped }],
    adopted: true,
  })
  await when(tab.client, () => tab.client.isFetching() === 0)
  assert.deepEqual(list.values, ['shipped'])
  assert.equal(tab.engine.layers.length, 0)
  assert.equal(engine.layers.length, 0)
})

for (const end of ['rolledBack', 'unknown']) {
  test(`an adopted mutation that is ${end} leaves the page by itself`, async (t) => {
    const { server, client, engine, orders } = await openBrowser(t)
    const token = createToken()
    server.begin(token)
    engine.hydrate(stateOf(server, [token]))
    const list = await mount(t, client, orders.find(), statusOf(7))
    assert.equal(list.value(), 'shipped')
    engine.start()
    const settled = nextSettled(engine)
    await server.until(() => server.log.some(({ url }) => url.includes(token)))
    if (end === 'unknown') server.mutations.delete(token)
    else server.settle(token, end, { error: 'refused by a hook' })
    server.begin('wakes the polls')
    const { state, error } = await settled
    assert.equal(state, end)
    assert.equal(error.committed, false)
    assert.equal(list.value(), 'pending')
  })
}

test('a token that settled here is not brought back by a page rendered before that', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), shipped)
  const { token, release } = await server.held('PATCH')
  const older = stateOf(server, [token])
  release('rollback')
  await assert.rejects(saved)
  engine.hydrate(older)
  engine.start()
  assert.equal(engine.pending.length, 0)
  assert.ok(engine.settled.has(token))
  assert.deepEqual(list.values, ['pending', 'shipped', 'pending'])
})

test('a page rendered with a mutation of this very tab does not show it twice, nor poll it', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.find())
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), shipped)
  const { token, release } = await server.held('PATCH')
  engine.hydrate(stateOf(server, [token]))
  engine.start()
  assert.equal(engine.layers.length, 1)
  release()
  await saved
  assert.equal(server.log.some(({ url }) => url.includes(token)), false)
})

test('two tabs show and settle one mutation, whichever of them began it', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = holdsPatch
  const saved = mutate(client, orders.update(), shipped)
  const { token, release } = await server.held('PATCH')
  const tab = openTab(t, server)
  tab.engine.hydrate(stateOf(server, [token]))
  tab.engine.start()
  const other = await mount(t, tab.client, orders.find(), statusOf(7))
  const settled = nextSettled(tab.engine)
  release()
  await saved
  assert.equal((await settled).state, 'committed')
  await when(tab.client, () => tab.client.isFetching() === 0)
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values, ['pending', 'shipped'])
  assert.deepEqual(other.values, ['shipped'])
})

test('page state replaces an older base and never a newer one, whatever the clocks say', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const queryKey = orders.findByID(7).queryKey
  const status = () => client.getQueryData(queryKey).status
  const page = (version, status, generation = 'g1') =>
    engine.hydrate({ generation, version, queries: [{ queryKey, data: { id: 7, status }, version }] })
  page(5, 'processing')
  page(4, 'pending')
  assert.equal(status(), 'processing')
  client.setQueryData(queryKey, (order) => order, { updatedAt: Date.now() + 1e9 })
  page(6, 'shipped')
  assert.equal(status(), 'shipped')
  server.version = 5
  await client.refetchQueries({ queryKey })
  await client.fetchQuery({ ...orders.findByID(7), staleTime: 0 })
  assert.equal(status(), 'shipped', 'an older answer of the same generation')
  page(1, 'delivered', 'g2')
  assert.equal(status(), 'delivered', 'another generation is another arena')
})

test('page state that a router gives again after the server restarted does not come back', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const options = orders.findByID(7)
  const queries = [{ queryKey: options.queryKey, data: { id: 7, status: 'old' }, version: 90 }]
  const old = { generation: 'g0', version: 90, queries }
  engine.hydrate(old)
  await client.fetchQuery({ ...options, staleTime: 0 })
  engine.hydrate(old)
  assert.equal(client.getQueryData(options.queryKey).status, 'pending')
  assert.equal(server.generation, 'g1')
})

test('page state from before a commit shows that, when what had been read since is collected', async (t) => {
  const { client, server, engine, orders } = await openBrowser(t)
  const options = orders.findByID(7)
  const old = stateOf(server, [], [{ queryKey: options.queryKey, data: server.find('orders', 7), version: server.version }])
  engine.hydrate(old)
  await mutate(client, orders.update(), shipped)
  await client.fetchQuery({ ...options, staleTime: 0 })
  assert.deepEqual(engine.layers, [])
  client.removeQueries()
  engine.hydrate(old)
  assert.equal(client.getQueryData(options.queryKey).status, 'shipped')
  await client.fetchQuery({ ...options, staleTime: 0 })
  assert.equal(client.getQueryData(options.queryKey).status, 'shipped')
  assert.deepEqual(engine.layers, [])
})

test('a token that the server had not seen at render is followed, and read when it commits', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  const token = createToken()
  engine.hydrate(stateOf(server, [], [], { unknown: [token] }))
  engine.start()
  const settled = nextSettled(engine)
  await server.until(() => server.log.some(({ url }) => url.includes(token)))
  server.settle(token, 'committed', { version: server.write('orders', 7, { status: 'shipped' }) })
  assert.equal((await settled).state, 'committed')
  assert.equal(engine.pending.length, 0)
  await when(client, () => client.isFetching() === 0)
  assert.equal(list.value(), 'shipped')
})

test('what settled while there was no page is told when there is one again, and leaves the cookie', async (t) => {
  const { server, engine } = await openBrowser(t)
  const token = createToken()
  globalThis.document = { cookie: `payload-optimistic=${token}` }
  t.after(() => delete globalThis.document)
  server.settle(token, 'rolledBack', { error: 'refused by a hook' })
  engine.hydrate(stateOf(server, [], [], { settled: [token] }))
  assert.deepEqual(engine.pending, [])
  const settled = nextSettled(engine)
  engine.start()
  const { state, error, adopted } = await settled
  assert.deepEqual([state, adopted], ['rolledBack', true])
  assert.match(error.message, /refused by a hook/)
  assert.match(document.cookie, /^payload-optimistic=;.*Max-Age=0/)
})

test('an engine without a QueryClient follows the mutations of its page', async (t) => {
  const { server } = await openBrowser(t)
  const token = createToken()
  server.begin(token)
  const engine = new Engine()
  engine.hydrate(stateOf(server, [token]))
  engine.start()
  engine.stop()
  engine.start()
  const settled = nextSettled(engine)
  server.settle(token, 'rolledBack')
  assert.equal((await settled).state, 'rolledBack')
  assert.deepEqual(engine.pending, [])
})

test('many adopted mutations are followed by one request at a time, and all come to an end', async (t) => {
  const { server, engine } = await openBrowser(t)
  const tokens = Array.from({ length: 8 }, () => createToken())
  tokens.forEach((token) => server.begin(token))
  engine.hydrate(stateOf(server, tokens))
  engine.start()
  await server.until(() => server.log.length === 1)
  assert.ok(tokens.every((token) => server.log[0].url.includes(token)))
  const all = new Promise((resolve) => engine.onSettled(() => engine.pending.length === 0 && resolve()))
  tokens.forEach((token) => server.settle(token, 'rolledBack'))
  await all
})

/** What a page's events are told to, of an engine that is made after it. @param {import('node:test').TestContext} t */
function leavable(t) {
  const page = new EventTarget()
  globalThis.addEventListener = page.addEventListener.bind(page)
  t.after(() => delete globalThis.addEventListener)
  return page
}

test('what waits for its turn is sent once when the page is left, and heard of when the user is back', async (t) => {
  const page = leavable(t)
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), statusOf(7))
  server.holds = ({ method }) => method === 'PATCH'
  const first = mutate(client, orders.update(), { id: 7, data: { status: 'processing' } })
  const second = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const { token } = await server.held('PATCH')
  page.dispatchEvent(new Event('pagehide'))
  const left = await server.until(() => server.waiting.find((one) => one.token !== token))
  assert.deepEqual(server.log.filter(({ method }) => method === 'PATCH').map(({ after }) => after), [undefined, token])
  server.waiting.find((one) => one.token === token).release()
  await first
  left.release()
  assert.equal((await second).status, 'shipped')
  assert.equal(server.version, 3, 'each was written once')
  assert.equal(server.find('orders', 7).status, 'shipped')
  await when(client, () => client.isFetching() === 0)
  assert.deepEqual(list.values.slice(-1), ['shipped'])
})

test('what waits for the create of its document is sent when the page is left, and finds the document', async (t) => {
  const page = leavable(t)
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = ({ method }) => method !== 'GET'
  const created = mutate(client, orders.create(), { data: { note: 'new' } })
  const [{ token: id }] = engine.layers
  const updated = mutate(client, orders.update(), { id, data: { note: 'newer' } })
  const several = mutate(client, orders.update(), { ids: [7, id], data: { status: 'shipped' } })
  const [, { token }] = engine.layers
  await server.held('POST')
  page.dispatchEvent(new Event('pagehide'))
  await server.until(() => server.waiting.length === 3)
  assert.deepEqual(server.log.filter(({ method }) => method === 'PATCH').map(({ path, after }) => [path, after]), [
    [`orders/${id}`, id],
    ['orders', `${id},${token}`],
  ])
  server.holds = () => false
  for (const one of ['POST', `orders/${id}`, 'orders']) server.waiting.find(({ method, path }) => [method, path].includes(one)).release()
  const saved = await created
  assert.deepEqual(await updated, { ...saved, note: 'newer' })
  assert.deepEqual((await several).map(({ id, status }) => [id, status]), [[7, 'shipped'], [saved.id, 'shipped']])
  assert.equal(server.find('orders', saved.id).note, 'newer')
  await when(client, () => client.isFetching() === 0)
})
