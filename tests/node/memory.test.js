// Where an arena lives, who shares it, and what is left when one of them is killed. All other processes are real ones.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import test from 'node:test'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { CacheProcess } from './support/cache-process.js'

const ADA = 'users:1'
const SHAPES = { orders: {} }
const ORDER = { id: 7, status: 'pending' }
const ORDER_QUERY = { type: 'findByID', collection: 'orders', id: 7, depth: 0 }
const SHIPPED = { type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }
const MEBIBYTE = 1 << 20

let names = 0

/** Options of a cache that only this test has. */
const shared = () => ({
  name: `memory-${process.pid}-${names++}`,
  memory: 'shared',
  maxBytes: 2 * MEBIBYTE,
  shapes: SHAPES,
})

function inFile(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'optimistic-cache-'))
  t.after(() => fs.rmSync(directory, { recursive: true }))
  return { ...shared(), memory: { file: path.join(directory, 'cache') } }
}

function open(t, options) {
  const cache = openCache(options)
  t.after(() => cache.close())
  return cache
}

test('a value that one process sets is read by another that shares the memory', async (t) => {
  const options = shared()
  const cache = open(t, options)
  const other = await CacheProcess.open(t, options)
  await other.call('set', 'order', ORDER, { query: ORDER_QUERY })
  assert.deepEqual(cache.get('order'), ORDER)
  assert.equal(cache.stats().processes, 2)
  assert.equal(await other.call('generation'), cache.generation)
})

test('a read after the commit of another process shows the change, also of an object parsed before', async (t) => {
  const options = shared()
  const cache = open(t, options)
  const other = await CacheProcess.open(t, options)
  cache.set('order', ORDER, { query: ORDER_QUERY })
  assert.deepEqual(cache.get('order'), ORDER)
  const token = v7()
  await other.call('begin', token, { principal: ADA, operations: [SHIPPED] })
  assert.deepEqual(cache.get('order'), ORDER)
  const view = cache.view({ principal: ADA, tokens: [token] })
  assert.equal(cache.get('order', view).status, 'shipped')
  view.close()
  await other.call('commit', token)
  assert.equal(cache.get('order').status, 'shipped')
})

test('a waiter is told what another process settles', async (t) => {
  const options = shared()
  const cache = open(t, options)
  const other = await CacheProcess.open(t, options)
  const token = v7()
  await other.call('begin', token, { principal: ADA, operations: [SHIPPED] })
  const settled = cache.settled(token, ADA)
  await other.call('rollback', token, { reason: 'no stock' })
  const { state, error } = await settled
  assert.deepEqual({ state, error }, { state: 'rolledBack', error: 'no stock' })
})

test('private memory of one name is not shared with another process', async (t) => {
  const options = { ...shared(), memory: 'private' }
  const cache = open(t, options)
  const other = await CacheProcess.open(t, options)
  await other.call('set', 'order', ORDER)
  assert.equal(cache.get('order'), undefined)
})

test('a shared region is gone when its last process closes it', async (t) => {
  const options = shared()
  const first = await CacheProcess.open(t, options)
  await first.call('set', 'order', ORDER)
  const second = await CacheProcess.open(t, options)
  await first.end()
  assert.deepEqual(await second.call('get', 'order'), ORDER)
  await second.end()
  const cache = open(t, options)
  assert.equal(cache.get('order'), undefined)
  assert.equal(cache.stats().started, 'fresh: a new region')
})

test('a file is kept over a clean restart', async (t) => {
  const options = inFile(t)
  const before = await CacheProcess.open(t, options)
  await before.call('set', 'order', ORDER, { query: ORDER_QUERY })
  const version = await before.call('invalidate', ['customers'])
  await before.end()
  const cache = open(t, options)
  assert.equal(cache.stats().started, 'kept')
  assert.deepEqual(cache.get('order'), ORDER)
  assert.equal(cache.version, version)
  assert.equal(fs.statSync(options.memory.file).mode & 0o777, 0o600)
})

for (const way of ['exit', 'fail']) {
  test(`a file is kept when its last process ends by ${way}, unless it had a mutation in flight`, async (t) => {
    for (const pending of [false, true]) {
      const options = inFile(t)
      const before = await CacheProcess.open(t, options)
      await before.call('set', 'order', ORDER, { query: ORDER_QUERY })
      if (pending) await before.call('begin', v7(), { principal: ADA, operations: [SHIPPED] })
      await before.leave(way)
      const cache = open(t, options)
      assert.equal(cache.stats().started, pending ? 'fresh: unclean end of its last process' : 'kept')
      assert.deepEqual(cache.get('order'), pending ? undefined : ORDER)
    }
  })
}

test('a shared region is gone when its last process ends by exit', async (t) => {
  const options = shared()
  const last = await CacheProcess.open(t, options)
  await last.call('set', 'order', ORDER)
  const region = fs.readdirSync('/dev/shm').find((name) => name.endsWith(options.name))
  assert.ok(region)
  await last.leave('exit')
  assert.ok(!fs.existsSync(path.join('/dev/shm', region)))
})

for (const signal of ['SIGKILL', 'SIGTERM']) {
  test(`a file is thrown away, for a reason that stats() tells, after a ${signal} that nobody handled`, async (t) => {
    const options = inFile(t)
    const before = await CacheProcess.open(t, options)
    await before.call('set', 'order', ORDER)
    const generation = await before.call('generation')
    await before.kill(signal)
    const cache = open(t, options)
    assert.equal(cache.stats().started, 'fresh: unclean end of its last process')
    assert.equal(cache.get('order'), undefined)
    assert.notEqual(cache.generation, generation)
  })
}

test('another size is an error while others have the memory open, and says both sizes', async (t) => {
  for (const options of [shared(), inFile(t)]) {
    const other = await CacheProcess.open(t, options)
    assert.throws(
      () => openCache({ ...options, maxBytes: 4 * MEBIBYTE }),
      ({ code, message }) =>
        code === 'ERR_OPTIMISTIC_DIFFERS' && message.includes('2097152') && message.includes('4194304'),
    )
    const { maxBytes: _, ...withoutSize } = options
    assert.equal(open(t, withoutSize).stats().arenaBytes, 2 * MEBIBYTE)
    await other.end()
  }
})

test('a file that is open to other users is refused and left as it is', (t) => {
  const options = inFile(t)
  fs.writeFileSync(options.memory.file, 'not ours')
  fs.chmodSync(options.memory.file, 0o644)
  assert.throws(() => openCache(options), { code: 'ERR_OPTIMISTIC_FOREIGN' })
  assert.equal(fs.readFileSync(options.memory.file, 'utf8'), 'not ours')
})

test('two spellings of the path of a file are one cache', (t) => {
  const options = inFile(t)
  const cache = open(t, options)
  const relative = path.relative(process.cwd(), options.memory.file)
  const same = open(t, { ...options, memory: { file: relative } })
  cache.set('order', ORDER)
  assert.deepEqual(same.get('order'), ORDER)
  assert.equal(cache.stats().processes, 1)
})

test('a mutation of a killed process expires for a survivor who waits for it, and its documents miss', async (t) => {
  const options = shared()
  const cache = open(t, options)
  const other = await CacheProcess.open(t, options)
  cache.set('order', ORDER, { query: ORDER_QUERY })
  cache.set('other order', { ...ORDER, id: 8 }, { query: { ...ORDER_QUERY, id: 8 } })
  const token = v7()
  await other.call('begin', token, { principal: ADA, operations: [SHIPPED], ttl: 3_600_000 })
  const own = v7()
  const otherOrder = { ...SHIPPED, id: 9 }
  cache.begin(own, { principal: ADA, operations: [otherOrder], ttl: 3_600_000 })
  // Far below the hour that the mutation may take, and far above the second it takes to notice a death.
  const settled = cache.settled(token, ADA, { timeout: 20_000 })
  await other.kill()
  const { state, error } = await settled
  assert.equal(state, 'expired')
  assert.match(error, /its process died/)
  assert.equal(cache.get('order'), undefined)
  assert.deepEqual(cache.get('other order'), { ...ORDER, id: 8 })
  assert.equal(cache.status(own, ADA).state, 'pending')
  assert.equal(cache.stats().processes, 1)
})

test('a process that closes the cache gives its pending mutations up at once', async (t) => {
  const options = shared()
  const cache = open(t, options)
  const other = await CacheProcess.open(t, options)
  cache.set('order', ORDER, { query: ORDER_QUERY })
  const token = v7()
  await other.call('begin', token, { principal: ADA, operations: [SHIPPED] })
  await other.end()
  assert.equal(cache.status(token, ADA).state, 'expired')
  assert.equal(cache.get('order'), undefined)
})
