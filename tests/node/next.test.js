// The view that a request renders through: whose answers, from where, and with what laid over.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { v4, v7 as newToken } from 'uuid'
import { withOptimisticCache } from '../../lib/next/config.js'
import { ServerView } from '../../lib/next/server-view.js'
import { tokensOf } from '../../lib/next/tokens.js'
import { principalOf } from '../../lib/payload/cacheOf.js'
import { collection, global } from '../../lib/query/index.js'
import { openShopWithUsers } from './support/next.js'

/** @type {Awaited<ReturnType<typeof openShopWithUsers>>} */
let shop
before(async () => (shop = await openShopWithUsers()))
after(() => shop.close())

const numbersOf = (/** @type {{ docs: any[] }} */ { docs }) => docs.map(({ number }) => number)

test('a view reads what its user may see, unless overrideAccess is asked for', async () => {
  assert.deepEqual(numbersOf(await shop.as('ada').find({ collection: 'orders' })), [1, 2])
  assert.deepEqual(numbersOf(await shop.as('grace').find({ collection: 'orders' })), [3])
  assert.deepEqual(numbersOf(await shop.as('root').find({ collection: 'orders' })), [1, 2, 3])
  assert.deepEqual(numbersOf(await shop.as().find({ collection: 'orders', overrideAccess: true })), [1, 2, 3])
  assert.equal((await shop.as('ada').count({ collection: 'orders' })).totalDocs, 2)
})

test('what access control refuses fails as Payload has it fail, and is not kept', async () => {
  const [first] = shop.orders
  await assert.rejects(shop.as().find({ collection: 'orders' }), { status: 403 })
  await assert.rejects(shop.as('grace').findByID({ collection: 'orders', id: first.id }), { status: 404 })
  assert.equal(await shop.as('grace').findByID({ collection: 'orders', id: first.id, disableErrors: true }), null)
})

test('answers are those of payload.find', async () => {
  const args = { collection: 'orders', where: { status: { equals: 'pending' } }, sort: '-number', limit: 1, page: 2, depth: 1 }
  const truth = await shop.payload.find({ ...args, overrideAccess: false, user: shop.users.ada })
  assert.deepEqual(await shop.as('ada').find(args), JSON.parse(JSON.stringify(truth)))
})

test('a second view of the user finds in the cache what the first one asked for, however it spells the question', async () => {
  const where = { status: { equals: 'pending' }, number: { greater_than: 0 } }
  const reordered = { number: { greater_than: 0 }, status: { equals: 'pending' } }
  const read = (/** @type {string} */ name, /** @type {object} */ args) =>
    shop.sourceOf(() => shop.as(name).find({ collection: 'orders', depth: 0, ...args }))
  assert.equal(await read('ada', { where }), 'miss')
  assert.equal(await read('ada', { draft: false, where: reordered }), 'hit')
  assert.equal(await read('grace', { where }), 'miss')
})

test('each argument that changes the answer makes another entry', async () => {
  const variants = [
    {}, { depth: 0 }, { limit: 1 }, { limit: 1, page: 2 }, { pagination: false }, { sort: '-number' },
    { where: { number: { equals: 2 } } }, { select: { number: true } }, { populate: { customers: { name: true } } },
    { overrideAccess: true }, { fallbackLocale: 'none' }, { locale: 'en' }, { trash: true }, { draft: true },
  ]
  const view = shop.as('root')
  const read = (/** @type {object} */ variant) => () => view.find({ collection: 'orders', limit: 50, ...variant })
  for (const variant of variants) assert.equal(await shop.sourceOf(read(variant)), 'miss', JSON.stringify(variant))
  for (const variant of variants) assert.equal(await shop.sourceOf(read(variant)), 'hit', JSON.stringify(variant))
})

test('what the cache cannot keep right is read from the database', async () => {
  const view = shop.as('ada')
  const reads = [
    { collection: 'logs' },
    { collection: 'orders', joins: {} },
    { collection: 'orders', locale: 'all' },
    { collection: 'orders', showHiddenFields: true },
    { collection: 'orders', user: shop.users.grace },
    { collection: 'orders', req: { user: shop.users.grace } },
  ]
  for (const args of reads) {
    for (const turn of [1, 2]) {
      const source = await shop.sourceOf(() => view.find(args))
      assert.equal(source, 'past', `${JSON.stringify(Object.keys(args))}, turn ${turn}`)
    }
  }
  assert.deepEqual(numbersOf(await view.find({ collection: 'orders', user: shop.users.grace })), [3])
})

test('a document that an update moves out of what its reader may see is gone from the list', async () => {
  const data = { number: 4, seller: 'ada', status: 'pending' }
  const { id } = await shop.payload.create({ collection: 'orders', data })
  const list = async () => numbersOf(await shop.as('ada').find({ collection: 'orders', depth: 0, limit: 20 }))
  assert.deepEqual(await list(), [1, 2, 4])
  await shop.payload.update({ collection: 'orders', id, data: { seller: 'grace' } })
  assert.deepEqual(await list(), [1, 2])
  await shop.payload.delete({ collection: 'orders', id })
})

test('a related document that access control hides is no longer shown', async () => {
  const { id } = shop.customer
  const customer = async () => (await shop.as('ada').find({ collection: 'orders', depth: 1, limit: 1 })).docs[0].customer
  assert.equal((await customer()).name, 'Amara Dahl')
  await shop.payload.update({ collection: 'customers', id, data: { hidden: true } })
  assert.equal(await customer(), id)
  await shop.payload.update({ collection: 'customers', id, data: { hidden: false } })
  assert.equal((await customer()).name, 'Amara Dahl')
})

test('a change of the user drops the answers that its rights made', async () => {
  const read = () => shop.sourceOf(() => shop.as('grace').find({ collection: 'orders', depth: 0 }))
  await read()
  assert.equal(await read(), 'hit')
  await shop.payload.update({ collection: 'users', id: shop.users.grace.id, data: { role: 'staff' } })
  assert.equal(await read(), 'miss')
})

test('a change in flight shows to its user, on list and document, and to nobody else', async () => {
  const [{ id }] = shop.orders
  const token = newToken()
  const operations = /** @type {any} */ ([{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }])
  shop.cache.begin(token, { principal: `users:${shop.users.ada.id}`, operations })
  const statusFor = async (/** @type {string} */ name, /** @type {string[]} */ tokens) => {
    const view = shop.as(name, tokens)
    const list = await view.find({ collection: 'orders', depth: 1, where: { number: { equals: 1 } } })
    const document = await view.findByID({ collection: 'orders', id, disableErrors: true })
    return [list.docs[0]?.status, document?.status]
  }
  assert.deepEqual(await statusFor('ada', [token]), ['shipped', 'shipped'])
  assert.deepEqual(await statusFor('ada', []), ['pending', 'pending'])
  assert.deepEqual(await statusFor('root', [token]), ['pending', 'pending'])
  assert.deepEqual(shop.as('root', [token]).unknown, [token])
  shop.cache.rollback(token)
  assert.deepEqual(await statusFor('ada', [token]), ['pending', 'pending'])
})

test('the page state holds what the database has, what is in flight, and the shapes of both', async () => {
  const orders = collection('orders')
  const [{ id }] = shop.orders
  const token = newToken()
  const foreign = newToken()
  const operations = /** @type {any} */ ([{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }])
  const principal = `users:${shop.users.ada.id}`
  const done = newToken()
  shop.cache.begin(done, { principal, operations: [] })
  shop.cache.rollback(done)
  shop.cache.begin(token, { principal, operations })
  const view = shop.as('ada', [token, foreign, done])
  const queries = [orders.find({ depth: 1, limit: 5 }), orders.findByID(id, { depth: 0 }), orders.count()]
  const state = await view.dehydrate(queries)
  shop.cache.rollback(token)

  assert.deepEqual(JSON.parse(JSON.stringify(state)), state)
  const { generation, version } = shop.cache
  assert.deepEqual(
    { ...state, queries: undefined, shapes: Object.keys(state.shapes) },
    {
      api: '/api',
      generation,
      version: version - 1,
      principal,
      unknown: [foreign],
      settled: [done],
      pending: [{ token, operations }],
      shapes: ['orders', 'customers'],
      queries: undefined,
    },
  )
  assert.deepEqual(state.queries.map(({ queryKey }) => queryKey), queries.map(({ queryKey }) => queryKey))
  const [list, document, count] = /** @type {any[]} */ (state.queries.map(({ data }) => data))
  assert.deepEqual([list.docs[0].status, document.status, count.totalDocs], ['pending', 'pending', 2])
  for (const query of state.queries) assert.equal(query.version, version - 1)
})

/** @param {string} name @param {any[]} operations @returns {string} the token of what is in flight now */
function beginAs(name, operations) {
  const token = newToken()
  shop.cache.begin(token, { principal: `users:${shop.users[name].id}`, operations })
  return token
}

/** @param {string} name @param {number} depth @returns {Promise<any>} */
const truthOf = (name, depth) =>
  shop.payload.findGlobal({ slug: 'settings', depth, overrideAccess: false, user: shop.users[name] })

test('a change of a global in flight shows to its user alone, until it is taken back', async () => {
  const address = { city: 'Ghent', zip: '9000' }
  await shop.payload.updateGlobal({ slug: 'settings', data: { motto: 'old', address } })
  const read = (/** @type {string} */ name, /** @type {string[]} */ tokens = []) =>
    shop.as(name, tokens).findGlobal({ slug: 'settings', depth: 0 })
  const before = await read('ada')
  const data = { motto: 'new', address: { city: 'Bruges' } }
  const token = beginAs('ada', [{ type: 'update', collection: 'global', id: 'settings', data }])
  assert.equal(await shop.sourceOf(() => read('ada', [token])), 'hit')
  assert.deepEqual(await read('ada', [token]), { ...before, motto: 'new', address: { city: 'Bruges', zip: '9000' } })
  assert.equal((await shop.as('ada', [token]).findGlobal({ slug: 'settings', draft: true })).motto, 'new')
  assert.deepEqual(await read('ada'), before)
  assert.deepEqual(await read('grace', [token]), before)
  shop.cache.rollback(token)
  assert.deepEqual(await read('ada', [token]), before)
  await shop.payload.updateGlobal({ slug: 'settings', data: { motto: 'newer' } })
  assert.equal((await read('ada', [token])).motto, 'newer')
})

test('a document that a global shows is shown as it is changed, and gone when it is deleted', async () => {
  const data = { number: 9, seller: 'ada', status: 'pending' }
  const { id } = await shop.payload.create({ collection: 'orders', data })
  await shop.payload.updateGlobal({ slug: 'settings', data: { featured: id } })
  const read = (/** @type {number} */ depth, /** @type {string[]} */ tokens = []) =>
    shop.as('root', tokens).findGlobal({ slug: 'settings', depth })
  assert.equal((await read(0)).featured, id)
  assert.equal((await read(1)).featured.status, 'pending')
  const token = beginAs('root', [{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }])
  assert.equal((await read(1, [token])).featured.status, 'shipped')
  shop.cache.rollback(token)
  await shop.payload.update({ collection: 'orders', id, data: { status: 'sent' } })
  assert.equal((await read(1)).featured.status, 'sent')
  await shop.payload.delete({ collection: 'orders', id })
  for (const depth of [0, 1]) {
    const truth = await truthOf('root', depth)
    assert.deepEqual((await read(depth)).featured ?? null, truth.featured ?? null, `depth ${depth}`)
  }
})

test('the page state holds a global, what is in flight for it, and its shape', async () => {
  const token = beginAs('ada', [{ type: 'update', collection: 'global', id: 'settings', data: { motto: 'in flight' } }])
  const state = await shop.as('ada', [token]).dehydrate([global('settings').findGlobal({ depth: 1 })])
  const { shapes } = await shop.as('ada', [token]).dehydrate()
  const truth = await truthOf('ada', 1)
  shop.cache.rollback(token)
  assert.deepEqual(state.queries[0].data, JSON.parse(JSON.stringify(truth)))
  assert.deepEqual(state.pending.map((one) => one.token), [token])
  for (const all of [state.shapes, shapes]) assert.deepEqual(all['global:settings'].groups, ['address'])
})

/** Computes the numbers and states of what a view may see, and counts how often. */
function summary() {
  let runs = 0
  return {
    runs: () => runs,
    of: (/** @type {any} */ view, key = 'summary') =>
      view.cached(key, {}, async () => {
        runs++
        const { docs } = await view.find({ collection: 'orders', depth: 0, sort: 'number', limit: 30 })
        return docs.map((/** @type {any} */ { number, status }) => `${number} ${status}`)
      }),
  }
}

test('what is computed from reads is kept for its user, until something changes that it was computed from', async () => {
  const { runs, of } = summary()
  assert.deepEqual(await of(shop.as('ada')), ['1 pending', '2 pending'])
  assert.deepEqual(await of(shop.as('ada')), ['1 pending', '2 pending'])
  assert.equal(runs(), 1)
  assert.deepEqual(await of(shop.as('grace')), ['3 pending'])
  assert.deepEqual(await of(shop.as('root')), ['1 pending', '2 pending', '3 pending'])
  assert.equal(runs(), 3)
  const [{ id }] = shop.orders
  await shop.payload.update({ collection: 'orders', id, data: { status: 'packed' } })
  assert.deepEqual(await of(shop.as('ada')), ['1 packed', '2 pending'])
  await shop.payload.update({ collection: 'orders', id, data: { status: 'pending' } })
  await shop.payload.update({ collection: 'customers', id: shop.customer.id, data: { name: 'Amara Dahl' } })
  assert.deepEqual(await of(shop.as('ada')), ['1 pending', '2 pending'])
  assert.equal(runs(), 5)
  await of(shop.as('ada'))
  assert.equal(runs(), 5)
})

test('what is computed is for one user, and for what access control says of that one', async () => {
  const { runs, of } = summary()
  const { payload, cache } = shop
  const asRole = (/** @type {string} */ role) => {
    const user = { ...shop.users.grace, role }
    return new ServerView({ payload, user, cache, view: cache.view({ principal: principalOf(user), tokens: [] }) })
  }
  assert.deepEqual(await of(asRole('staff'), 'rights'), ['3 pending'])
  assert.deepEqual(await of(asRole('admin'), 'rights'), ['1 pending', '2 pending', '3 pending'])
  assert.deepEqual(await of(shop.as('root'), 'rights'), ['1 pending', '2 pending', '3 pending'])
  assert.equal(runs(), 3)
})

test('what is computed from what was computed goes with it, and none is kept of a read past the cache', async () => {
  const inner = summary()
  let runs = 0
  const count = (/** @type {any} */ view) =>
    view.cached('count', {}, async () => {
      runs++
      return (await inner.of(view, 'inner')).length
    })
  assert.deepEqual([await count(shop.as('ada')), await count(shop.as('ada'))], [2, 2])
  assert.deepEqual([runs, inner.runs()], [1, 1])
  const data = { number: 4, seller: 'ada', status: 'pending' }
  const { id } = await shop.payload.create({ collection: 'orders', data })
  assert.deepEqual([await count(shop.as('ada')), runs, inner.runs()], [3, 2, 2])
  await shop.payload.delete({ collection: 'orders', id })

  let past = 0
  const logs = (/** @type {any} */ view) =>
    view.cached('logs', {}, async () => {
      past++
      await view.count({ collection: 'orders' })
      return (await view.count({ collection: 'logs' })).totalDocs
    })
  const written = await logs(shop.as('ada'))
  await shop.payload.create({ collection: 'logs', data: { text: 'one more' } })
  assert.equal(await logs(shop.as('ada')), written + 1)
  assert.equal(past, 2)

  let untracked = 0
  const clock = (/** @type {any} */ view) =>
    view.cached('clock', {}, async () => {
      view.noStore()
      await view.count({ collection: 'orders' })
      return ++untracked
    })
  assert.deepEqual([await clock(shop.as('ada')), await clock(shop.as('ada'))], [1, 2])
})

test('what is computed shows a change in flight to its user, the page state names it, and it goes when refused', async () => {
  const { runs, of } = summary()
  const [{ id }] = shop.orders
  const token = newToken()
  const operations = /** @type {any} */ ([{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }])
  const key = 'in flight'
  assert.deepEqual(await of(shop.as('ada'), key), ['1 pending', '2 pending'])
  shop.cache.begin(token, { principal: `users:${shop.users.ada.id}`, operations })
  const view = shop.as('ada', [token])
  assert.deepEqual(await of(view, key), ['1 shipped', '2 pending'])
  assert.deepEqual((await view.dehydrate()).pending, [{ token, operations }])
  assert.deepEqual(await of(shop.as('ada', [token]), key), ['1 shipped', '2 pending'])
  assert.equal(runs(), 2)
  assert.deepEqual(await of(shop.as('ada'), key), ['1 pending', '2 pending'])
  assert.deepEqual(await of(shop.as('grace', [token]), key), ['3 pending'])
  shop.cache.rollback(token)
  assert.deepEqual(await of(shop.as('ada', [token]), key), ['1 pending', '2 pending'])
  assert.equal(runs(), 3, 'the result without it stood')
  assert.deepEqual((await shop.as('ada', [token]).dehydrate()).pending, [])
})

test('dehydrate refuses a query that is not one of collection()', async () => {
  await assert.rejects(shop.as('ada').dehydrate([{ queryKey: ['todos'] }]), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
})

test('arguments and answers are nobody else’s: a caller’s are left as they are, the cache’s cannot be changed', async () => {
  const args = { collection: 'orders', where: { number: { in: [1, 2] } }, select: { number: true } }
  const copy = structuredClone(args)
  const answer = await shop.as('ada').find(args)
  assert.deepEqual(args, copy)
  assert.throws(() => answer.docs.pop(), TypeError)
})

test('of the cookie, at most sixteen UUIDv7 count, and whatever else is in it does not', () => {
  const tokens = Array.from({ length: 20 }, () => newToken())
  assert.deepEqual(tokensOf(undefined), [])
  assert.deepEqual(tokensOf(['', 'x', v4(), '%00', tokens[0].toUpperCase(), tokens[0]].join('.')), [tokens[0]])
  assert.deepEqual(tokensOf(tokens.join('.')), tokens.slice(0, 16))
})

test('withOptimisticCache adds the addon to what Next.js traces for every route, and leaves the rest', () => {
  const config = { poweredByHeader: false, outputFileTracingIncludes: { '/**': ['a'], '/b': ['c'] } }
  const { outputFileTracingIncludes, poweredByHeader } = withOptimisticCache(config)
  const addon = path.join('build', 'Release', 'optimistic_cache.node')
  assert.equal(poweredByHeader, false)
  assert.deepEqual(outputFileTracingIncludes, { '/**': ['a', addon], '/b': ['c'] })
})

test('a change in flight shows nobody a document that only others may read, whatever it claims', async () => {
  const args = { collection: 'orders', depth: 0, sort: 'number' }
  const hers = shop.orders[2]
  assert.ok(numbersOf(await shop.as('root').find(args)).includes(hers.number), 'it is in the cache')
  const before = await shop.as('ada').find(args)
  const token = newToken()
  // As begun by a request that access control has not yet refused.
  const operations = [{ type: /** @type {const} */ ('update'), collection: 'orders', id: hers.id, data: { seller: 'ada' } }]
  shop.cache.begin(token, { principal: `users:${shop.users.ada.id}`, operations })
  const view = shop.as('ada', [token])
  assert.equal(view.pending.length, 1)
  assert.deepEqual(numbersOf(await view.find(args)), numbersOf(before))
  shop.cache.rollback(token)
})
