/**
 * SQLite as Payload has it by default: no transactions. A write is true when it returns, and a throw after it takes
 * nothing back.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { v7 as newToken } from 'uuid'
import { earlierTokensOf } from '../../lib/payload/request.js'
import { failure, gate, openShop, readThrough, readTruth, tokenHeader } from './support/payload.js'

/** @typedef {import('./support/payload.js').Shop} Shop */

/** @type {Shop} */
let shop

before(async () => {
  shop = await openShop({ transactions: false })
})
afterEach(() => shop.calm())
after(() => shop.close())

/** @param {Record<string, unknown>} [data] @returns {Promise<any>} */
const newOrder = (data) => shop.newOrder(data)

/** Each changes the note of one order to "new". @type {Record<string, (order: any, token: string) => Promise<any>>} */
const updates = {
  REST: ({ id }, token) => shop.rest('PATCH', `/orders/${id}`, { data: { note: 'new' }, token }),
  'REST, in bulk': ({ id }, token) =>
    shop.rest('PATCH', `/orders?where[id][equals]=${id}`, { data: { note: 'new' }, token }),
  GraphQL: ({ id }, token) =>
    shop.graphql(`mutation { updateOrder(id: ${id}, data: { note: "new" }) { id } }`, { token }),
  'the Local API': ({ id }, token) =>
    shop.payload.update({
      collection: 'orders',
      id,
      data: { note: 'new' },
      req: /** @type {any} */ ({ headers: new Headers(tokenHeader(token)) }),
    }),
}

/** @param {any} order */
const noteOf = async ({ id }) => (await shop.payload.findByID({ collection: 'orders', id })).note

/** @param {any[][]} lists @param {any} order */
const notesOf = (lists, { id }) => lists.map((docs) => docs.find((document) => document.id === id)?.note)

/** @param {string} token */
const stateOf = (token) => shop.cache.status(token, 'anonymous')?.state

async function assertCacheIsRight() {
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
}

for (const [way, update] of Object.entries(updates)) {
  test(`an update through ${way} is shown to its owner alone, and to all once it is written`, async () => {
    const order = await newOrder({ note: 'old' })
    await readThrough(shop)
    const token = newToken()
    const [early, late] = [gate(), gate()]
    shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? early.wait() : undefined)
    shop.hooks.afterChange = () => late.wait()
    const answer = update(order, token)
    await early.arrived
    assert.equal(stateOf(token), 'pending')
    assert.deepEqual(notesOf(await readThrough(shop, token), order), ['new', 'new', 'new'])
    assert.deepEqual(notesOf(await readThrough(shop), order), ['old', 'old', 'old'])
    early.open()
    await late.arrived
    // The operation is not over, but the database has it.
    assert.equal(stateOf(token), 'pending')
    assert.deepEqual(notesOf(await readThrough(shop), order), ['new', 'new', 'new'])
    late.open()
    await answer
    assert.equal(stateOf(token), 'committed')
    await assertCacheIsRight()
  })

  test(`an update through ${way} that throws before it writes is taken back`, async () => {
    const order = await newOrder({ note: 'old' })
    const before = await readThrough(shop)
    const token = newToken()
    shop.hooks.beforeOperation = ({ operation }) => {
      if (operation === 'update') throw failure('No.')
    }
    await update(order, token).catch(() => {})
    assert.equal(stateOf(token), 'rolledBack')
    assert.deepEqual(await readThrough(shop, token), before)
    await assertCacheIsRight()
  })

  test(`an update through ${way} that throws after it has written is committed, because it is written`, async () => {
    const order = await newOrder({ note: 'old' })
    await readThrough(shop)
    const token = newToken()
    shop.hooks.afterChange = () => {
      throw failure('Too late.')
    }
    await update(order, token).catch(() => {})
    assert.equal(await noteOf(order), 'new')
    assert.equal(stateOf(token), 'committed')
    await assertCacheIsRight()
  })
}

test('a write that the database refuses takes the mutation back', async () => {
  const [one, two] = [await newOrder(), await newOrder()]
  const token = newToken()
  const data = { orderNumber: one.orderNumber }
  const { status } = await shop.rest('PATCH', `/orders/${two.id}`, { data, token })
  assert.equal(status, 400)
  assert.equal(stateOf(token), 'rolledBack')
  await assertCacheIsRight()
})

test('a create and a delete are bracketed and settled', async () => {
  await readThrough(shop)
  const [created, deleted] = [newToken(), newToken()]
  const { body } = await shop.rest('POST', '/orders', { data: { orderNumber: shop.nextOrderNumber() }, token: created })
  assert.equal(stateOf(created), 'committed')
  await assertCacheIsRight()
  await shop.rest('DELETE', `/orders/${body.doc.id}`, { token: deleted })
  assert.equal(stateOf(deleted), 'committed')
  await assertCacheIsRight()
})

test('a request with a token whose first request is still under way is 409, and writes nothing', async () => {
  const order = await newOrder({ note: 'old' })
  const token = newToken()
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  const first = updates.REST(order, token)
  await held.arrived
  const second = await shop.rest('PATCH', `/orders/${order.id}`, { data: { note: 'second' }, token })
  assert.equal(second.status, 409)
  assert.equal(second.body.errors[0].data.code, 'ERR_OPTIMISTIC_TOKEN_PENDING')
  held.open()
  assert.equal((await first).status, 200)
  assert.equal(await noteOf(order), 'new')
})

test('two updates of one order at once leave the cache right', async () => {
  const order = await newOrder({ note: 'old' })
  await readThrough(shop)
  const tokens = [newToken(), newToken()]
  const answers = tokens.map((token, i) =>
    shop.rest('PATCH', `/orders/${order.id}`, { data: i === 0 ? { note: 'new' } : { status: 'shipped' }, token }),
  )
  await readThrough(shop)
  await Promise.all(answers)
  assert.deepEqual(tokens.map(stateOf), ['committed', 'committed'])
  await assertCacheIsRight()
})

test('an upsert through payload.db is bracketed, whether it updates or creates', async () => {
  const order = await newOrder({ note: 'old' })
  const upsert = (/** @type {number} */ number) =>
    shop.payload.db.upsert({
      collection: 'orders',
      data: { orderNumber: number, note: 'upserted' },
      req: /** @type {any} */ ({}),
      where: { orderNumber: { equals: number } },
    })
  for (const number of [order.orderNumber, shop.nextOrderNumber()]) {
    await readThrough(shop)
    await upsert(number)
    await assertCacheIsRight()
  }
  assert.equal((await readThrough(shop))[1].filter(({ note }) => note === 'upserted').length, 2)
})

test('a bulk write changes none that began to match its where after the documents were looked up', async () => {
  const { db } = shop.payload
  const early = await newOrder({ note: 'match' })
  const late = await newOrder({ note: 'other' })
  await readThrough(shop)
  const { find } = db
  db.find = /** @type {any} */ (
    async (/** @type {any} */ args) => {
      db.find = find
      const found = await db.find(args)
      await shop.payload.update({ collection: 'orders', id: late.id, data: { note: 'match' } })
      return found
    }
  )
  await db.updateMany({ collection: 'orders', where: { note: { equals: 'match' } }, data: { status: 'shipped' } })
  const statusOf = async (/** @type {any} */ { id }) => (await shop.payload.findByID({ collection: 'orders', id })).status
  assert.deepEqual([await statusOf(early), await statusOf(late)], ['shipped', 'pending'])
  await assertCacheIsRight()
})

test('a change waits for no more than the newest of those before it, and for none that is newer', () => {
  const tokens = Array.from({ length: 67 }, () => newToken())
  const headers = new Headers({ 'Optimistic-After': tokens.map((token) => `"${token}"`).join(', ') })
  const waited = earlierTokensOf(/** @type {any} */ ({ headers }), tokens[65])
  assert.deepEqual(waited, tokens.slice(3, 65))
})

test('a change that is sent behind others is written when they are settled, however long they take', async () => {
  const order = await newOrder({ note: 'old' })
  const [token, later] = [newToken(), newToken()]
  const { arrived, open, wait } = gate()
  shop.hooks.beforeOperation = ({ args }) => (args.data?.note === 'first' ? wait() : undefined)
  const patch = (/** @type {string} */ note, /** @type {import('./support/payload.js').Sent} */ sent) =>
    shop.rest('PATCH', `/orders/${order.id}`, { data: { note }, ...sent })
  const first = patch('first', { token })
  await arrived
  const second = patch('second', { token: later, headers: { 'Optimistic-After': `${newToken()}, "${token}"` } })
  const other = await newOrder()
  await updates.REST(other, newToken())
  assert.equal(stateOf(later), undefined, 'another one goes all the way meanwhile')
  open()
  assert.deepEqual((await Promise.all([first, second])).map(({ status }) => status), [200, 200])
  assert.equal(await noteOf(order), 'second')
  await assertCacheIsRight()
})

test('a change that is sent behind something that is no token is 400, and is not written', async () => {
  const order = await newOrder({ note: 'old' })
  const headers = { 'Optimistic-After': 'a token' }
  const answer = await shop.rest('PATCH', `/orders/${order.id}`, { data: { note: 'new' }, token: newToken(), headers })
  assert.equal(answer.status, 400)
  assert.equal(await noteOf(order), 'old')
})

test('a change that is sent behind one that never arrives is written all the same', async () => {
  const order = await newOrder({ note: 'old' })
  const headers = { 'Optimistic-After': newToken() }
  const answer = await shop.rest('PATCH', `/orders/${order.id}`, { data: { note: 'new' }, token: newToken(), headers })
  assert.equal(answer.status, 200)
  assert.equal(await noteOf(order), 'new')
})
