/**
 * Writes in a database transaction, by every way into Payload: seen by their owner while they are under way, settled by
 * what became of the transaction, and then right in the cache.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { v7 as newToken } from 'uuid'
import { failure, gate, openShop, readThrough, readTruth, tokenHeader } from './support/payload.js'

/** @typedef {import('./support/payload.js').Shop} Shop */

const WRITES = ['create', 'update', 'delete']

/** @type {Shop} */
let shop
/** @type {any} */
let customer

before(async () => {
  shop = await openShop()
  customer = await shop.payload.create({ collection: 'customers', data: { name: 'Ada' } })
})
afterEach(() => shop.calm())
after(() => shop.close())

/** @param {Record<string, unknown>} [data] @returns {Promise<any>} */
const newOrder = (data) =>
  shop.newOrder({ customer: customer.id, address: { street: 'First', city: 'Aa' }, ...data })

/** A request as a custom endpoint would hand it to the Local API. @param {string} token @returns {any} */
const reqWith = (token) => ({ headers: new Headers(tokenHeader(token)) })

/** @param {any} where @returns {any} */
const query = (where) => new URLSearchParams(where).toString()

/** Each changes the note of one order to "new". @type {Record<string, (order: any, token: string) => Promise<any>>} */
const updates = {
  'REST, by id': ({ id }, token) => shop.rest('PATCH', `/orders/${id}`, { data: { note: 'new' }, token }),
  'REST, in bulk': ({ id }, token) =>
    shop.rest('PATCH', `/orders?${query({ 'where[id][equals]': id })}`, { data: { note: 'new' }, token }),
  GraphQL: ({ id }, token) =>
    shop.graphql(`mutation { updateOrder(id: ${id}, data: { note: "new" }) { id } }`, { token }),
  'the Local API, by id': ({ id }, token) =>
    shop.payload.update({ collection: 'orders', id: String(id), data: { note: 'new' }, req: reqWith(token) }),
  'the Local API, in bulk': ({ id }, token) =>
    shop.payload.update({
      collection: 'orders',
      where: { id: { in: [id] } },
      data: { note: 'new' },
      req: reqWith(token),
    }),
}

/** Each deletes one order. @type {Record<string, (order: any, token: string) => Promise<any>>} */
const deletes = {
  'REST, by id': ({ id }, token) => shop.rest('DELETE', `/orders/${id}`, { token }),
  'REST, in bulk': ({ id }, token) => shop.rest('DELETE', `/orders?${query({ 'where[id][in]': id })}`, { token }),
  GraphQL: ({ id }, token) => shop.graphql(`mutation { deleteOrder(id: ${id}) { id } }`, { token }),
  'the Local API, by id': ({ id }, token) => shop.payload.delete({ collection: 'orders', id, req: reqWith(token) }),
  'the Local API, in bulk': ({ id }, token) =>
    shop.payload.delete({ collection: 'orders', where: { id: { equals: id } }, req: reqWith(token) }),
}

/** Each creates an order with the note "new". @type {Record<string, (token: string) => Promise<any>>} */
const creates = {
  REST: (token) => shop.rest('POST', '/orders', { data: { orderNumber: shop.nextOrderNumber(), note: 'new' }, token }),
  GraphQL: (token) =>
    shop.graphql(`mutation { createOrder(data: { orderNumber: ${shop.nextOrderNumber()}, note: "new" }) { id } }`, { token }),
  'the Local API': (token) =>
    shop.payload.create({
      collection: 'orders',
      data: { orderNumber: shop.nextOrderNumber(), note: 'new' },
      req: reqWith(token),
    }),
}

/** Holds writes of orders before anything but the plugin has seen them. */
function holdWrites() {
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (WRITES.includes(operation) ? held.wait() : undefined)
  return held
}

/** @param {any[][]} lists @param {any} order */
const notesOf = (lists, { id }) => lists.map((docs) => docs.find((document) => document.id === id)?.note)

/** @param {string} token */
const stateOf = (token) => shop.cache.status(token, 'anonymous')?.state

async function assertCacheIsRight() {
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
}

for (const [way, update] of Object.entries(updates)) {
  test(`an update through ${way} is shown to its owner alone, and to all once it is committed`, async () => {
    const order = await newOrder({ note: 'old' })
    await readThrough(shop)
    const token = newToken()
    const held = holdWrites()
    const answer = update(order, token)
    await held.arrived
    assert.equal(stateOf(token), 'pending')
    assert.deepEqual(notesOf(await readThrough(shop, token), order), ['new', 'new', 'new'])
    assert.deepEqual(notesOf(await readThrough(shop), order), ['old', 'old', 'old'])
    assert.deepEqual(notesOf(await readThrough(shop, token, 'users:1'), order), ['old', 'old', 'old'])
    held.open()
    await answer
    assert.equal(stateOf(token), 'committed')
    const { replays } = shop.cache.stats()
    assert.deepEqual(notesOf(await readThrough(shop), order), ['new', 'new', 'new'])
    await assertCacheIsRight()
    assert.equal(shop.cache.stats().replays, replays + 3, 'the lists were not replayed')
  })

  for (const hook of /** @type {const} */ (['beforeOperation', 'beforeChange', 'afterChange'])) {
    // Payload goes on after a document of a bulk that failed, and commits what that one had written.
    const goesOn = way.includes('bulk') && hook !== 'beforeOperation'
    const end = goesOn ? 'ends as the database has it' : 'is taken back'
    test(`an update through ${way} that throws in ${hook} ${end}`, async () => {
      const order = await newOrder({ note: 'old' })
      const others = await readThrough(shop)
      const token = newToken()
      shop.hooks[hook] = ({ operation }) => {
        if (WRITES.includes(operation)) throw failure(`No, says ${hook}.`)
      }
      await update(order, token).catch(() => {})
      const { note } = await shop.payload.findByID({ collection: 'orders', id: order.id })
      assert.equal(note, goesOn && hook === 'afterChange' ? 'new' : 'old')
      assert.equal(stateOf(token), goesOn ? 'committed' : 'rolledBack')
      assert.deepEqual(notesOf(await readThrough(shop, token), order), [note, note, note])
      if (!goesOn) assert.deepEqual(await readThrough(shop), others)
      await assertCacheIsRight()
    })
  }
}

for (const [way, remove] of Object.entries(deletes)) {
  test(`a delete through ${way} is bracketed, and gone from every list once it is committed`, async () => {
    const order = await newOrder()
    await readThrough(shop)
    const token = newToken()
    const held = holdWrites()
    const answer = remove(order, token)
    await held.arrived
    assert.equal(stateOf(token), 'pending')
    held.open()
    await answer
    assert.equal(stateOf(token), 'committed')
    assert.deepEqual(notesOf(await readThrough(shop), order), [undefined, undefined, undefined])
    await assertCacheIsRight()
  })
}

for (const [way, create] of Object.entries(creates)) {
  test(`a create through ${way} is bracketed, and in every list once it is committed`, async () => {
    await readThrough(shop)
    const token = newToken()
    const held = holdWrites()
    const answer = create(token)
    await held.arrived
    assert.equal(stateOf(token), 'pending')
    held.open()
    await answer
    assert.equal(stateOf(token), 'committed')
    const [list] = await readThrough(shop)
    assert.equal(list.at(-1).note, 'new')
    await assertCacheIsRight()
  })
}

describe('what a client is told', () => {
  test('the answer to a mutation carries the version of its commit', async () => {
    const order = await newOrder()
    const token = newToken()
    const { headers } = await updates['REST, by id'](order, token)
    const { version } = shop.cache.status(token, 'anonymous') ?? {}
    assert.equal(headers.get('optimistic-version'), `${shop.cache.generation};${version}`)
    const viaGraphql = newToken()
    const answer = await updates.GraphQL(order, viaGraphql)
    const committed = shop.cache.status(viaGraphql, 'anonymous')?.version
    assert.equal(answer.headers.get('optimistic-version'), `${shop.cache.generation};${committed}`)
  })

  test('the answer to a read carries the version from before the database was read', async () => {
    const order = await newOrder()
    const held = gate()
    shop.hooks.beforeOperation = ({ operation, req }) =>
      operation === 'read' && req.payloadAPI === 'REST' ? held.wait() : undefined
    const { version } = shop.cache
    const answer = shop.rest('GET', `/orders/${order.id}`)
    await held.arrived
    await shop.payload.update({ collection: 'orders', id: order.id, data: { note: 'meanwhile' } })
    held.open()
    const { headers, body } = await answer
    assert.equal(body.note, 'meanwhile')
    assert.equal(headers.get('optimistic-version'), `${shop.cache.generation};${version}`)
    const count = await shop.rest('GET', '/orders/count')
    assert.equal(count.headers.get('optimistic-version'), `${shop.cache.generation};${shop.cache.version}`)
  })

  test('a reason that is for clients is kept, one that is not is hidden', async () => {
    const order = await newOrder()
    const [open, hidden, viaGraphql] = [newToken(), newToken(), newToken()]
    shop.hooks.beforeChange = () => {
      throw failure('There are no notes today.')
    }
    await updates['REST, by id'](order, open)
    await updates.GraphQL(order, viaGraphql)
    shop.hooks.beforeChange = () => {
      throw new Error('password=hunter2')
    }
    await updates['REST, by id'](order, hidden)
    assert.equal(shop.cache.status(open, 'anonymous')?.error, 'There are no notes today.')
    assert.equal(shop.cache.status(viaGraphql, 'anonymous')?.error, 'There are no notes today.')
    assert.equal(shop.cache.status(hidden, 'anonymous')?.error, 'Something went wrong.')
  })
})
