/** Results derived from entries: kept as long as what they were computed from stands, and for whom. */
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import { v7 as newToken } from 'uuid'
import { openCache } from '../../lib/index.js'

const shapes = { orders: {}, customers: {} }
const UPDATE = { type: 'update', collection: 'orders', id: 1 }
const ADA = 'users:7'
const GRACE = 'users:8'

/** A cache with two lists and an order, and a count of how often something was computed. */
function openShop(t) {
  const cache = openCache({ name: t.name.replace(/\W+/g, '.').slice(0, 60), maxBytes: 4 << 20, shapes })
  t.after(() => cache.close())
  const order = (id, total) => ({ id, status: 'pending', total })
  const put = () => {
    cache.set('list', { docs: [order(1, 10), order(2, 20)], totalDocs: 2, hasNextPage: false, limit: 10, page: 1 }, {
      query: { type: 'find', collection: 'orders', limit: 10, depth: 0, sort: 'id' },
    })
    cache.set('order 1', order(1, 10), { query: { type: 'findByID', collection: 'orders', id: 1, depth: 0 } })
    cache.set('customer 1', { id: 1, name: 'Ada' }, { query: { type: 'findByID', collection: 'customers', id: 1, depth: 0 } })
  }
  put()
  const shop = {
    cache,
    put,
    computed: 0,
    as: (principal = ADA, ...tokens) => cache.view({ principal, tokens }),
    begin: (data, { id = 1, principal = ADA, collection = 'orders' } = {}) => {
      const token = newToken()
      cache.begin(token, { principal, operations: [{ type: 'update', collection, id, data }] })
      return token
    },
    /** The sum of the list. */
    sum: (view, options = {}) =>
      view.cached('sum', options, () => {
        shop.computed++
        return cache.get('list', view).docs.reduce((sum, { total }) => sum + total, 0)
      }),
  }
  return shop
}

test('a derived result is computed once, for all principals and views, and is deep-frozen', async (t) => {
  const { cache, as } = openShop(t)
  let computed = 0
  const compute = (view) => view.cached('totals', {}, () => ({ of: cache.get('list', view).docs.map(({ total }) => (computed++, total)) }))
  const first = await compute(as(ADA))
  assert.deepEqual(first, { of: [10, 20] })
  assert.ok(Object.isFrozen(first.of))
  assert.deepEqual(await compute(as(GRACE)), first)
  assert.equal(computed, 2)
})

test('it carries the tags of what was read, and any operation on one of them drops it', async (t) => {
  const shop = openShop(t)
  assert.equal(await shop.sum(shop.as()), 30)
  assert.deepEqual(shop.cache.entry('cached [] sum').tags.sort(), shop.cache.entry('list').tags.sort())
  shop.cache.record([{ type: 'update', collection: 'customers', id: 9 }])
  assert.equal(await shop.sum(shop.as()), 30)
  assert.equal(shop.computed, 1, 'nothing that it depends on had changed')
  const token = shop.begin({ total: 15 })
  shop.cache.commit(token)
  assert.equal(await shop.sum(shop.as()), 35)
  assert.equal(shop.computed, 2)
})

test('what a mutation in flight is in is kept apart: for its principal, with its token, until it is settled', async (t) => {
  for (const end of /** @type {const} */ (['commit', 'rollback', 'expire'])) {
    await t.test(end, async (t) => {
      const shop = openShop(t)
      const { cache, as } = shop
      const token = shop.begin({ total: 100 })
      assert.equal(await shop.sum(as(ADA)), 30)
      assert.equal(await shop.sum(as(ADA, token)), 120)
      assert.equal(await shop.sum(as(ADA, token)), 120)
      assert.equal(shop.computed, 2, 'it was not kept')
      assert.equal(cache.entries({ tag: `mutation:${token}` }).length, 1)
      assert.equal(await shop.sum(as(GRACE, token)), 30, 'another principal saw it')
      assert.equal(await shop.sum(as(ADA)), 30, 'it was seen without the token')
      assert.equal(shop.computed, 2)
      const before = as(ADA, token)
      cache[end](token)
      if (end !== 'commit') shop.put()
      assert.equal(cache.get('list') === undefined, false)
      assert.equal(await shop.sum(as(ADA, token)), end === 'commit' ? 120 : 30)
      assert.equal(shop.computed, 3)
      if (end !== 'commit') assert.equal(await shop.sum(before), 30, 'a view from before the end shows what is not true')
    })
  }
})

test('the end of a mutation drops exactly the results that it is in', async (t) => {
  const shop = openShop(t)
  const { cache, as } = shop
  const names = { orders: 0, customer: 0 }
  const customer = (view) => view.cached('customer', {}, () => (names.customer++, cache.get('customer 1', view).name))
  const one = (view) => view.cached('one', {}, () => (names.orders++, cache.get('order 1', view).total))
  const [ofOrder, ofCustomer] = [shop.begin({ total: 11 }), shop.begin({ name: 'Eve' }, { collection: 'customers' })]
  const both = () => as(ADA, ofOrder, ofCustomer)
  assert.deepEqual([await one(both()), await customer(both())], [11, 'Eve'])
  cache.rollback(ofOrder)
  assert.deepEqual([await one(both()), await customer(both())], [10, 'Eve'])
  assert.deepEqual(names, { orders: 2, customer: 1 })
  assert.equal(await customer(as(ADA, ofCustomer)), 'Eve', 'which other tokens are presented is of no account')
  assert.equal(names.customer, 1)
  cache.commit(ofCustomer)
  assert.deepEqual([await one(as()), await customer(as())], [10, 'Eve'])
  assert.deepEqual(names, { orders: 2, customer: 2 })
})

test('a result that read more because of one mutation is not shown to a view with another one in that', async (t) => {
  const { cache, as, begin } = openShop(t)
  const label = (view) =>
    view.cached('label', {}, () =>
      cache.get('order 1', view).total > 50 ? cache.get('customer 1', view).name : 'small')
  const [dear, renamed] = [begin({ total: 100 }), begin({ name: 'Eve' }, { collection: 'customers' })]
  assert.equal(await label(as()), 'small')
  assert.equal(await label(as(ADA, dear)), 'Ada')
  assert.equal(await label(as(ADA, dear, renamed)), 'Eve')
  assert.equal(await label(as(ADA, dear)), 'Ada')
  assert.equal(await label(as(ADA, renamed)), 'small')
})

test('a mutation that touches nothing of it leaves it for the views that present its token', async (t) => {
  const shop = openShop(t)
  const token = shop.begin({ name: 'Eve' }, { collection: 'customers' })
  assert.equal(await shop.sum(shop.as(ADA, token)), 30)
  assert.equal(await shop.sum(shop.as(GRACE)), 30)
  assert.equal(shop.computed, 1)
})

test('nested results compose: the outer one depends on all that the inner ones read, computed or kept', async (t) => {
  const shop = openShop(t)
  const { cache, as } = shop
  let outer = 0
  const report = (view) =>
    view.cached('report', {}, async () => {
      outer++
      return { sum: await shop.sum(view), name: (await view.cached('name', {}, () => cache.get('customer 1', view))).name }
    })
  assert.deepEqual(await report(as()), { sum: 30, name: 'Ada' })
  cache.invalidate(['customers:1'])
  shop.put()
  await report(as())
  assert.deepEqual([outer, shop.computed], [2, 1], 'the outer one is computed anew, of the inner ones only the one that changed')
  const token = shop.begin({ total: 15 })
  assert.equal((await report(as(ADA, token))).sum, 35)
  assert.equal((await report(as(GRACE, token))).sum, 30)
  assert.equal(outer, 3)
  cache.commit(token)
  assert.equal((await report(as())).sum, 35, 'the kept inner result had told the outer one its tags')
})

test('what compute throws is thrown, and not kept', async (t) => {
  const { cache, as } = openShop(t)
  let computed = 0
  const failing = () => as().cached('failing', {}, () => {
    cache.get('list')
    if (++computed === 1) throw new RangeError('not now')
    return 'well'
  })
  await assert.rejects(failing(), { name: 'RangeError', message: 'not now' })
  assert.equal(await failing(), 'well')
  const outer = (view) => view.cached('outer', {}, () =>
    view.cached('inner', {}, () => {
      throw new Error(cache.get('order 1', view).status)
    }).catch(({ message }) => (cache.get('customer 1', view), message)))
  assert.equal(await outer(as()), 'pending')
  assert.equal(cache.entry('cached [] outer'), undefined, 'one that caught an error depends on what is not known')
})

test('callers at once share one computation; one who knows of a newer version does not', async (t) => {
  const { cache, as, begin } = openShop(t)
  let computed = 0
  let open = () => {}
  const gate = new Promise((resolve) => (open = resolve))
  const slow = (view) => view.cached('slow', {}, async () => {
    computed++
    const { total } = cache.get('order 1', view)
    await gate
    return total
  })
  const early = [slow(as()), slow(as(GRACE))]
  cache.commit(begin({ total: 99 }))
  const late = slow(as())
  open()
  assert.deepEqual(await Promise.all([...early, late]), [10, 10, 99])
  assert.equal(computed, 2)
})

test('a result that an operation overtook while it was computed is returned, and not kept', async (t) => {
  const { cache, as, begin } = openShop(t)
  let computed = 0
  const overtaken = (view, meanwhile = () => {}) => view.cached('overtaken', {}, async () => {
    computed++
    const { total } = cache.get('order 1', view)
    await turn()
    meanwhile()
    return total
  })
  assert.equal(await overtaken(as(), () => cache.commit(begin({ total: 50 }))), 10)
  assert.equal(await overtaken(as()), 50)
  assert.equal(await overtaken(as()), 50)
  assert.equal(computed, 2)
})

test('what was fetched, loaded or stored inside counts, and what could not be found does until it is stored', async (t) => {
  const { cache, as } = openShop(t)
  const view = as()
  let computed = 0
  const fetched = () => as().cached('fetched', {}, async () => {
    computed++
    return cache.fetch('loaded', { tags: ['prices'] }, () => computed)
  })
  assert.equal(await fetched(), 1)
  assert.deepEqual(cache.entry('cached [] fetched').tags, ['prices'])
  cache.invalidate(['prices'])
  assert.equal(await fetched(), 2)
  await view.cached('missed', {}, () => [cache.get('order 1'), cache.get('nothing') ?? 'past the cache'])
  assert.equal(cache.entry('cached [] missed'), undefined)
  await view.cached('stored', {}, () => {
    cache.get('nothing')
    cache.set('nothing', 'now', { tags: ['things'] })
    return cache.get('order 1')
  })
  assert.deepEqual(cache.entry('cached [] stored').tags.sort(), ['orders:1', 'things'])
  await view.cached('bytes', {}, () => String(cache.getBytes('order 1', view)))
  assert.deepEqual(cache.entry('cached [] bytes').tags.sort(), cache.entry('order 1').tags.sort())
})

test('one that depends on nothing known is not kept, nor one that says so, nor one that is computed from it', async (t) => {
  const { cache, as } = openShop(t)
  const view = as()
  await view.cached('groundless', {}, () => 1)
  await view.cached('outer', {}, () => view.cached('inner', { tags: ['a'] }, () => (view.noStore(), cache.get('order 1'))))
  for (const key of ['groundless', 'inner', 'outer']) assert.equal(cache.entry(`cached [] ${key}`), undefined, key)
  await view.cached('tagged', { tags: ['a'] }, () => 1)
  await view.cached('timed', { ttl: 60_000 }, () => 1)
  assert.deepEqual(cache.entry('cached [] tagged').tags, ['a'])
  assert.ok(cache.entry('cached [] timed').expiresAt > Date.now())
  view.noStore()
})

test('it expires with the first of what it was computed from', async (t) => {
  const { cache, as } = openShop(t)
  const view = as()
  cache.set('short', 1, { tags: ['a'], ttl: 50_000 })
  await view.cached('outer', { ttl: 90_000 }, () => view.cached('inner', {}, () => cache.get('short')))
  const { expiresAt } = cache.entry('cached [] outer')
  assert.ok(expiresAt > 0 && expiresAt < Date.now() + 60_000, 'it outlives what it was computed from')
})

test('what another view shows of its own mutations is not kept for this one', async (t) => {
  const shop = openShop(t)
  const theirs = shop.as(GRACE, shop.begin({ total: 100 }, { principal: GRACE }))
  const mine = shop.as(ADA)
  await mine.cached('mixed', {}, () => shop.cache.get('order 1', theirs).total)
  assert.equal(shop.cache.entry('cached [] mixed'), undefined)
  await shop.sum(theirs)
  await mine.cached('nested', {}, () => shop.sum(theirs))
  assert.equal(shop.cache.entry('cached [] nested'), undefined)
})

test('bad input is refused with a reason, and a result cannot be computed from itself', async (t) => {
  const { as, cache } = openShop(t)
  const view = as()
  await assert.rejects(view.cached('a', {}, /** @type {any} */ (1)), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  await assert.rejects(view.cached('a', {}, () => undefined), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  await assert.rejects(view.cached('k'.repeat(5000), {}, () => 1), { code: 'ERR_OPTIMISTIC_KEY_SIZE' })
  const circular = () => view.cached('a', {}, () => view.cached('b', {}, circular))
  await assert.rejects(circular(), { code: 'ERR_OPTIMISTIC_ARGUMENT', message: /computed from itself/ })
  view.close()
  await assert.rejects(view.cached('a', {}, () => 1), { code: 'ERR_OPTIMISTIC_CLOSED' })
  cache.get('order 1')
})

test('what a mutation in flight does now is what counts, not what it was announced or begun to do before', async (t) => {
  const { cache, as, sum } = openShop(t)
  const token = newToken()
  const enter = (how, total) => cache[how](token, { principal: ADA, operations: [{ ...UPDATE, data: { total } }] })
  for (const [how, total] of [['announce', 100], ['announce', 200], ['claim', 300], ['begin', 400]]) {
    enter(how, total)
    assert.equal(await sum(as(ADA, token)), total + 20, how)
    assert.equal(await sum(as(ADA, token)), total + 20, `${how}, again`)
  }
  assert.equal(await sum(as(ADA)), 30)
  cache.rollback(token)
  assert.equal(await sum(as(ADA, token)), 30)
})
