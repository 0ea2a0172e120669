import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import process from 'node:process'
import test from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'

const ADA = 'users:1'
const SHAPES = { orders: { relations: { customer: 'customers' } }, customers: {} }
const ORDER = { id: 7, status: 'pending', customer: { id: 1, name: 'Ada' } }
const ORDER_QUERY = { type: 'findByID', collection: 'orders', id: 7, depth: 1 }
const CUSTOMER_QUERY = { type: 'findByID', collection: 'customers', id: 1, depth: 0 }
const SHIPPED = { type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }
const RENAMED = { type: 'update', collection: 'customers', id: 1, data: { name: 'Grace' } }

let names = 0

function open(t) {
  const name = `threads-${process.pid}-${names++}`
  const cache = openCache({ name, maxBytes: 4 << 20, shapes: SHAPES })
  t.after(() => cache.close())
  cache.set('order', ORDER, { query: ORDER_QUERY })
  cache.set('customer', { id: 1, name: 'Ada' }, { query: CUSTOMER_QUERY })
  return { cache, name }
}

class Thread {
  #worker
  #calls = 0
  #waiting = new Map()

  constructor(t, name, tokens = []) {
    this.#worker = new Worker(new URL('cache-threads-worker.js', import.meta.url), { workerData: { name, tokens } })
    this.#worker.on('message', ({ id, ...answer }) => this.#waiting.get(id)(answer))
    t.after(() => this.terminate())
  }

  async call(method, ...args) {
    const id = this.#calls++
    this.#worker.postMessage({ id, method, args })
    const { result, error } = await new Promise((resolve) => this.#waiting.set(id, resolve))
    assert.equal(error, undefined)
    return result
  }

  terminate() {
    return this.#worker.terminate()
  }
}

test('what one thread commits, a read in another thread shows as soon as the commit has returned', async (t) => {
  const { cache, name } = open(t)
  const [writer, reader] = [new Thread(t, name), new Thread(t, name)]
  assert.deepEqual(await reader.call('get', 'order'), ORDER)
  for (const status of ['shipped', 'delivered', 'cancelled']) {
    const token = v7()
    await writer.call('begin', token, { principal: ADA, operations: [{ ...SHIPPED, data: { status } }] })
    assert.notEqual((await reader.call('get', 'order')).status, status)
    await writer.call('commit', token)
    assert.equal((await reader.call('get', 'order')).status, status)
    assert.equal(cache.get('order').status, status)
  }
})

test('a mutation that one thread began is laid over what its viewer reads in another', async (t) => {
  const { cache, name } = open(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [SHIPPED] })
  const thread = new Thread(t, name)
  const own = await thread.call('view', { principal: ADA, tokens: [token] })
  const foreign = await thread.call('view', { principal: 'users:2', tokens: [token] })
  assert.equal((await thread.call('get', 'order', own)).status, 'shipped')
  assert.equal((await thread.call('get', 'order', foreign)).status, 'pending')
  cache.rollback(token)
  assert.equal((await thread.call('get', 'order', own)).status, 'pending')
})

test('settled() and known() in one thread wake up on what another thread does', async (t) => {
  const { cache, name } = open(t)
  const thread = new Thread(t, name)
  const token = v7()
  const known = cache.known([token], ADA, { timeout: 60_000 })
  await thread.call('begin', token, { principal: ADA, operations: [SHIPPED] })
  assert.equal(await known, true)
  const settled = cache.settled(token, ADA, { timeout: 60_000 })
  const version = await thread.call('commit', token)
  assert.deepEqual(await settled, { token, state: 'committed', version, error: undefined })
})

test('a view sees all operations of a mutation or none, while another thread commits without a pause', async (t) => {
  const { cache, name } = open(t)
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const stopped = new Thread(t, name).call('commitWithoutPause', stop)
  const seen = new Set()
  while (seen.size < 300) {
    const since = cache.version
    const view = cache.view()
    const [order, customer] = [cache.get('order', view), cache.get('customer', view)]
    if (order && customer && !view.torn) {
      assert.equal(order.customer.name, customer.name)
      if (seen.size > 0) assert.equal(order.status, customer.name)
      if (typeof customer.name === 'number') seen.add(customer.name)
    } else {
      // A pause of this thread longer than the log made a miss. Any state will do that is the same in both.
      const number = [...seen].at(-1) ?? 'Ada'
      cache.set('order', { id: 7, status: number, customer: { id: 1, name: number } }, { since, query: ORDER_QUERY })
      cache.set('customer', { id: 1, name: number }, { since, query: CUSTOMER_QUERY })
    }
    view.close()
    if (seen.size % 10 === 0) await new Promise(setImmediate)
  }
  Atomics.store(stop, 0, 1)
  await stopped
})

test('a worker that is terminated in mid-use leaves everything right for the others', async (t) => {
  const { cache, name } = open(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [SHIPPED] })
  for (let round = 0; round < 10; round++) {
    const thread = new Thread(t, name, [token])
    assert.equal(await thread.call('churn'), 'churning')
    await thread.terminate()
    assert.equal(cache.stats().views, 0)
    assert.deepEqual(cache.get('order'), ORDER)
  }
  cache.commit(token)
  assert.equal(cache.get('order').status, 'shipped')
})

test('a mutation whose thread was terminated expires, though no other thread had begun one', async (t) => {
  const { cache, name } = open(t)
  const thread = new Thread(t, name)
  const token = v7()
  await thread.call('begin', token, { principal: ADA, operations: [SHIPPED], ttl: 50 })
  await thread.terminate()
  assert.equal((await cache.settled(token, ADA))?.state, 'expired')
  assert.equal(cache.get('order'), undefined)
})

test('a worker that waits for an event can be terminated', async (t) => {
  const { cache, name } = open(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [SHIPPED] })
  const thread = new Thread(t, name)
  const waiting = thread.call('settled', token, ADA, { timeout: 60_000 })
  assert.equal((await thread.call('get', 'order')).status, 'pending')
  await thread.terminate()
  cache.commit(token)
  assert.equal(cache.get('order').status, 'shipped')
  void waiting
})

/** What the program prints in a process of its own, when that has ended by itself. */
async function run(program, ...flags) {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '-e', program])
  return stdout
}

test('an open cache, an open view and a pending mutation do not keep the process alive', async () => {
  const program = `
    import { openCache } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)}
    import { v7 } from ${JSON.stringify(import.meta.resolve('uuid'))}
    const cache = openCache({ name: 'exit' })
    const token = v7()
    cache.begin(token, { principal: 'users:1', operations: [] , ttl: 600_000 })
    globalThis.view = cache.view({ principal: 'users:1', tokens: [token] })
    cache.known([token], 'users:1')
    console.log(globalThis.view.pending.length)
  `
  assert.equal(await run(program), '1\n')
})

test('views and caches that nobody closed are closed by the garbage collector', async () => {
  const program = `
    import { openCache } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)}
    const cache = openCache({ name: 'collected' })
    for (let i = 0; i < 100; i++) {
      cache.view()
      openCache({ name: 'collected' }).view()
    }
    while (cache.stats().views > 0) {
      gc()
      await new Promise(setImmediate)
    }
    cache.set('key', 1)
    console.log(cache.get('key'))
  `
  assert.equal(await run(program, '--expose-gc'), '1\n')
})
