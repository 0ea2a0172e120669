import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { v7 } from 'uuid'
import { openCache, OptimisticCacheError } from '../../lib/index.js'

const SHAPES = { orders: { groups: ['address'], relations: { customer: 'customers' } }, customers: {} }
const ORDER = { id: 7, status: 'pending', note: 'gift', customer: { id: 1, name: 'Ada' } }
const QUERY = { type: 'findByID', collection: 'orders', id: 7, depth: 1 }
const SHIPPED = [{ type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }]
const ADA = 'users:1'
const GRACE = 'users:2'

let names = 0

/** The name of the cache that was opened last. */
const nameOfLast = () => `cache-${process.pid}-${names}`

/** A cache of its own for each test. */
function open(t, options) {
  names++
  const cache = openCache({ name: nameOfLast(), maxBytes: 1 << 20, shapes: SHAPES, ...options })
  t.after(() => cache.close())
  return cache
}

/** With order 7 in it under the key `order`. */
function openWithOrder(t, options) {
  const cache = open(t, options)
  cache.set('order', ORDER, { query: QUERY })
  return cache
}

function begin(cache, operations = SHIPPED, principal = ADA) {
  const token = v7()
  cache.begin(token, { principal, operations })
  return token
}

const hasCode = (code) => (error) => error instanceof OptimisticCacheError && error.code === `ERR_OPTIMISTIC_${code}`

test('a value that was set is read back, and one that was not is undefined', (t) => {
  const cache = open(t)
  assert.equal(cache.set('key', { a: [1, 'ü😀', null], b: new Date(0) }, { tags: ['tag'] }), true)
  assert.deepEqual(cache.get('key'), { a: [1, 'ü😀', null], b: '1970-01-01T00:00:00.000Z' })
  assert.equal(cache.get('other'), undefined)
  assert.equal(cache.read('other'), undefined)
})

test('null, false, 0 and the empty string are values, not misses', (t) => {
  const cache = open(t)
  for (const value of [null, false, 0, '']) {
    cache.set('key', value)
    assert.equal(cache.get('key'), value)
    assert.equal(cache.read('key')?.value, value)
  }
})

test('a value that was read is frozen to its depths, and one object serves all reads until something changes', (t) => {
  const cache = openWithOrder(t)
  const first = cache.get('order')
  assert.throws(() => (first.customer.name = 'Eve'), TypeError)
  assert.equal(cache.get('order'), first)
  cache.invalidate(['unrelated'])
  assert.equal(cache.get('order'), first)
  cache.commit(begin(cache))
  assert.notEqual(cache.get('order'), first)
  assert.deepEqual(cache.get('order'), { ...ORDER, status: 'shipped' })
})

test('every hit is counted, also those that were answered without the core', (t) => {
  const cache = openWithOrder(t)
  for (let i = 0; i < 200; i++) cache.get('order')
  assert.equal(cache.stats().hits, 200)
  assert.equal(cache.stats().misses, 0)
  assert.equal(cache.entries()[0].hits, 200)
})

test('a thread that keeps no parsed objects answers the same', (t) => {
  const cache = openWithOrder(t, { maxMemo: 0 })
  assert.deepEqual(cache.get('order'), ORDER)
  assert.notEqual(cache.get('order'), cache.get('order'))
})

test('the least recently used parsed object makes room for a new one', (t) => {
  const cache = open(t, { maxMemo: 2 })
  for (const key of ['a', 'b', 'c']) cache.set(key, { key })
  const [a, b] = [cache.get('a'), cache.get('b')]
  cache.get('c')
  assert.equal(cache.get('b'), b)
  assert.notEqual(cache.get('a'), a)
  assert.deepEqual(cache.get('a'), a)
})

test('opaque bytes come back as they were, and any operation on one of their tags drops them', (t) => {
  const cache = open(t)
  const bytes = Uint8Array.from([0, 255, 0xed, 0xa0, 0x80, 0])
  cache.setBytes('bytes', bytes, { tags: ['orders:7'] })
  assert.deepEqual(new Uint8Array(cache.getBytes('bytes')), bytes)
  cache.commit(begin(cache))
  assert.equal(cache.getBytes('bytes'), undefined)
})

test('bytes that were read are their caller\'s own, of whatever size and however many', (t) => {
  const cache = open(t, { maxBytes: 8 << 20 })
  const sizes = [0, 1, 7, 8, 13_000, 16_384, 40_000, 131_071, 131_072, 131_073]
  for (const size of sizes) cache.setBytes(`${size}`, Buffer.alloc(size, size % 251))
  const read = Array.from({ length: 200 }, (_, turn) => /** @type {Buffer} */ (cache.getBytes(`${sizes[turn % 10]}`)))
  for (const [turn, bytes] of read.entries()) {
    assert.ok(bytes.equals(Buffer.alloc(sizes[turn % 10], sizes[turn % 10] % 251)), `read ${turn}`)
    bytes.fill(252)
  }
  for (const size of sizes) assert.ok(cache.getBytes(`${size}`)?.equals(Buffer.alloc(size, size % 251)), `${size}`)
})

test('bytes that are read again and again are those of the newest state, also for views', (t) => {
  const cache = openWithOrder(t)
  for (let turn = 0; turn < 5; turn++) {
    const before = JSON.stringify(cache.get('order'))
    const view = cache.view({ principal: 'users:1', tokens: [] })
    for (let again = 0; again < 5; again++) assert.equal(String(cache.getBytes('order', view)), before)
    cache.invalidate(['orders:7'])
    assert.equal(cache.getBytes('order'), undefined)
    cache.set('order', { ...ORDER, status: `turn ${turn}` }, { query: QUERY })
    for (let again = 0; again < 5; again++) {
      assert.equal(JSON.parse(String(cache.getBytes('order'))).status, `turn ${turn}`)
      assert.equal(String(cache.getBytes('order', view)), before)
    }
    view.close()
  }
  cache.setBytes('order', 'opaque')
  for (let again = 0; again < 5; again++) assert.equal(String(cache.getBytes('order')), 'opaque')
  cache.invalidate(['orders:7'])
  cache.setBytes('order', 'tagged', { tags: ['orders:7'] })
  for (let again = 0; again < 5; again++) assert.equal(String(cache.getBytes('order')), 'tagged')
  const { hits } = cache.stats()
  cache.getBytes('order')
  assert.equal(cache.stats().hits, hits + 1)
  cache.invalidate(['orders:7'])
  assert.equal(cache.getBytes('order'), undefined)
})

test('bytes that are read again and again expire', async (t) => {
  const cache = open(t)
  cache.setBytes('text', 'text', { ttl: 20 })
  while (cache.getBytes('text') !== undefined) await nextTurn()
  assert.equal(cache.stats().entries, 0)
})

test('bytes that were read stay when others are transferred to another thread', (t) => {
  const cache = open(t)
  cache.setBytes('text', 'text')
  const [kept, given] = [cache.getBytes('text'), cache.getBytes('text')]
  const { port1, port2 } = new MessageChannel()
  try {
    port1.postMessage(given, [given.buffer])
  } catch (error) {
    assert.equal(error.name, 'DataCloneError') // newer versions of Node.js refuse it, earlier ones copy
  }
  port1.close()
  port2.close()
  assert.equal(kept.toString(), 'text')
})

test('bytes are written into memory of the caller\'s, as far as they fit', (t) => {
  const cache = open(t)
  cache.setBytes('text', 'text')
  const into = Buffer.from('before that')
  const bytes = cache.getBytes('text', undefined, { into })
  assert.equal(bytes?.toString(), 'text')
  assert.equal(into.toString(), 'textre that')
  assert.equal(bytes.buffer, into.buffer)
  const small = Buffer.from('abc')
  assert.equal(cache.getBytes('text', undefined, { into: small })?.toString(), 'text')
  assert.equal(small.toString(), 'abc')
  assert.equal(cache.getBytes('none', undefined, { into }), undefined)
  assert.throws(() => cache.getBytes('text', undefined, { into: /** @type {any} */ ('abc') }), {
    code: 'ERR_OPTIMISTIC_ARGUMENT',
  })
})

test('JSON text is kept byte for byte, and read as an object too', (t) => {
  const cache = open(t)
  cache.setBytes('text', Buffer.from('{ "a": 1.0 }'), { json: true })
  cache.setBytes('string', '{"b":"ü"}', { json: true })
  assert.equal(cache.getBytes('text')?.toString(), '{ "a": 1.0 }')
  assert.deepEqual(cache.get('text'), { a: 1 })
  assert.deepEqual(cache.get('string'), { b: 'ü' })
})

test('opaque bytes are not read as an object', (t) => {
  const cache = open(t)
  cache.setBytes('bytes', Uint8Array.of(1))
  assert.throws(() => cache.get('bytes'), hasCode('ARGUMENT'))
})

test('a set whose load began before an operation on one of its tags is refused, and the older value is gone', (t) => {
  const cache = openWithOrder(t)
  const since = cache.version
  cache.commit(begin(cache))
  assert.equal(cache.set('order', ORDER, { since, query: QUERY }), false)
  assert.equal(cache.get('order'), undefined)
  assert.equal(cache.stats().refused, 1)
})

test('an entry that has expired is a miss', (t) => {
  const cache = open(t)
  cache.set('key', 1, { ttl: 0 })
  assert.equal(cache.get('key'), undefined)
})

test('an entry in its stale window is answered as stale', (t) => {
  const cache = open(t)
  cache.set('key', 1, { ttl: 0, swr: 60_000 })
  assert.equal(cache.read('key')?.stale, true)
  cache.set('key', 2, { ttl: 60_000 })
  assert.equal(cache.read('key')?.stale, false)
})

test('a parsed object does not outlive the expiry of its entry', async (t) => {
  const cache = open(t)
  cache.set('key', 1, { ttl: 100 })
  assert.equal(cache.get('key'), 1)
  const [{ expiresAt }] = cache.entries()
  // Each of these reads is answered without the core, until the time has come.
  while (cache.get('key') === 1 && Date.now() < expiresAt + 10_000) await new Promise(setImmediate)
  assert.equal(cache.get('key'), undefined)
  assert.ok(Date.now() >= expiresAt)
})

test('the viewer whose token it is sees a pending change, and nobody else does', (t) => {
  const cache = openWithOrder(t)
  const token = begin(cache)
  const view = cache.view({ principal: ADA, tokens: [token] })
  assert.equal(cache.get('order', view).status, 'shipped')
  assert.equal(cache.read('order', view)?.overlaid, true)
  const others = [{}, { principal: ADA }, { tokens: [token] }, { principal: GRACE, tokens: [token] }]
  for (const other of others.map((options) => cache.view(options))) {
    assert.equal(cache.get('order', other).status, 'pending')
    assert.equal(cache.read('order', other)?.overlaid, false)
  }
  assert.equal(cache.get('order').status, 'pending')
  assert.equal(cache.get('order', view, { base: true }).status, 'pending')
})

test('a view tells its pending mutations with their operations, and the tokens that it does not know', (t) => {
  const cache = openWithOrder(t)
  const [token, unknown] = [begin(cache), v7()]
  const view = cache.view({ principal: ADA, tokens: [unknown, token] })
  assert.deepEqual(view.pending, [{ token, operations: SHIPPED }])
  assert.deepEqual(view.unknown, [unknown])
  assert.equal(view.version, cache.version)
  assert.equal(view.principal, ADA)
  assert.equal(view.torn, false)
  assert.deepEqual(cache.view({ principal: GRACE, tokens: [token] }).unknown, [token])
})

test('a view reads what is laid over an entry once, and again when the mutation it shows is no more', (t) => {
  const cache = openWithOrder(t)
  const token = begin(cache)
  const view = cache.view({ principal: ADA, tokens: [token] })
  const { overlays, hits } = cache.stats()
  const first = cache.get('order', view)
  for (let i = 0; i < 300; i++) assert.equal(cache.get('order', view), first)
  assert.equal(cache.stats().overlays, overlays + 1)
  assert.equal(cache.stats().hits, hits + 301)
  assert.equal(cache.get('order', view, { base: true }).status, 'pending')
  cache.rollback(token)
  assert.deepEqual(cache.get('order', view), ORDER)
})

test('after a rollback every read is as if the mutation had never begun, and other entries stay hits', (t) => {
  const cache = openWithOrder(t)
  cache.set('other', { ...ORDER, id: 8 }, { query: { ...QUERY, id: 8 } })
  const token = begin(cache)
  const view = cache.view({ principal: ADA, tokens: [token] })
  cache.rollback(token, { reason: 'out of stock' })
  assert.equal(cache.get('order', view).status, 'pending')
  assert.deepEqual(cache.get('order'), ORDER)
  assert.equal(cache.get('other').id, 8)
  assert.equal(cache.stats().misses, 0)
  assert.equal(cache.status(token, ADA)?.error, 'out of stock')
})

test('a view reads the state at which it was opened, though a commit came after', (t) => {
  const cache = openWithOrder(t)
  cache.get('order')
  const view = cache.view()
  cache.commit(begin(cache))
  assert.equal(cache.get('order', view).status, 'pending')
  assert.equal(view.torn, false)
  assert.equal(cache.get('order').status, 'shipped')
  assert.equal(cache.get('order', view).status, 'pending')
})

test('a view keeps showing its own change when that is committed, and drops it, torn, when it is rolled back', (t) => {
  const cache = openWithOrder(t)
  const [kept, undone] = [begin(cache), begin(cache, [{ ...SHIPPED[0], data: { note: 'none' } }])]
  const view = cache.view({ principal: ADA, tokens: [kept, undone] })
  cache.commit(kept)
  assert.deepEqual(cache.get('order', view), { ...ORDER, status: 'shipped', note: 'none' })
  assert.equal(view.torn, false)
  cache.rollback(undone)
  assert.deepEqual(cache.get('order', view), { ...ORDER, status: 'shipped' })
  assert.equal(view.torn, true)
  assert.deepEqual(view.pending.map(({ token }) => token), [kept, undone])
})

test('a view goes on reading what an entry was before it was loaded again', (t) => {
  const cache = openWithOrder(t)
  const view = cache.view()
  cache.commit(begin(cache))
  const newer = { ...ORDER, status: 'shipped' }
  cache.set('order', newer, { since: cache.version, query: QUERY })
  assert.deepEqual(cache.get('order'), newer)
  assert.deepEqual(cache.get('order', view), ORDER)
  assert.equal(view.torn, false)
})

test('a view whose state was never there misses, loads the newer one, and says that it is torn', async (t) => {
  const cache = open(t)
  const view = cache.view()
  cache.commit(begin(cache))
  const newer = { ...ORDER, status: 'shipped' }
  cache.set('order', newer, { since: cache.version, query: QUERY })
  assert.equal(cache.get('order', view), undefined)
  assert.deepEqual(await cache.fetch('order', { query: QUERY }, () => newer, view), newer)
  assert.equal(view.torn, true)
})

test('a change that cannot be replayed exactly makes a miss', (t) => {
  const cache = openWithOrder(t)
  cache.commit(begin(cache), { operations: [{ type: 'update', collection: 'orders', id: 7 }] })
  assert.equal(cache.get('order'), undefined)
})

test('a document that came into a list as it is now, and was moved by a later change, makes a miss', (t) => {
  const cache = open(t)
  const order = (id, status, total) => ({ id, status, total })
  const setList = (key, docs, where) => {
    const numbers = { hasNextPage: false, hasPrevPage: false, nextPage: null, page: 1, pagingCounter: 1, prevPage: null }
    const query = { type: 'find', collection: 'orders', depth: 0, sort: 'total', limit: 10, where }
    cache.set(key, { docs, limit: 10, totalDocs: docs.length, totalPages: 1, ...numbers }, { query })
  }
  const update = (details) => {
    const operations = [{ type: 'update', collection: 'orders', id: 2, ...details }]
    cache.commit(begin(cache, operations), { operations })
  }
  setList('pending', [order(1, 'pending', 10), order(3, 'pending', 30)], { status: { equals: 'pending' } })
  setList('all', [order(1, 'pending', 10), order(2, 'shipped', 20), order(3, 'pending', 30)])
  update({ data: { status: 'pending' }, previous: order(2, 'shipped', 20), doc: order(2, 'pending', 20) })
  update({ data: { total: 40 } })
  assert.deepEqual(cache.get('all').docs.map(({ id }) => id), [1, 3, 2])
  assert.equal(cache.get('pending'), undefined)
})

test('a write that was recorded without a bracket invalidates its document', (t) => {
  const cache = openWithOrder(t)
  assert.equal(cache.record(SHIPPED), cache.version)
  assert.equal(cache.get('order'), undefined)
})

test('an invalidated tag takes the entries along that carry it, and no others', (t) => {
  const cache = open(t)
  cache.set('a', 1, { tags: ['x', 'y'] })
  cache.set('b', 1, { tags: ['y'] })
  assert.equal(cache.invalidate(['x']), cache.version)
  assert.equal(cache.get('a'), undefined)
  assert.equal(cache.get('b'), 1)
  assert.deepEqual(cache.entries({ tag: 'y' }).map(({ key }) => key), ['b'])
})

test('pages tell of all entries once, and the first of an order are those of all pages together', async (t) => {
  const cache = open(t, { maxBytes: 64 << 20, maxEntries: 40_000 })
  const values = Array.from({ length: 30_000 }, (_, i) => (i % 7 === 0 ? 'x'.repeat(i % 1000) : 1))
  for (const [i, value] of values.entries()) cache.set(`e${i}`, value)
  const keys = new Set()
  let pages = 0
  for (let cursor; ; pages++) {
    const page = cache.entriesPage({ limit: 1000, cursor })
    for (const { key } of page.entries) assert.ok(!keys.has(key) && keys.add(key), `${key} was told of twice`)
    cursor = page.cursor
    if (cursor === undefined) break
  }
  assert.deepEqual([keys.size, pages], [30_000, 30])
  assert.equal(cache.entries({ limit: 2500 }).length, 2500)
  assert.equal(cache.entries({ limit: 100, contains: 'e777' }).length, 11)
  const largest = await cache.topEntries({ order: 'largest', limit: 30 })
  const sizes = values.map((value) => JSON.stringify(value).length).sort((one, other) => other - one)
  assert.deepEqual(largest.map(({ bytes }) => bytes), sizes.slice(0, 30))
  await assert.rejects(cache.topEntries({ order: /** @type {any} */ ('size') }), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  for (const options of [{ limit: 0 }, { limit: 1001 }, { cursor: 'x' }]) {
    assert.throws(() => cache.entriesPage(options), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  }
})

test('mutations are told of with their documents and how many entries show them, those in flight first', (t) => {
  const cache = openWithOrder(t)
  cache.set('note', 1, { tags: ['orders:7'] })
  const committed = begin(cache)
  const version = cache.commit(committed)
  const expired = begin(cache, [{ type: 'create', collection: 'orders', data: {} }])
  cache.expire(expired, { reason: 'lost' })
  const refused = begin(cache)
  cache.rollback(refused, { reason: 'no' })
  const pending = begin(cache, [...SHIPPED, { type: 'invalidate', tags: ['one', 'two'] }], GRACE)
  const told = cache.mutations().map(({ token, state, documents, reason, principal }) => ({
    token, state, reason, principal, documents: documents.map(({ tag, entries }) => `${tag} ${entries}`),
  }))
  const of = { reason: undefined, principal: ADA }
  assert.deepEqual(told, [
    { ...of, token: pending, state: 'pending', principal: GRACE, documents: ['orders:7 2', 'one 0', 'two 0'] },
    { ...of, token: refused, state: 'rolledBack', reason: 'no', documents: [] },
    { ...of, token: expired, state: 'expired', reason: 'lost', documents: ['orders 0'] },
    { ...of, token: committed, state: 'committed', documents: ['orders:7 2'] },
  ])
  assert.equal(cache.mutations().at(-1)?.version, version)
  assert.deepEqual(cache.mutations({ limit: 2 }).map(({ token }) => token), [pending, refused])
  const announced = v7()
  cache.announce(announced, { principal: ADA, operations: SHIPPED })
  const many = Array.from({ length: 40 }, (_, id) => ({ type: 'delete', collection: 'orders', id }))
  const large = begin(cache, many)
  const [first, second] = cache.mutations().filter(({ token }) => token === announced || token === large)
  assert.deepEqual([first.state, second.documents.length, second.moreDocuments], ['announced', 16, 24])
})

test('a tag is the same text in invalidate and in what a query implies, whatever the id holds', (t) => {
  const cache = open(t)
  for (const id of ['a"b', 'a\\b', 'line\nbreak', '\u0001', 'é😀', '\\u0041']) {
    const query = { type: 'findByID', collection: 'orders', depth: 0 }
    cache.set('order', { id, status: 'pending' }, { query })
    assert.deepEqual(cache.entries({ tag: `orders:${id}` }).map(({ key }) => key), ['order'], JSON.stringify(id))
    cache.commit(begin(cache, [{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }]))
    assert.deepEqual(cache.get('order'), { id, status: 'shipped' })
    cache.invalidate([`orders:${id}`])
    assert.equal(cache.get('order'), undefined, JSON.stringify(id))
  }
})

test('committing twice answers the same version, and settling the other way is refused', (t) => {
  const cache = open(t)
  const token = begin(cache)
  const version = cache.commit(token)
  assert.equal(cache.commit(token), version)
  assert.throws(() => cache.rollback(token), hasCode('TOKEN_SETTLED'))
  assert.throws(() => cache.begin(token, { principal: ADA, operations: SHIPPED }), hasCode('TOKEN_SETTLED'))
  assert.deepEqual(cache.status(token, ADA), { token, state: 'committed', version, error: undefined })
})

test("another principal's token is answered like an unknown one", async (t) => {
  const cache = open(t)
  const token = begin(cache)
  assert.equal(cache.status(token, GRACE), undefined)
  assert.equal(cache.status(v7(), GRACE), undefined)
  assert.equal(await cache.settled(token, GRACE), undefined)
  assert.throws(() => cache.begin(token, { principal: GRACE, operations: SHIPPED }), hasCode('TOKEN_UNKNOWN'))
})

test('settled() waits for the commit and tells its version', async (t) => {
  const cache = open(t)
  const token = begin(cache)
  const waiting = [cache.settled(token, ADA), cache.settled(token, ADA)]
  const version = cache.commit(token)
  const committed = { token, state: 'committed', version, error: undefined }
  for (const status of await Promise.all(waiting)) assert.deepEqual(status, committed)
})

test('settled() answers at once when there is nothing to wait for', async (t) => {
  const cache = open(t)
  const token = begin(cache)
  cache.rollback(token)
  assert.equal((await cache.settled(token, ADA))?.state, 'rolledBack')
  assert.equal(await cache.settled(v7(), ADA), undefined)
})

test('settled() answers as pending when its time is over', async (t) => {
  const cache = open(t)
  const token = begin(cache)
  assert.equal((await cache.settled(token, ADA, { timeout: 1 }))?.state, 'pending')
})

test('a mutation whose time has passed expires by itself and invalidates its documents', async (t) => {
  const cache = openWithOrder(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: SHIPPED, ttl: 1 })
  const status = await cache.settled(token, ADA)
  assert.equal(status?.state, 'expired')
  assert.ok(status.version > 1)
  assert.equal(cache.get('order'), undefined)
})

test('a mutation that another handle began expires as well when somebody looks at it', async (t) => {
  const cache = open(t)
  const other = openCache({ name: nameOfLast() })
  const token = v7()
  other.begin(token, { principal: ADA, operations: SHIPPED, ttl: 20 })
  other.close()
  assert.equal((await cache.settled(token, ADA))?.state, 'expired')
})

test('known() waits until every token was begun', async (t) => {
  const cache = open(t)
  const [first, second] = [v7(), v7()]
  const known = cache.known([first, second], ADA, { timeout: 60_000 })
  cache.begin(second, { principal: ADA, operations: SHIPPED })
  cache.begin(first, { principal: ADA, operations: SHIPPED })
  assert.equal(await known, true)
  assert.equal(await cache.known([], ADA), true)
})

test('known() gives up after its time, and on tokens of another principal', async (t) => {
  const cache = open(t)
  assert.equal(await cache.known([begin(cache, SHIPPED, GRACE)], ADA, { timeout: 1 }), false)
})

test('closing rejects what waits', async (t) => {
  const cache = open(t)
  const waiting = cache.settled(begin(cache), ADA)
  cache.close()
  await assert.rejects(waiting, hasCode('CLOSED'))
})

test('closing twice is as good as once, and other handles of that name go on', (t) => {
  const cache = open(t)
  const other = openCache({ name: nameOfLast() })
  t.after(() => other.close())
  cache.set('key', 1)
  cache.close()
  cache.close()
  assert.equal(other.get('key'), 1)
})

test('a cache that all handles gave up starts empty, with another generation', (t) => {
  const first = open(t)
  const { generation } = first
  first.set('key', 1)
  first.close()
  const second = openCache({ name: nameOfLast() })
  t.after(() => second.close())
  assert.equal(second.get('key'), undefined)
  assert.notEqual(second.generation, generation)
})

test('other shapes drop all entries, and the same ones keep them', (t) => {
  const cache = openWithOrder(t)
  const name = nameOfLast()
  const same = openCache({ name, shapes: SHAPES })
  t.after(() => same.close())
  assert.equal(cache.get('order').id, 7)
  const other = openCache({ name, shapes: { ...SHAPES, products: {} } })
  t.after(() => other.close())
  assert.equal(cache.get('order'), undefined)
})

test('a view that outlives its cache answers with an error', (t) => {
  const cache = openWithOrder(t)
  const view = cache.view()
  cache.close()
  assert.throws(() => view.pending, hasCode('CLOSED'))
  assert.throws(() => view.torn, hasCode('CLOSED'))
  view.close()
  view.close()
})

test('fetch() loads a missing entry once for all who ask at the same time', async (t) => {
  const cache = open(t)
  let loads = 0
  const { promise: database, resolve } = withResolvers()
  const load = () => (loads++, database)
  const asked = [1, 2, 3].map(() => cache.fetch('order', { query: QUERY }, load))
  resolve(ORDER)
  const values = await Promise.all(asked)
  assert.equal(loads, 1)
  for (const value of values) assert.equal(value, values[0])
  assert.deepEqual(await cache.fetchEntry('order', { query: QUERY }, load), {
    value: ORDER,
    version: cache.version,
    overlaid: false,
    hit: true,
  })
  assert.equal(loads, 1)
})

test('fetch() does not join a load that began before a commit', async (t) => {
  const cache = open(t)
  const { promise: slow, resolve } = withResolvers()
  const before = cache.fetch('order', { query: QUERY }, () => slow)
  cache.commit(begin(cache))
  const after = cache.fetch('order', { query: QUERY }, () => ({ ...ORDER, status: 'shipped' }))
  assert.equal((await after).status, 'shipped')
  resolve(ORDER)
  assert.equal((await before).status, 'pending')
  // The slow load was refused; only a miss is left, never the old value.
  assert.notEqual(cache.get('order')?.status, 'pending')
})

test('fetch() lays the pending changes of the view over what it loaded', async (t) => {
  const cache = open(t)
  const token = begin(cache)
  const view = cache.view({ principal: ADA, tokens: [token] })
  const fetched = await cache.fetchEntry('order', { query: QUERY }, () => ORDER, view)
  const value = { ...ORDER, status: 'shipped' }
  assert.deepEqual(fetched, { value, version: view.version, overlaid: true, hit: false })
  cache.invalidate(['orders:7'])
  assert.equal((await cache.fetch('order', { query: QUERY }, () => ORDER, view, { base: true })).status, 'pending')
})

test('fetch() hands out a frozen copy of what JSON makes of the loaded value, and leaves that alone', async (t) => {
  const cache = open(t)
  const loaded = { at: new Date(0), gone: undefined }
  const value = await cache.fetch('key', {}, async () => loaded)
  assert.deepEqual(value, { at: '1970-01-01T00:00:00.000Z' })
  assert.ok(Object.isFrozen(value))
  assert.ok(!Object.isFrozen(loaded))
})

test('fetch() throws what its load throws, and loads again the next time', async (t) => {
  const cache = open(t)
  const failure = new Error('database is locked')
  const failing = [1, 2].map(() => cache.fetch('key', {}, () => Promise.reject(failure)))
  for (const { reason } of await Promise.allSettled(failing)) assert.equal(reason, failure)
  assert.equal(await cache.fetch('key', {}, () => 1), 1)
})

test('fetch() hands out a value that cannot be kept, and says so', async (t) => {
  const cache = open(t)
  const published = []
  const listen = (message) => published.push(message)
  subscribe('payload-optimistic-cache:unkept', listen)
  t.after(() => unsubscribe('payload-optimistic-cache:unkept', listen))
  assert.equal(await cache.fetch('key', {}, () => 'a\0b', cache.view()), 'a\0b')
  assert.equal(cache.get('key'), undefined)
  assert.equal(cache.stats().unkept, 1)
  assert.equal(published[0].key, 'key')
  assert.ok(hasCode('JSON_NUL')(published[0].error))
})

test('fetch() answers a stale hit at once and loads it anew in the background, once', async (t) => {
  const cache = open(t)
  cache.set('key', 'old', { ttl: 0, swr: 60_000 })
  let loads = 0
  const { promise: database, resolve } = withResolvers()
  const load = () => (loads++, database)
  assert.equal(await cache.fetch('key', { ttl: 60_000 }, load), 'old')
  assert.equal(await cache.fetch('key', { ttl: 60_000 }, load), 'old')
  resolve('new')
  await database
  await new Promise(setImmediate)
  assert.equal(await cache.fetch('key', { ttl: 60_000 }, load), 'new')
  assert.equal(loads, 1)
})

test('fetch() keeps answering a stale hit when the background load fails, and says so', async (t) => {
  const cache = open(t)
  const failed = new Promise((resolve) => subscribe('payload-optimistic-cache:refresh-failed', resolve))
  cache.set('key', 'old', { ttl: 0, swr: 60_000 })
  const failure = new Error('database is locked')
  assert.equal(await cache.fetch('key', {}, () => Promise.reject(failure)), 'old')
  assert.equal((await failed).error, failure)
  assert.equal(cache.stats().refreshFailures, 1)
  assert.equal(await cache.fetch('key', {}, () => 'new'), 'old')
})

test('the package can be required from CommonJS', () => {
  const required = createRequire(import.meta.url)('../../lib/index.js')
  assert.equal(required.openCache, openCache)
})

test('where there is no Node.js the package says what to import instead', async () => {
  await assert.rejects(import('../../lib/unavailable.js'), /payload-optimistic-cache\/query/)
})

test('where there is no Node.js a bundler finds every name that the native entry points export', async () => {
  const source = readFileSync(new URL('../../lib/unavailable.js', import.meta.url), 'utf8')
  const names = Array.from(source.matchAll(/^export const (\w+)/gm), ([, name]) => name)
  for (const entry of ['index.js', 'payload/index.js', 'next/index.js']) {
    for (const name of Object.keys(await import(`../../lib/${entry}`))) assert.ok(names.includes(name), name)
  }
})

function withResolvers() {
  let resolve
  const promise = new Promise((onResolve) => (resolve = onResolve))
  return { promise, resolve }
}
