/**
 * What becomes of a mutation when writes are nested, fail in part, or go round Payload's operations, and when the
 * database does not commit.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { reload } from 'payload'
import { v7 as newToken } from 'uuid'
import { shapesOf } from '../../lib/payload/cacheOf.js'
import { failure, gate, openShop, readThrough, readTruth, tokenHeader } from './support/payload.js'

/** @typedef {import('./support/payload.js').Shop} Shop */

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

/** @param {any} order @param {Record<string, unknown>} data @param {string} [token] */
const patch = ({ id }, data, token) => shop.rest('PATCH', `/orders/${id}`, { data, token })

/** @param {string} token */
const statusOf = (token) => shop.cache.status(token, 'anonymous')

async function assertCacheIsRight() {
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
}

/** @param {() => Promise<unknown>} act @returns {Promise<number>} how many lists were replayed after it */
async function replaysAfter(act) {
  await readThrough(shop)
  await act()
  const { replays } = shop.cache.stats()
  await assertCacheIsRight()
  return shop.cache.stats().replays - replays
}

test('members, groups and arrays that an update changed are replayed as the database has them', async () => {
  const order = await newOrder({ items: [{ product: 'tea', quantity: 1 }] })
  const update = () => patch(order, { address: { city: 'Bb' }, items: [{ product: 'rum', quantity: 2 }], note: 'x' })
  assert.equal(await replaysAfter(update), 3)
})

test('an order leaves the list that filters by its status, and comes back, without a load', async () => {
  const order = await newOrder()
  assert.equal(await replaysAfter(() => patch(order, { status: 'shipped' })), 3)
  assert.equal(await replaysAfter(() => patch(order, { status: 'pending' })), 3)
})

test('a customer that an order shows is replayed into it', async () => {
  await newOrder()
  const { id } = customer
  const update = () => shop.payload.update({ collection: 'customers', id, data: { name: 'Ada L.' } })
  await replaysAfter(update)
  assert.equal((await readThrough(shop))[0].at(-1).customer.name, 'Ada L.')
})

test('hidden members, guarded ones, and what no field takes are not shown to the owner', async () => {
  const order = await newOrder()
  const token = newToken()
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  const answer = patch(order, { checksum: 'secret', note: 'new', nonsense: 1, id: 99, updatedAt: 'never' }, token)
  await held.arrived
  const { pending } = shop.cache.view({ principal: 'anonymous', tokens: [token] })
  assert.deepEqual(pending, [
    { token, operations: [{ type: 'update', collection: 'orders', id: order.id, data: { note: 'new' } }] },
  ])
  held.open()
  await answer
})

test('two writes of one document in one transaction are one change', async () => {
  const order = await newOrder({ note: 'old' })
  const token = newToken()
  shop.hooks.afterChange = async ({ doc, req }) => {
    if (doc.note !== 'first') return
    await shop.payload.update({ collection: 'orders', id: doc.id, data: { note: 'second' }, req })
  }
  assert.equal(await replaysAfter(() => patch(order, { note: 'first' }, token)), 3)
  assert.equal(statusOf(token)?.state, 'committed')
  assert.equal((await readThrough(shop))[0].at(-1).note, 'second')
})

test('a write of another document by a hook commits, and is taken back, with the mutation', async () => {
  const [order, other] = [await newOrder({ note: 'old' }), await newOrder({ note: 'old' })]
  let fails = false
  shop.hooks.afterChange = async ({ doc, req }) => {
    if (doc.id !== order.id) return
    await shop.payload.update({ collection: 'orders', id: other.id, data: { note: doc.note }, req })
    if (fails) throw failure('No.')
  }
  const committed = newToken()
  assert.equal(await replaysAfter(() => patch(order, { note: 'both' }, committed)), 3)
  assert.equal(statusOf(committed)?.state, 'committed')
  assert.equal((await readThrough(shop))[1].at(-1).note, 'both')
  fails = true
  const before = await readThrough(shop)
  const refused = newToken()
  await patch(order, { note: 'neither' }, refused)
  assert.equal(statusOf(refused)?.state, 'rolledBack')
  assert.deepEqual(await readThrough(shop), before)
  await assertCacheIsRight()
})

test('a write through payload.db in a transaction of its caller is bracketed until that ends', async () => {
  const order = await newOrder({ note: 'old' })
  const { db } = shop.payload
  for (const end of /** @type {const} */ (['rollbackTransaction', 'commitTransaction'])) {
    await readThrough(shop)
    const transactionID = /** @type {string} */ (await db.beginTransaction())
    const { mutationsPending } = shop.cache.stats()
    await db.updateOne({
      collection: 'orders',
      id: order.id,
      data: { note: end },
      req: /** @type {any} */ ({ transactionID }),
    })
    assert.equal(shop.cache.stats().mutationsPending, mutationsPending + 1)
    await db[end](transactionID)
    assert.equal(shop.cache.stats().mutationsPending, mutationsPending)
    await assertCacheIsRight()
  }
  assert.equal((await readThrough(shop))[0].at(-1).note, 'commitTransaction')
})

test('a write through payload.db outside of a transaction is bracketed by itself', async () => {
  const order = await newOrder({ note: 'old' })
  await readThrough(shop)
  await shop.payload.db.updateOne({
    collection: 'orders',
    where: { orderNumber: { equals: order.orderNumber } },
    data: { note: 'db' },
  })
  assert.equal((await readThrough(shop))[1].find(({ id }) => id === order.id).note, 'db')
  await assertCacheIsRight()
  await shop.payload.db.deleteMany({ collection: 'orders', where: { note: { equals: 'db' } } })
  await assertCacheIsRight()
  assert.equal(
    (await readThrough(shop))[1].some(({ id }) => id === order.id),
    false,
  )
})

test('in a bulk update and a bulk delete each document settles by what became of it', async () => {
  const orders = [await newOrder({ note: 'old' }), await newOrder({ note: 'old' }), await newOrder({ note: 'old' })]
  const where = { id: { in: orders.map(({ id }) => id) } }
  await readThrough(shop)
  shop.hooks.beforeChange = ({ originalDoc }) => {
    if (originalDoc.id === orders[1].id) throw failure('Not this one.')
  }
  const req = /** @type {any} */ ({ headers: new Headers(tokenHeader(newToken())) })
  const updated = await shop.payload.update({ collection: 'orders', where, data: { note: 'bulk' }, req })
  assert.equal(updated.errors.length, 1)
  const notes = (await readThrough(shop))[1].slice(-3).map(({ note }) => note)
  assert.deepEqual(notes, ['bulk', 'old', 'bulk'])
  await assertCacheIsRight()

  shop.hooks.afterDelete = ({ id }) => {
    if (id === orders[2].id) throw failure('Not this one.')
  }
  const deleted = await shop.payload.delete({ collection: 'orders', where })
  assert.equal(deleted.errors.length, 1)
  await assertCacheIsRight()
})

test('where a bulk operation has a transaction for each document, each settles with its own', async (t) => {
  const orders = [await newOrder({ note: 'old' }), await newOrder({ note: 'old' }), await newOrder({ note: 'old' })]
  const where = { id: { in: orders.map(({ id }) => id) } }
  const { db } = shop.payload
  db.bulkOperationsSingleTransaction = true
  t.after(() => (db.bulkOperationsSingleTransaction = false))
  shop.hooks.afterChange = ({ doc }) => {
    if (doc.id === orders[1].id) throw failure('Not this one.')
  }
  shop.hooks.afterDelete = ({ id }) => {
    if (id === orders[0].id) throw failure('Not this one.')
  }
  await readThrough(shop)
  const req = /** @type {any} */ ({ headers: new Headers(tokenHeader(newToken())) })
  await shop.payload.update({ collection: 'orders', where, data: { note: 'bulk' }, req })
  await assertCacheIsRight()
  await shop.payload.delete({ collection: 'orders', where })
  await assertCacheIsRight()
  assert.equal(shop.cache.stats().mutationsPending, 0)
})

test('deleting a customer changes the orders that referred to it', async () => {
  const { id } = await shop.payload.create({ collection: 'customers', data: { name: 'Gone' } })
  const order = await newOrder({ customer: id })
  const query = /** @type {any} */ ({ type: 'count', collection: 'orders', where: { customer: { exists: true } } })
  const count = () => shop.payload.count({ collection: 'orders', where: query.where })
  await readThrough(shop)
  const { totalDocs } = await shop.cache.fetch('count', { query }, count)
  await shop.payload.delete({ collection: 'customers', id })
  assert.equal((await shop.cache.fetch('count', { query }, count)).totalDocs, totalDocs - 1)
  const [, flat] = await readThrough(shop)
  assert.equal(flat.find((shown) => shown.id === order.id).customer, null)
  await assertCacheIsRight()
})

/**
 * Makes the next COMMIT fail; drizzle rolls back then.
 * @param {object} error
 */
function failNextCommit(error) {
  const { client } = /** @type {any} */ (shop.payload.db)
  const { transaction } = client
  client.transaction = async (/** @type {unknown} */ mode) => {
    client.transaction = transaction
    const begun = await transaction.call(client, mode)
    begun.commit = async () => {
      throw Object.assign(new Error('No COMMIT today'), error)
    }
    return begun
  }
}

test('a COMMIT that the database refuses is a rollback, and the client hears of it', async () => {
  const order = await newOrder({ note: 'old' })
  const before = await readThrough(shop)
  const token = newToken()
  failNextCommit({ code: 'SQLITE_FULL' })
  const { status } = await patch(order, { note: 'new' }, token)
  assert.equal(status, 500)
  assert.equal(statusOf(token)?.state, 'rolledBack')
  assert.deepEqual(await readThrough(shop), before)
  await assertCacheIsRight()
})

test('a COMMIT that nobody answered is unknown, and its documents are read anew', async () => {
  const order = await newOrder({ note: 'old' })
  await readThrough(shop)
  const token = newToken()
  failNextCommit({ code: 'ECONNRESET' })
  await patch(order, { note: 'new' }, token)
  assert.equal(statusOf(token)?.state, 'expired')
  const { misses } = shop.cache.stats()
  await assertCacheIsRight()
  assert.equal(shop.cache.stats().misses, misses + 3)
})

test('a rollback leaves the entries of other documents as they are', async () => {
  const [order, other] = [await newOrder(), await newOrder()]
  const query = /** @type {any} */ ({ type: 'findByID', collection: 'orders', id: other.id, depth: 0 })
  shop.cache.set('other', await shop.payload.findByID({ collection: 'orders', id: other.id, depth: 0 }), { query })
  shop.hooks.afterChange = () => {
    throw failure('No.')
  }
  await patch(order, { note: 'new' }, newToken())
  assert.notEqual(shop.cache.get('other'), undefined)
})

test('a config that is reloaded in development goes on being watched', async () => {
  const { config, payload } = shop
  const { collections } = config
  const fields = [...collections[1].flattenedFields, { name: 'boss', type: 'relationship', relationTo: 'customers' }]
  const customers = { ...collections[1], flattenedFields: fields }
  await reload(/** @type {any} */ ({ ...config, collections: collections.with(1, customers) }), payload, true)
  const { relations } = shapesOf(payload).customers
  await reload(config, payload, true)
  assert.deepEqual(relations, { boss: 'customers' })
  const order = await newOrder({ note: 'old' })
  const [committed, refused] = [newToken(), newToken()]
  await readThrough(shop)
  assert.equal((await patch(order, { note: 'new' }, committed)).status, 200)
  assert.equal(statusOf(committed)?.state, 'committed')
  failNextCommit({ code: 'SQLITE_FULL' })
  await patch(order, { note: 'newer' }, refused)
  assert.equal(statusOf(refused)?.state, 'rolledBack')
  await assertCacheIsRight()
})
