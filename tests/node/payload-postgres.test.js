/**
 * Transactions on a real PostgreSQL: several at once, killed ones, and COMMITs that fail although every statement
 * before them did not.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { postgresAdapter } from '@payloadcms/db-postgres'
import { v7 as newToken } from 'uuid'
import { failure, gate, openShop, readThrough, readTruth, tokenHeader } from './support/payload.js'
import { start } from './support/postgres.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let server
/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {any} */
let db

/** Connections that break while nothing is asked of them say so, too. @param {unknown} _error */
const ignore = (_error) => {}

before(async () => {
  server = await start()
  const onConnect = (/** @type {any} */ client) => void client.on('error', ignore)
  const pool = { connectionString: server.url, onConnect }
  shop = await openShop({ settings: { db: postgresAdapter({ pool }) } })
  db = shop.payload.db
  db.pool.on('error', ignore)
  await db.pool.query('alter table orders add constraint late unique (checksum) deferrable initially deferred')
})
afterEach(() => shop.calm())
after(async () => {
  await shop.close()
  await server.stop()
})

/** @param {any} order @param {Record<string, unknown>} data @param {string} [token] */
const patch = ({ id }, data, token) => shop.rest('PATCH', `/orders/${id}`, { data, token })

/** @param {string} token */
const statusOf = (token) => shop.cache.status(token, 'anonymous')

/** @param {any} order */
const noteOf = async ({ id }) => (await shop.payload.findByID({ collection: 'orders', id })).note

/** @param {any[][]} lists @param {any[]} orders */
const notesOf = ([list], orders) => orders.map(({ id }) => list.find((order) => order.id === id)?.note)

/** A request of the Local API. @param {string} token @returns {any} */
const reqWith = (token) => ({ headers: new Headers(tokenHeader(token)) })

const newOrders = async (/** @type {number} */ count) => {
  const orders = []
  while (orders.length < count) orders.push(await shop.newOrder({ note: 'old' }))
  return orders
}

async function assertCacheIsRight() {
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
}

/** Lets an update go on until its hook, and then waits. @param {import('./support/payload.js').HookName} hook */
function holdUpdates(hook) {
  const held = gate()
  shop.hooks[hook] = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  return held
}

/** Data that only the COMMIT refuses. */
async function takenChecksum() {
  const checksum = `taken ${shop.nextOrderNumber()}`
  await shop.newOrder({ checksum, note: 'first' })
  return { checksum, note: 'new' }
}

const REFUSED = 'The change was taken back, because the database refused to commit it.'

test('what several operations did in one transaction is seen at once, or not at all', async () => {
  const orders = await newOrders(3)
  await readThrough(shop)
  const seen = new Set()
  const look = async () => seen.add((await notesOf(await readThrough(shop), orders)).join())
  for (const [end, note] of [['rollbackTransaction', 'never'], ['commitTransaction', 'new']]) {
    const transactionID = await db.beginTransaction()
    const req = /** @type {any} */ ({ transactionID })
    for (const { id } of orders) {
      await shop.payload.update({ collection: 'orders', id, data: { note }, req })
      await look()
    }
    const ended = db[end](transactionID)
    for (let looks = 0; looks < 20; looks++) await look()
    await ended
    await look()
    await assertCacheIsRight()
  }
  assert.deepEqual([...seen], ['old,old,old', 'new,new,new'])
})

test('operations of hooks join the transaction of the one that runs them, and end with it', async () => {
  const [order, other] = await newOrders(2)
  const customer = await shop.payload.create({ collection: 'customers', data: { name: 'old' } })
  await shop.payload.update({ collection: 'orders', id: order.id, data: { customer: customer.id } })
  let fails = false
  shop.hooks.afterChange = async ({ doc, req }) => {
    if (doc.id !== order.id) return
    await shop.payload.update({ collection: 'customers', id: customer.id, data: { name: doc.note }, req })
    await shop.payload.update({ collection: 'orders', id: other.id, data: { note: doc.note }, req })
    if (fails) throw failure('No.')
  }
  await readThrough(shop)
  for (const [data, state, note] of /** @type {const} */ ([
    [{ note: 'new' }, 'committed', 'new'],
    [await takenChecksum(), 'rolledBack', 'new'],
    [{ note: 'newer' }, 'rolledBack', 'new'],
  ])) {
    fails = data.note === 'newer'
    const token = newToken()
    await patch(order, data, token)
    assert.equal(statusOf(token)?.state, state)
    assert.deepEqual(notesOf(await readThrough(shop), [order, other]), [note, note])
    assert.equal((await readThrough(shop))[0].find(({ id }) => id === order.id).customer.name, note)
    await assertCacheIsRight()
  }
})

/** Each fails, and says so. @type {Record<string, (order: any, data: any, token: string) => Promise<void>>} */
const ways = {
  async REST(order, data, token) {
    const answer = await patch(order, data, token)
    assert.equal(answer.status, 500)
    assert.deepEqual((await patch(order, data, token)).body, answer.body)
  },
  async 'REST, in bulk'({ id }, data, token) {
    const { status } = await shop.rest('PATCH', `/orders?where[id][equals]=${id}`, { data, token })
    assert.equal(status, 500)
  },
  async GraphQL({ id }, { checksum, note }, token) {
    // The field is hidden, so a hook sets it.
    shop.hooks.beforeChange = ({ data }) => ({ ...data, checksum })
    const mutation = `mutation { updateOrder(id: ${id}, data: { note: "${note}" }) { id } }`
    const { body } = await shop.graphql(mutation, { token })
    assert.deepEqual([body.data.updateOrder, body.errors.length], [null, 1])
  },
  'the Local API': ({ id }, data, token) =>
    assert.rejects(shop.payload.update({ collection: 'orders', id, data, req: reqWith(token) }), /did not commit/),
}

for (const [way, update] of Object.entries(ways)) {
  test(`a COMMIT that fails at a deferred constraint takes an update through ${way} back`, async () => {
    const [order] = await newOrders(1)
    const data = await takenChecksum()
    const before = await readThrough(shop)
    const token = newToken()
    await update(order, data, token)
    assert.deepEqual([statusOf(token)?.state, statusOf(token)?.error], ['rolledBack', REFUSED])
    assert.equal(await noteOf(order), 'old')
    assert.deepEqual(await readThrough(shop, token), before)
    await assertCacheIsRight()
  })
}

test('a create and a delete whose COMMIT fails did not happen', async () => {
  const { checksum } = await takenChecksum()
  const before = await readThrough(shop)
  const token = newToken()
  const data = { orderNumber: shop.nextOrderNumber(), checksum }
  assert.equal((await shop.rest('POST', '/orders', { data, token })).status, 500)
  assert.equal(statusOf(token)?.state, 'rolledBack')
  const [order, other] = await newOrders(2)
  shop.hooks.afterDelete = ({ req }) =>
    shop.payload.update({ collection: 'orders', id: other.id, data: { checksum }, req })
  const deletion = newToken()
  assert.equal((await shop.rest('DELETE', `/orders/${order.id}`, { token: deletion })).status, 500)
  assert.equal(statusOf(deletion)?.state, 'rolledBack')
  assert.deepEqual((await readThrough(shop))[0].slice(0, before[0].length), before[0])
  await assertCacheIsRight()
})

test('a COMMIT that was done, but whose answer was lost, is unknown, and what it changed is read anew', async () => {
  const [order] = await newOrders(1)
  await readThrough(shop)
  const token = newToken()
  const { connect } = db.pool
  db.pool.connect = async (/** @type {any[]} */ ...args) => {
    const client = await connect.apply(db.pool, args)
    // To a callback it went already.
    if (client === undefined) return
    const { query } = client
    client.query = async (/** @type {any} */ asked, /** @type {any[]} */ ...rest) => {
      const result = await query.call(client, asked, ...rest)
      if (!/^commit/i.test(asked.text ?? asked)) return result
      client.query = query
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    }
    return client
  }
  const { status } = await patch(order, { note: 'new' }, token).finally(() => (db.pool.connect = connect))
  assert.equal(status, 500)
  assert.equal(statusOf(token)?.state, 'expired')
  assert.equal(await noteOf(order), 'new')
  await assertCacheIsRight()
})

/** Ends the connections that are in a transaction, as an administrator, or a server that goes down, does. */
const kill = async () => {
  const sql = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where state = 'idle in transaction'"
  return (await db.pool.query(sql)).rowCount
}

for (const hook of /** @type {const} */ (['beforeChange', 'afterChange'])) {
  test(`a transaction that is killed in ${hook} was not committed, and nobody says that it was`, async () => {
    const [order] = await newOrders(1)
    await readThrough(shop)
    const token = newToken()
    const held = holdUpdates(hook)
    const answer = patch(order, { note: 'new' }, token)
    await held.arrived
    assert.equal(await kill(), 1)
    held.open()
    assert.equal((await answer).status, 500)
    assert.match(String(statusOf(token)?.state), /^(rolledBack|expired)$/)
    assert.equal(await noteOf(order), 'old')
    await assertCacheIsRight()
    assert.equal((await patch(order, { note: 'after it' }, newToken())).status, 200)
    await assertCacheIsRight()
  })
}

test('of two transactions on one document each is shown to its owner, and the cache is right after both', async () => {
  const [order] = await newOrders(1)
  await readThrough(shop)
  const [one, two] = [newToken(), newToken()]
  const held = holdUpdates('afterChange')
  const first = patch(order, { note: 'one' }, one)
  await held.arrived
  // It waits for the row.
  const second = patch(order, { note: 'two' }, two)
  while (statusOf(two) === undefined) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(notesOf(await readThrough(shop, one), [order]), ['one'])
  assert.deepEqual(notesOf(await readThrough(shop, two), [order]), ['two'])
  assert.deepEqual(notesOf(await readThrough(shop), [order]), ['old'])
  held.open()
  assert.deepEqual([(await first).status, (await second).status], [200, 200])
  assert.deepEqual([statusOf(one)?.state, statusOf(two)?.state], ['committed', 'committed'])
  await assertCacheIsRight()
})

test('what is loaded while a transaction is under way is not kept as what it becomes', async () => {
  const [order, other] = await newOrders(2)
  const token = newToken()
  const held = holdUpdates('afterChange')
  const answer = patch(order, { note: 'new' }, token)
  await held.arrived
  await readThrough(shop)
  assert.equal(await noteOf(order), 'old')
  held.open()
  await answer
  shop.calm()
  await assertCacheIsRight()
  await patch(other, { note: 'other' })
  await assertCacheIsRight()
})

test('a bulk update in one transaction that cannot be committed changes no document', async () => {
  const orders = await newOrders(3)
  const { checksum } = await takenChecksum()
  await readThrough(shop)
  shop.hooks.beforeChange = ({ data, originalDoc }) => (originalDoc?.id === orders[1].id ? { ...data, checksum } : data)
  const token = newToken()
  const where = { id: { in: orders.map(({ id }) => id) } }
  const update = () => shop.payload.update({ collection: 'orders', where, data: { note: 'bulk' }, req: reqWith(token) })
  await assert.rejects(update(), /did not commit/)
  assert.equal(statusOf(token)?.state, 'rolledBack')
  assert.deepEqual(notesOf(await readThrough(shop), orders), ['old', 'old', 'old'])
  await assertCacheIsRight()
})

test('of a bulk operation with a transaction a document, those are changed that could be', async (t) => {
  const orders = await newOrders(5)
  const { checksum } = await takenChecksum()
  db.bulkOperationsSingleTransaction = true
  t.after(() => (db.bulkOperationsSingleTransaction = false))
  await readThrough(shop)
  shop.hooks.beforeChange = ({ data, originalDoc }) => (originalDoc?.id === orders[3].id ? { ...data, checksum } : data)
  shop.hooks.afterChange = ({ doc }) => {
    if (doc.id === orders[1].id) throw failure('Not this one.')
  }
  const where = { id: { in: orders.map(({ id }) => id) } }
  const args = /** @type {any} */ ({ collection: 'orders', where, sort: 'orderNumber', req: reqWith(newToken()) })
  const { errors } = await shop.payload.update({ ...args, data: { note: 'bulk' } })
  assert.deepEqual(errors.map((/** @type {any} */ { id }) => id), [orders[1].id, orders[3].id])
  // Payload begins one for all of them, all the same, and ends that with the first that fails.
  assert.deepEqual(notesOf(await readThrough(shop), orders), ['old', 'old', 'bulk', 'old', 'bulk'])
  await assertCacheIsRight()
  shop.hooks.afterDelete = ({ id }) => {
    if (id === orders[0].id) throw failure('Not this one.')
  }
  await shop.payload.delete(args)
  await assertCacheIsRight()
  assert.equal(shop.cache.stats().mutationsPending, 0)
})

test('without a transaction a write is settled when its operation ends, as the database has it', async () => {
  const [order] = await newOrders(1)
  await readThrough(shop)
  const token = newToken()
  const held = holdUpdates('afterChange')
  const answer = shop.rest('PATCH', `/bare/${order.id}`, { data: { note: 'new' }, token })
  await held.arrived
  assert.equal(statusOf(token)?.state, 'pending')
  assert.equal(await noteOf(order), 'new')
  await assertCacheIsRight()
  held.open()
  assert.equal((await answer).status, 200)
  assert.equal(statusOf(token)?.state, 'committed')
  await assertCacheIsRight()
})

test('a server that says more than a pipe holds goes on answering', async () => {
  await db.pool.query("do $$ begin raise warning '%', repeat('x', 200000); end $$")
  assert.equal((await db.pool.query('select 1')).rowCount, 1)
})
