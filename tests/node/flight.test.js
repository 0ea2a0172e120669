// Single flight across threads and processes: one loads, the others wait for it. No test looks at a clock: a load ends
// when the test says so.
import assert from 'node:assert/strict'
import process from 'node:process'
import test from 'node:test'
import { openCache } from '../../lib/index.js'
import { ProcessActor, ThreadActor } from './support/flight-actor.js'

const LONG = 600_000
const MEMORY = [
  { kind: 'process', Actor: ProcessActor, memory: 'shared' },
  { kind: 'thread', Actor: ThreadActor, memory: 'private' },
]

let names = 0

/** Actors with one cache, and the test's own. */
async function open(t, { Actor, memory }, count) {
  const options = { name: `flight-${process.pid}-${names++}`, memory, maxBytes: 2 << 20 }
  const cache = openCache(options)
  t.after(() => cache.close())
  const actors = Array.from({ length: count }, () => new Actor(t))
  await Promise.all(actors.map((actor) => actor.call('open', options)))
  return { cache, actors }
}

const total = async (actors) => {
  const loads = await Promise.all(actors.map((actor) => actor.call('loads')))
  return loads.reduce((sum, count) => sum + count, 0)
}

/** The first of them to load, and the others. */
async function whoLoads(actors) {
  const loader = await Promise.race(actors.map((actor) => actor.call('loading').then(() => actor)))
  return { loader, others: actors.filter((actor) => actor !== loader) }
}

const fetchAll = (actors, key, options) => Promise.all(actors.map((actor) => actor.fetch(key, options)))
const outcomes = (fetches) => Promise.all(fetches.map((fetch) => fetch.outcome()))

for (const environment of MEMORY) {
  const { kind } = environment

  test(`one ${kind} loads what several ask for at once, and all are answered`, async (t) => {
    const { cache, actors } = await open(t, environment, 4)
    const fetches = await fetchAll(actors, 'order')
    const { loader } = await whoLoads(actors)
    assert.equal(cache.stats().flights, 1)
    await loader.call('land', 'order', { id: 7 })
    for (const outcome of await outcomes(fetches)) assert.deepEqual(outcome, { value: { id: 7 } })
    assert.equal(await total(actors), 1)
    assert.equal(cache.stats().flights, 0)
  })

  test(`when the ${kind} that loads ends, one of those who wait loads, and all are answered`, async (t) => {
    const { actors } = await open(t, environment, 4)
    const [first, ...rest] = actors
    void (await first.fetch('order', { loadTimeout: LONG }))
    const fetches = await fetchAll(rest, 'order', { loadTimeout: LONG })
    assert.equal(await total(rest), 0)
    await first.kill()
    const { loader } = await whoLoads(rest)
    await loader.call('land', 'order', 'from the second')
    for (const outcome of await outcomes(fetches)) assert.deepEqual(outcome, { value: 'from the second' })
    assert.equal(await total(rest), 1)
  })

  test(`when the ${kind} that loads closes its cache, one of those who wait loads`, async (t) => {
    const { actors } = await open(t, environment, 3)
    const [first, ...rest] = actors
    const closed = await first.fetch('order', { loadTimeout: LONG })
    const fetches = await fetchAll(rest, 'order', { loadTimeout: LONG })
    await first.call('close')
    const { loader } = await whoLoads(rest)
    await loader.call('land', 'order', 'from the second')
    for (const outcome of await outcomes(fetches)) assert.deepEqual(outcome, { value: 'from the second' })
    assert.equal(await total(rest), 1)
    await first.call('land', 'order', 'too late')
    assert.equal((await closed.outcome()).code, 'ERR_OPTIMISTIC_CLOSED')
  })

  test(`a ${kind} that waits and ends does not disturb the others`, async (t) => {
    const { cache, actors } = await open(t, environment, 3)
    const [first, second, third] = actors
    const fetches = [await first.fetch('order')]
    void (await second.fetch('order'))
    fetches.push(await third.fetch('order'))
    await second.kill()
    await first.call('land', 'order', 1)
    for (const outcome of await outcomes(fetches)) assert.deepEqual(outcome, { value: 1 })
    assert.equal(cache.stats().flights, 0)
  })

  test(`a load that throws in one ${kind} reaches all, elsewhere as a LOAD error with its message`, async (t) => {
    const { actors } = await open(t, environment, 3)
    const [first, ...rest] = actors
    const [own, ...others] = [await first.fetch('order'), ...(await fetchAll(rest, 'order'))]
    await first.call('fail', 'order', `the database is locked ${'€'.repeat(1000)}`)
    assert.match((await own.outcome()).message, /^the database is locked €{1000}$/)
    for (const { code, message } of await outcomes(others)) {
      assert.equal(code, 'ERR_OPTIMISTIC_LOAD')
      assert.match(message, /^another thread or process.* failed to load "order": the database is locked €{100,200}$/)
    }
    const [again] = await fetchAll([rest[0]], 'order')
    await rest[0].call('land', 'order', 'works again')
    assert.deepEqual(await again.outcome(), { value: 'works again' })
  })

  test(`a ${kind} that takes longer than loadTimeout is not waited for`, async (t) => {
    const { cache, actors } = await open(t, environment, 3)
    const [slow, ...rest] = actors
    const late = await slow.fetch('order', { loadTimeout: 20 })
    const fetches = await fetchAll(rest, 'order', { loadTimeout: LONG })
    const { loader } = await whoLoads(rest)
    await loader.call('land', 'order', 'new')
    for (const outcome of await outcomes(fetches)) assert.deepEqual(outcome, { value: 'new' })
    assert.equal(await total(rest), 1)
    await slow.call('land', 'order', 'late')
    assert.deepEqual(await late.outcome(), { value: 'late' })
    assert.equal(cache.stats().flights, 0)
  })

  test(`a stale hit is loaded anew by one ${kind}, and answered at once by all`, async (t) => {
    const { cache, actors } = await open(t, environment, 4)
    cache.set('order', 'old', { ttl: 0, swr: LONG })
    const options = { ttl: LONG }
    for (const outcome of await outcomes(await fetchAll(actors, 'order', options))) {
      assert.deepEqual(outcome, { value: 'old' })
    }
    cache.invalidate(['something else'])
    await outcomes(await fetchAll(actors, 'order', options))
    const { loader } = await whoLoads(actors)
    assert.equal(await total(actors), 1)
    await loader.call('land', 'order', 'new')
    for (const outcome of await outcomes(await fetchAll(actors, 'order', options))) {
      assert.deepEqual(outcome, { value: 'new' })
    }
    assert.equal(await total(actors), 1)
  })

  test(`a fetch after a commit does not get what another ${kind} began to load before`, async (t) => {
    const { cache, actors } = await open(t, environment, 2)
    const [first, second] = actors
    const options = { tags: ['orders:7'] }
    const before = await first.fetch('order', options)
    cache.invalidate(['orders:7'])
    const after = await second.fetch('order', options)
    await second.call('land', 'order', 'new')
    assert.deepEqual(await after.outcome(), { value: 'new' })
    await first.call('land', 'order', 'old')
    assert.deepEqual(await before.outcome(), { value: 'old' })
    assert.notEqual(cache.get('order'), 'old')
  })

  test(`who waits for another ${kind} does not get what a commit overtook meanwhile`, async (t) => {
    const { cache, actors } = await open(t, environment, 2)
    const [first, second] = actors
    const options = { tags: ['orders:7'] }
    void (await first.fetch('order', options))
    const waiting = await second.fetch('order', options)
    cache.invalidate(['orders:7'])
    await first.call('land', 'order', 'old')
    await second.call('loading')
    await second.call('land', 'order', 'new')
    assert.deepEqual(await waiting.outcome(), { value: 'new' })
  })

  test(`a value that cannot be kept is loaded once by each ${kind}, and not one after the other`, async (t) => {
    const { actors } = await open(t, environment, 3)
    const fetches = await fetchAll(actors, 'order', { loadTimeout: LONG })
    const { loader, others } = await whoLoads(actors)
    await loader.call('land', 'order', 'a\0b')
    await Promise.all(others.map((actor) => actor.call('loading')))
    await Promise.all(others.map((actor) => actor.call('land', 'order', 'a\0b')))
    for (const outcome of await outcomes(fetches)) assert.deepEqual(outcome, { value: 'a\0b' })
    assert.equal(await total(actors), 3)
  })
}

test('a cache object that closes does not strand the other objects of its thread', async (t) => {
  const options = { name: `flight-${process.pid}-${names++}`, maxBytes: 2 << 20 }
  const [first, second] = [openCache(options), openCache(options)]
  t.after(() => second.close())
  const never = first.fetch('order', {}, () => new Promise(() => {}))
  void never
  const waiting = second.fetch('order', {}, () => 'loaded')
  first.close()
  assert.equal(await waiting, 'loaded')
})

test('what waits for another thread is rejected when its own cache is closed', async (t) => {
  const { actors } = await open(t, MEMORY[1], 2)
  const [first, second] = actors
  void (await first.fetch('order'))
  const waiting = await second.fetch('order')
  await second.call('close')
  assert.equal((await waiting.outcome()).code, 'ERR_OPTIMISTIC_CLOSED')
})

test('callers of one thread do not wait for a load of theirs that takes longer than loadTimeout', async (t) => {
  const cache = openCache({ name: `flight-${process.pid}-${names++}`, maxBytes: 2 << 20 })
  t.after(() => cache.close())
  let land
  const late = cache.fetch('order', { loadTimeout: 20 }, () => new Promise((resolve) => (land = resolve)))
  const waiting = [1, 2].map((number) => cache.fetch('order', {}, () => number))
  // The timer of a load keeps no process alive; a database would.
  const alive = setInterval(() => {}, 1000)
  assert.deepEqual(await Promise.all(waiting), [1, 1])
  clearInterval(alive)
  land('late')
  assert.equal(await late, 'late')
})

test('a loadTimeout that is no number of milliseconds is refused before anything is loaded', async (t) => {
  const cache = openCache({ name: `flight-${process.pid}-${names++}`, maxBytes: 2 << 20 })
  t.after(() => cache.close())
  for (const loadTimeout of [-1, NaN, '30', null]) {
    const load = () => assert.fail('it was loaded')
    await assert.rejects(cache.fetch('order', { loadTimeout }, load), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  }
  assert.equal(cache.stats().flights, 0)
})

test('when the table of flights is full every caller is answered', async (t) => {
  const cache = openCache({ name: `flight-${process.pid}-${names++}`, maxBytes: 1 << 20 })
  t.after(() => cache.close())
  const loads = Array.from({ length: 100 }, withResolvers)
  const fetches = loads.map(({ promise }, index) => cache.fetch(`order ${index}`, {}, () => promise))
  assert.ok(cache.stats().flights < loads.length)
  loads.forEach(({ resolve }, index) => resolve(index))
  assert.deepEqual(await Promise.all(fetches), loads.map((_, index) => index))
  assert.equal(cache.stats().flights, 0)
})

function withResolvers() {
  const resolvers = {}
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }))
  return resolvers
}
