import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import process from 'node:process'
import test from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { CacheProcess } from './support/cache-process.js'

const ADA = 'users:1'
const SHIPPED = { type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }
const TAGS = ['orders', 'orders:7']

/** Listeners keep no event loop alive. */
const alive = setInterval(() => {}, 60_000)
test.after(() => clearInterval(alive))

let names = 0

function open(t, options) {
  const name = `events-${process.pid}-${names++}`
  const cache = openCache({ name, maxBytes: 1 << 20, ...options })
  t.after(() => cache.close())
  return { cache, name }
}

/** Resolves with the first `count` events of these types, in the order in which they were told. */
function collect(cache, types, count) {
  const events = []
  return new Promise((resolve) => {
    for (const type of types) {
      cache.on(type, (event) => {
        if (events.push(event) === count) resolve(events.slice())
      })
    }
  })
}

function begin(cache) {
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [SHIPPED] })
  return token
}

test('each settling and invalidation is told to its listeners, in their order', async (t) => {
  const { cache } = open(t)
  const told = collect(cache, ['commit', 'rollback', 'expire', 'invalidate'], 4)
  const [first, second, third] = [begin(cache), begin(cache), begin(cache)]
  const committed = cache.commit(first)
  cache.rollback(second, { reason: 'sold out' })
  cache.expire(third)
  const invalidated = cache.invalidate(['mine'])
  const settled = { principal: ADA, tags: TAGS, moreTags: 0 }
  assert.deepEqual(await told, [
    { type: 'commit', version: committed, token: first, ...settled },
    { type: 'rollback', version: committed + 1, token: second, reason: 'sold out', ...settled },
    { type: 'expire', version: committed + 2, token: third, ...settled },
    { type: 'invalidate', version: invalidated, everything: false, tags: ['mine'], moreTags: 0 },
  ])
})

test('an eviction is told with its key and why it was that one', async (t) => {
  const { cache } = open(t)
  cache.setBytes('expired', Buffer.alloc(1000), { ttl: 0 })
  const told = collect(cache, ['evict'], 2)
  for (let i = 0; i < 30; i++) cache.setBytes(`key ${i}`, Buffer.alloc(60_000))
  assert.deepEqual(await told, [
    { type: 'evict', version: 1, key: 'expired', reason: 'expired' },
    { type: 'evict', version: 1, key: 'key 0', reason: 'room' },
  ])
})

test('a listener is not called from inside the call that it hears of', async (t) => {
  const { cache } = open(t)
  let inside = true
  const told = new Promise((resolve) => cache.on('invalidate', () => resolve(inside)))
  cache.invalidate(['a'])
  cache.on('commit', () => {})
  inside = false
  assert.equal(await told, false)
})

test('what happened before on() and after off() is not told', async (t) => {
  const { cache } = open(t)
  const heard = []
  const listener = ({ tags: [tag] }) => heard.push(tag)
  cache.invalidate(['before'])
  assert.equal(cache.on('invalidate', listener), cache)
  cache.invalidate(['between'])
  assert.equal(cache.off('invalidate', listener), cache)
  cache.off('invalidate', listener)
  cache.invalidate(['after'])
  const told = collect(cache, ['invalidate'], 1)
  cache.invalidate(['last'])
  await told
  assert.deepEqual(heard, [])
  cache.on('invalidate', listener)
  cache.on('invalidate', listener)
  cache.off('invalidate', listener)
  const again = collect(cache, ['invalidate'], 1)
  cache.invalidate(['once'])
  await again
  assert.deepEqual(heard, ['once'])
})

test('a listener that comes while others are told does not change the order of what they hear', async (t) => {
  const { cache } = open(t)
  const heard = []
  const done = new Promise((resolve) => {
    cache.on('invalidate', ({ tags: [tag] }) => {
      heard.push(tag)
      if (tag === '0') {
        cache.invalidate(['while told'])
        cache.on('commit', () => {})
      }
      if (tag === 'while told') resolve(undefined)
    })
  })
  for (let i = 0; i < 5; i++) cache.invalidate([String(i)])
  await done
  assert.deepEqual(heard, ['0', '1', '2', '3', '4', 'while told'])
})

test('another thread and another process hear what this one does, and this one hears them', async (t) => {
  const { cache, name } = open(t, { memory: 'shared' })
  const worker = new Worker(new URL('events-worker.js', import.meta.url), { workerData: { name, memory: 'shared' } })
  t.after(() => worker.terminate())
  assert.deepEqual(await once(worker, 'message'), ['listening'])
  const other = await CacheProcess.open(t, { name, memory: 'shared' })
  await other.call('listen', ['commit', 'rollback'])

  const told = collect(cache, ['commit', 'rollback'], 3)
  const heardByWorker = once(worker, 'message')
  const here = begin(cache)
  cache.commit(here)
  const there = v7()
  await other.call('begin', there, { principal: ADA, operations: [SHIPPED] })
  await other.call('rollback', there)
  const inThread = v7()
  worker.postMessage(inThread)
  const tokens = [here, there, inThread]
  assert.deepEqual((await told).map((event) => event.token), tokens)
  assert.deepEqual((await heardByWorker)[0].map((event) => event.token), tokens)
  assert.deepEqual((await other.call('heard', 3)).map((event) => event.token), tokens)
})

test('a mutation of a process that is killed is told as expired', async (t) => {
  const { cache, name } = open(t, { memory: 'shared' })
  const other = await CacheProcess.open(t, { name, memory: 'shared' })
  const token = v7()
  const told = collect(cache, ['expire'], 1)
  await other.call('begin', token, { principal: ADA, operations: [SHIPPED] })
  await other.kill()
  const [event] = await told
  assert.equal(event.token, token)
  assert.match(event.reason, /process died/)
})

test('events that come faster than they are read are told as a number', async (t) => {
  const { cache } = open(t)
  let [heard, lost] = [0, 0]
  const all = new Promise((resolve) => {
    const note = () => heard + lost === 5000 && resolve(undefined)
    cache.on('invalidate', () => {
      heard++
      note()
    })
    cache.on('lost', ({ count, reset }) => {
      assert.equal(reset, false)
      lost += count
      note()
    })
  })
  for (let i = 0; i < 5000; i++) cache.invalidate(['a'])
  await all
  assert.ok(heard > 0 && lost > 0, `${heard} told, ${lost} lost`)
  assert.equal(cache.stats().eventsLost, lost)
})

test('while nobody listens for lost events a warning tells of them, once', async (t) => {
  const { cache, name } = open(t)
  const warnings = []
  const note = (warning) => warning.code === 'OPTIMISTIC_EVENTS_LOST' && warnings.push(warning)
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  cache.on('invalidate', () => {})
  for (let round = 1; round <= 2; round++) {
    const before = cache.stats().eventsLost
    for (let i = 0; i < 5000; i++) cache.invalidate(['a'])
    while (cache.stats().eventsLost === before) await new Promise(setImmediate)
    await new Promise(setImmediate)
  }
  assert.equal(warnings.length, 1)
  assert.match(warnings[0].message, new RegExp(`of the cache '${name}' were lost`))
})

test('a listener that throws is an uncaught exception, and the others are called all the same', async () => {
  const { stdout } = await run(`
    const cache = openCache({ name: 'throwing', maxBytes: 1 << 20 })
    process.on('uncaughtException', (error) => console.log('uncaught:', error.message))
    cache.on('invalidate', () => { throw new Error('first') })
    cache.on('invalidate', async () => { throw new Error('second') })
    cache.on('invalidate', ({ tags }) => {
      console.log('told:', tags[0])
      if (tags[0] === 'b') setImmediate(() => cache.close())
    })
    cache.invalidate(['a'])
    cache.invalidate(['b'])
    const keep = setInterval(() => { try { cache.version } catch { clearInterval(keep) } }, 10)
  `)
  assert.deepEqual(stdout.split('\n').filter(Boolean).sort(), [
    'told: a', 'told: b', 'uncaught: first', 'uncaught: first', 'uncaught: second', 'uncaught: second',
  ])
})

test('a listener that throws ends the process that has no handler for it', async () => {
  const failed = run(`
    const cache = openCache({ name: 'throwing', maxBytes: 1 << 20 })
    cache.on('invalidate', () => { throw new Error('out of the listener') })
    cache.invalidate(['a'])
    setInterval(() => {}, 10)
  `)
  await assert.rejects(failed, ({ stderr }) => /Error: out of the listener/.test(stderr))
})

test('a listener keeps no event loop alive', async () => {
  const { stdout } = await run(`
    const cache = openCache({ name: 'idle', maxBytes: 1 << 20 })
    for (const type of ['commit', 'rollback', 'expire', 'invalidate', 'evict', 'lost']) cache.on(type, () => {})
    console.log('the end')
  `)
  assert.equal(stdout, 'the end\n')
})

test('a closed cache tells nothing more, also from inside a listener', async (t) => {
  const { cache } = open(t)
  const heard = []
  const closed = new Promise((resolve) => {
    cache.on('invalidate', ({ tags: [tag] }) => {
      heard.push(tag)
      cache.close()
      resolve(undefined)
    })
  })
  cache.invalidate(['a'])
  cache.invalidate(['b'])
  await closed
  await new Promise(setImmediate)
  assert.deepEqual(heard, ['a'])
  assert.throws(() => cache.on('commit', () => {}), { code: 'ERR_OPTIMISTIC_CLOSED' })
})

test('a type that there is not, and a listener that is no function, are refused', (t) => {
  const { cache } = open(t)
  for (const method of ['on', 'off']) {
    assert.throws(() => cache[method]('committed', () => {}), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
    assert.throws(() => cache[method]('toString', () => {}), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
    assert.throws(() => cache[method]('commit'), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  }
})

test('events are published on the diagnostics channel of their type while it has subscribers', async (t) => {
  const { cache, name } = open(t)
  const published = []
  const told = new Promise((resolve) => {
    const note = (message, channel) => {
      if (message.cache === name && published.push([channel, message]) === 1) resolve(undefined)
    }
    subscribe('payload-optimistic-cache:commit', note)
    t.after(() => unsubscribe('payload-optimistic-cache:commit', note))
  })
  const token = begin(cache)
  cache.invalidate(['nobody asked'])
  const version = cache.commit(token)
  await told
  assert.deepEqual(published, [
    [
      'payload-optimistic-cache:commit',
      { cache: name, type: 'commit', version, token, principal: ADA, tags: TAGS, moreTags: 0 },
    ],
  ])
})

test('a channel that had a subscriber before the cache was opened gets what another process commits', async (t) => {
  const told = new Promise((resolve) => {
    const note = (message) => message.cache.startsWith(`events-${process.pid}`) && resolve(message)
    subscribe('payload-optimistic-cache:rollback', note)
    t.after(() => unsubscribe('payload-optimistic-cache:rollback', note))
  })
  const { name } = open(t, { memory: 'shared' })
  const other = await CacheProcess.open(t, { name, memory: 'shared' })
  const token = v7()
  await other.call('begin', token, { principal: ADA, operations: [SHIPPED] })
  await other.call('rollback', token, { reason: 'no' })
  assert.deepEqual(await told, {
    cache: name, type: 'rollback', version: 2, token, principal: ADA, reason: 'no', tags: TAGS, moreTags: 0,
  })
})

/** What a program prints in a process of its own, when that has ended by itself. */
const run = (program) =>
  promisify(execFile)(process.execPath, [
    '--unhandled-rejections=throw',
    '--input-type=module',
    '-e',
    `import { openCache } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)}\n${program}`,
  ])
