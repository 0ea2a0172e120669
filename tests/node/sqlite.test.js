// The example's SQLite adapter: writers that overlap wait for each other, and never for nothing.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { openOrderBoard } from './support/order-board.js'
import { gate } from './support/payload.js'

/**
 * @param {import('node:test').TestContext} t
 * @param {Parameters<typeof openOrderBoard>[0]} [options]
 */
async function boardFor(t, options) {
  const board = await openOrderBoard(options)
  t.after(() => board.close())
  return board
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} args
 */
async function otherProcess(t, ...args) {
  const script = new URL('./support/sqlite-writer.js', import.meta.url)
  const child = fork(script, args, { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] })
  t.after(() => child.kill())
  await once(child, 'message')
  return child
}

test('two overlapping updates of one order both come through, the later one last', async (t) => {
  const board = await boardFor(t)
  const [id] = await board.addOrders(1)
  const held = gate()
  board.hooks.afterChange = ({ doc }) => (doc.status === 'processing' ? held.wait() : undefined)
  const first = board.update(id, { status: 'processing' })
  await held.arrived
  const second = board.update(id, { status: 'shipped' })
  assert.equal((await board.order(id)).status, 'pending', 'a reader neither waits nor sees what is not committed')
  held.open()
  assert.equal((await first).status, 'processing')
  assert.equal((await second).status, 'shipped')
  assert.equal((await board.order(id)).status, 'shipped')
})

test('twenty updates and log-ins at once all come through', async (t) => {
  const board = await boardFor(t)
  await board.addUser()
  const ids = await board.addOrders(5)
  const updates = Array.from({ length: 20 }, (_, turn) => board.update(ids[turn % ids.length], { note: `turn ${turn}` }))
  const logIns = Array.from({ length: 20 }, () => board.logIn())
  const results = await Promise.allSettled([...updates, ...logIns])
  assert.deepEqual(results.filter(({ status }) => status === 'rejected'), [])
  const notes = await Promise.all(ids.map(async (id) => (await board.order(id)).note))
  assert.deepEqual(notes, ['turn 15', 'turn 16', 'turn 17', 'turn 18', 'turn 19'])
})

test('a transaction that has not touched the database yet keeps nobody waiting', async (t) => {
  const board = await boardFor(t)
  const [one, other] = await board.addOrders(2)
  const held = gate()
  board.hooks.beforeOperation = ({ args }) => (args.id === one ? held.wait() : undefined)
  const slow = board.update(one, { status: 'processing' })
  await held.arrived
  assert.equal((await board.update(other, { status: 'shipped' })).status, 'shipped')
  held.open()
  assert.equal((await slow).status, 'processing')
})

test('an update that fails in its transaction leaves nothing behind and keeps nobody waiting', async (t) => {
  const board = await boardFor(t)
  const [id, other] = await board.addOrders(2)
  board.hooks.afterChange = ({ doc }) => {
    if (doc.id === id) throw new Error('no')
  }
  await assert.rejects(board.update(id, { status: 'processing' }), /no/)
  assert.equal((await board.order(id)).status, 'pending')
  assert.equal((await board.update(other, { status: 'shipped' })).status, 'shipped')
})

test('a statement that fails ends neither its transaction nor the queue', async (t) => {
  const { payload, addOrders, order } = await boardFor(t)
  const [one, other] = await addOrders(2)
  const transactionID = await payload.db.beginTransaction()
  const req = /** @type {any} */ ({ transactionID })
  await payload.db.updateOne({ collection: 'orders', id: one, data: { note: 'kept' }, req })
  await assert.rejects(payload.db.updateOne({ collection: 'orders', id: other, data: { orderNumber: 1 }, req }))
  await payload.db.updateOne({ collection: 'orders', id: other, data: { note: 'kept too' }, req })
  await payload.db.commitTransaction(transactionID)
  assert.deepEqual([(await order(one)).note, (await order(other)).note], ['kept', 'kept too'])
})

test('a transaction that nobody settles is rolled back, and lets others write', async (t) => {
  const { payload, addOrders, order, update } = await boardFor(t, { transactionTimeout: 100 })
  const [id] = await addOrders(1)
  const transactionID = await payload.db.beginTransaction()
  const req = /** @type {any} */ ({ transactionID })
  await payload.db.updateOne({ collection: 'orders', id, data: { note: 'never committed' }, req })
  assert.equal((await update(id, { status: 'shipped' })).status, 'shipped')
  await assert.rejects(payload.db.updateOne({ collection: 'orders', id, data: { note: 'too late' }, req }))
  await payload.db.commitTransaction(transactionID)
  assert.equal((await order(id)).note, null)
})

test('another process that writes is waited for without blocking the event loop', async (t) => {
  const board = await boardFor(t, { busyTimeout: 60_000 })
  const [id] = await board.addOrders(1)
  const holder = await otherProcess(t, 'hold', board.file)
  const waiting = board.update(id, { status: 'processing' })
  assert.equal((await board.order(id)).status, 'pending')
  holder.stdin?.end()
  assert.equal((await waiting).status, 'processing')
})

test('another process that keeps the lock ends in SQLITE_BUSY after the timeout, and not in a stuck queue', async (t) => {
  const board = await boardFor(t, { busyTimeout: 50 })
  const [id] = await board.addOrders(1)
  const holder = await otherProcess(t, 'hold', board.file)
  const isBusy = (/** @type {any} */ error) => /SQLITE_BUSY/.test(`${error.code} ${error.cause?.code} ${error}`)
  await assert.rejects(board.update(id, { status: 'processing' }), isBusy)
  holder.stdin?.end()
  await once(holder, 'exit')
  assert.equal((await board.update(id, { status: 'processing' })).status, 'processing')
})

test('two processes that write at once both come through', async (t) => {
  const board = await boardFor(t)
  const ids = await board.addOrders(20)
  const other = await otherProcess(t, 'update', board.file, ...ids.map(String))
  other.send('go')
  const ended = once(other, 'exit')
  for (const id of ids) await board.update(id, { status: 'processing' })
  assert.deepEqual(await ended, [0, null])
  for (const id of ids) {
    const { note, status } = await board.order(id)
    assert.deepEqual({ note, status }, { note: 'from the other process', status: 'processing' })
  }
})
