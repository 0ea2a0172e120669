// Whatever comes in: a typed error with a code, no crash, and no state changed.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { v4, v7 } from 'uuid'
import { openCache, OptimisticCacheError } from '../../lib/index.js'

const native = createRequire(import.meta.url)('../../build/Release/optimistic_cache.node')

const LIMITS = {
  keyBytes: 64,
  valueBytes: 4096,
  tagBytes: 64,
  tagsPerEntry: 8,
  jsonDepth: 16,
  operationsPerMutation: 4,
  mutationBytes: 1024,
  pendingPerPrincipal: 4,
}
const UPDATE = { type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }
const ADA = 'users:1'
const HALF_PAIR = 'half a pair: \ud83d'

let names = 0

function open(t) {
  const name = `bad-input-${process.pid}-${names++}`
  const cache = openCache({ name, maxBytes: 1 << 20, limits: LIMITS, maxMutations: 8 })
  t.after(() => cache.close())
  cache.set('kept', { id: 7, status: 'pending' }, { tags: ['orders:7'] })
  return cache
}

/** All that a caller can see of a cache, but for the counters of reads. */
function stateOf(cache) {
  const { hits, misses, usedBytes, ...stats } = cache.stats()
  return { stats, kept: cache.get('kept'), entries: cache.entries().map(({ hits, ...entry }) => entry) }
}

/** Runs `act`, which must throw an error with that code, and leave the cache as it was. */
function assertRefused(cache, code, act) {
  const before = stateOf(cache)
  assert.throws(act, (error) => {
    assert.ok(error instanceof OptimisticCacheError, `${error} is an OptimisticCacheError`)
    assert.equal(error.code, `ERR_OPTIMISTIC_${code}`)
    assert.ok(error.message.length > 10)
    return true
  })
  assert.deepEqual(stateOf(cache), before)
}

const nested = (depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

test('a malformed token is refused wherever a token is taken', (t) => {
  const cache = open(t)
  for (const token of ['', 'x', v4(), `${v7()} `, v7().replaceAll('-', ''), v7().replace('7', 'g'), 'ü'.repeat(36)]) {
    assertRefused(cache, 'ARGUMENT', () => cache.begin(token, { principal: ADA, operations: [UPDATE] }))
    assertRefused(cache, 'ARGUMENT', () => cache.commit(token))
    assertRefused(cache, 'ARGUMENT', () => cache.rollback(token))
    assertRefused(cache, 'ARGUMENT', () => cache.expire(token))
    assertRefused(cache, 'ARGUMENT', () => cache.status(token, ADA))
    assertRefused(cache, 'ARGUMENT', () => cache.view({ principal: ADA, tokens: [v7(), token] }))
  }
})

test('a token that nobody began cannot be settled', (t) => {
  const cache = open(t)
  assertRefused(cache, 'TOKEN_UNKNOWN', () => cache.commit(v7()))
  assertRefused(cache, 'TOKEN_UNKNOWN', () => cache.rollback(v7()))
  assertRefused(cache, 'TOKEN_UNKNOWN', () => cache.expire(v7()))
})

test('a foreign token changes nothing for the one who presents it, and cannot be taken over', (t) => {
  const cache = open(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [UPDATE] })
  const view = cache.view({ principal: 'users:2', tokens: [token] })
  assert.deepEqual(cache.get('kept', view), { id: 7, status: 'pending' })
  assert.deepEqual(view.pending, [])
  assertRefused(cache, 'TOKEN_UNKNOWN', () => cache.begin(token, { principal: 'users:2', operations: [UPDATE] }))
  view.close()
})

test('a view of more than 64 tokens is refused', (t) => {
  const cache = open(t)
  const tokens = Array.from({ length: 65 }, () => v7())
  assertRefused(cache, 'ARGUMENT', () => cache.view({ tokens }))
  cache.view({ tokens: tokens.slice(1) }).close()
})

test('an empty or oversized key is refused by writes and reads', (t) => {
  const cache = open(t)
  const view = cache.view()
  for (const key of ['', 'k'.repeat(65), 'ü'.repeat(33)]) {
    assertRefused(cache, 'KEY_SIZE', () => cache.set(key, 1))
    assertRefused(cache, 'KEY_SIZE', () => cache.setBytes(key, Uint8Array.of(1)))
    assertRefused(cache, 'KEY_SIZE', () => cache.get(key))
    assertRefused(cache, 'KEY_SIZE', () => cache.get(key, view))
    assertRefused(cache, 'KEY_SIZE', () => cache.getBytes(key))
  }
  assert.equal(cache.set('k'.repeat(64), 1), true)
})

test('an oversized value is refused, and an earlier one of that key stays', (t) => {
  const cache = open(t)
  assertRefused(cache, 'VALUE_SIZE', () => cache.set('kept', 'v'.repeat(4095)))
  assertRefused(cache, 'VALUE_SIZE', () => cache.setBytes('kept', new Uint8Array(4097)))
  assert.equal(cache.set('fits', 'v'.repeat(4094)), true)
})

test('empty, oversized and too many tags are refused', (t) => {
  const cache = open(t)
  for (const tag of ['', 't'.repeat(65), 'ü'.repeat(33)]) {
    assertRefused(cache, 'TAG_SIZE', () => cache.set('key', 1, { tags: ['fine', tag] }))
    assertRefused(cache, 'TAG_SIZE', () => cache.invalidate([tag]))
  }
  const tags = Array.from({ length: 9 }, (_, i) => `tag${i}`)
  assertRefused(cache, 'TAG_COUNT', () => cache.set('key', 1, { tags }))
  assert.equal(cache.set('key', 1, { tags: tags.slice(1) }), true)
})

test('operation lists that are too long, too large or not operations are refused', (t) => {
  const cache = open(t)
  const begin = (operations) => () => cache.begin(v7(), { principal: ADA, operations })
  const many = Array.from({ length: 5 }, (_, id) => ({ ...UPDATE, id }))
  assertRefused(cache, 'LIMIT_OPERATIONS', begin(many))
  assertRefused(cache, 'LIMIT_BYTES', begin([{ ...UPDATE, data: { note: 'n'.repeat(1024) } }]))
  for (const operation of [
    null,
    'update',
    {},
    { ...UPDATE, type: 'upsert' },
    { ...UPDATE, type: 7 },
    { ...UPDATE, collection: undefined },
    { ...UPDATE, collection: '' },
    { ...UPDATE, collection: 7 },
    { ...UPDATE, id: {} },
    { ...UPDATE, id: true },
    { ...UPDATE, data: 'shipped' },
    { ...UPDATE, data: ['shipped'] },
    { type: 'invalidate' },
    { type: 'invalidate', tags: 'orders' },
    { type: 'invalidate', tags: [7] },
  ]) {
    assertRefused(cache, 'OPERATION', begin([UPDATE, operation]))
    assertRefused(cache, 'OPERATION', () => cache.record([operation]))
  }
})

test('operations that a commit is given are checked as those of a begin, and the mutation stays pending', (t) => {
  const cache = open(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [UPDATE] })
  assertRefused(cache, 'OPERATION', () => cache.commit(token, { operations: [{ ...UPDATE, type: 'upsert' }] }))
  assertRefused(cache, 'JSON_NUL', () => cache.commit(token, { operations: [{ ...UPDATE, data: { note: '\0' } }] }))
  assert.equal(cache.status(token, ADA)?.state, 'pending')
})

test('a principal has so many pending mutations and no more', (t) => {
  const cache = open(t)
  for (let i = 0; i < 4; i++) cache.begin(v7(), { principal: ADA, operations: [UPDATE] })
  assertRefused(cache, 'LIMIT_MUTATIONS', () => cache.begin(v7(), { principal: ADA, operations: [UPDATE] }))
  for (let i = 0; i < 4; i++) cache.begin(v7(), { principal: 'users:2', operations: [UPDATE] })
  assertRefused(cache, 'FULL', () => cache.begin(v7(), { principal: 'users:3', operations: [UPDATE] }))
})

test('bytes that are said to be JSON and are not are refused', (t) => {
  const cache = open(t)
  const setJSON = (bytes) => () => cache.setBytes('kept', bytes, { json: true })
  const structures = ['', ' ', '{', '{}{}', '[1,]', '[1 2]', '{"a":1,}', '{"a"}', '{a:1}', '/**/1', '\ufeff1']
  const scalars = ['01', '1.', '+1', '.5', '1e', 'NaN', 'nul', 'undefined', "'a'", '"a', '"\t"', '"\\x"']
  for (const text of [...structures, ...scalars]) {
    assertRefused(cache, 'JSON', setJSON(text))
    assertRefused(cache, 'JSON', setJSON(Buffer.from(text)))
  }
  for (const hex of ['ff', 'c080', 'eda080', 'f5808080', 'e282', 'f0808080']) {
    assertRefused(cache, 'UTF8', setJSON(Buffer.from(`22${hex}22`, 'hex')))
  }
})

test('an unpaired surrogate is refused in keys, tags, values, principals, queries and reasons', (t) => {
  const cache = open(t)
  const token = v7()
  cache.begin(token, { principal: ADA, operations: [UPDATE] })
  for (const text of [HALF_PAIR, '\udc00\ud800', '\ud800\ud800\udc00', '\ufffd\ud800']) {
    assertRefused(cache, 'UTF8', () => cache.set(text, 1))
    assertRefused(cache, 'UTF8', () => cache.get(text))
    assertRefused(cache, 'UTF8', () => cache.set('kept', 1, { tags: [text] }))
    assertRefused(cache, 'UTF8', () => cache.setBytes('kept', JSON.stringify(7) + text, { json: true }))
    assertRefused(cache, 'UTF8', () => cache.invalidate([text]))
    for (const filter of ['tag', 'prefix', 'contains']) {
      assertRefused(cache, 'UTF8', () => cache.entries({ [filter]: text }))
    }
    assertRefused(cache, 'UTF8', () => cache.view({ principal: text }))
    assertRefused(cache, 'UTF8', () => cache.begin(v7(), { principal: text, operations: [UPDATE] }))
    assertRefused(cache, 'UTF8', () => cache.status(token, text))
    assertRefused(cache, 'UTF8', () => cache.rollback(token, { reason: text }))
    assertRefused(cache, 'JSON_SURROGATE', () => cache.set('kept', { text }))
    assertRefused(cache, 'JSON_SURROGATE', () => cache.set('kept', { [text]: 1 }))
    assertRefused(cache, 'JSON_SURROGATE', () => cache.record([{ ...UPDATE, data: { text } }]))
    const query = { type: 'find', collection: 'orders', where: { note: { equals: text } } }
    assertRefused(cache, 'JSON_SURROGATE', () => cache.set('kept', 1, { query }))
  }
  assert.equal(cache.set('whole pairs and \ufffd are fine: 😀', '😀\ufffd', { tags: ['😀\ufffd'] }), true)
})

test('JSON nested past the limit is refused', (t) => {
  const cache = open(t)
  assert.equal(cache.set('deep', nested(16)), true)
  assertRefused(cache, 'JSON_DEPTH', () => cache.set('kept', nested(17)))
  assertRefused(cache, 'JSON_DEPTH', () => cache.setBytes('kept', '['.repeat(2000) + ']'.repeat(2000), { json: true }))
  assertRefused(cache, 'JSON_DEPTH', () => cache.record([{ ...UPDATE, data: { nested: nested(16) } }]))
})

test('an escaped NUL is refused, in values, operations and queries', (t) => {
  const cache = open(t)
  assertRefused(cache, 'JSON_NUL', () => cache.set('kept', { note: 'a\0b' }))
  assertRefused(cache, 'JSON_NUL', () => cache.set('kept', { 'a\0b': 1 }))
  assertRefused(cache, 'JSON_NUL', () => cache.record([{ ...UPDATE, data: { note: 'a\0b' } }]))
  assertRefused(cache, 'JSON_NUL', () => cache.record([{ ...UPDATE, collection: 'orders\0' }]))
  assertRefused(cache, 'JSON_NUL', () => cache.set('kept', 1, { query: { type: 'count', collection: 'a\0' } }))
  assert.equal(cache.set('escaped backslash', '\\u0000'), true)
})

test('values that JSON cannot hold are refused, with the cause', (t) => {
  const cache = open(t)
  const cycle = {}
  cycle.self = cycle
  const failing = { toJSON: () => assert.fail('from toJSON') }
  for (const value of [undefined, () => 1, Symbol('s')]) {
    assertRefused(cache, 'ARGUMENT', () => cache.set('kept', value))
  }
  for (const value of [1n, cycle, failing]) {
    assertRefused(cache, 'ARGUMENT', () => cache.set('kept', value))
    assert.throws(() => cache.set('kept', value), ({ cause }) => cause instanceof Error)
  }
})

test('queries that are not are refused', (t) => {
  const cache = open(t)
  const query = { type: 'find', collection: 'orders' }
  const members = [{ type: 'delete' }, { collection: 7 }, { where: 7 }, { sort: {} }, { depth: 'deep' }, { select: 7 }]
  for (const wrong of [null, 7, 'find', [], {}, ...members.map((member) => ({ ...query, ...member }))]) {
    assertRefused(cache, 'QUERY', () => cache.set('kept', 1, { query: wrong }))
  }
})

test('options out of range are refused', (t) => {
  const cache = open(t)
  const assertNoOption = (options) => assertRefused(cache, 'ARGUMENT', () => cache.set('kept', 1, options))
  for (const since of [-1, 0.5, 2 ** 53, NaN, '1', 1n, null, cache.version + 1]) assertNoOption({ since })
  for (const ttl of [-1, NaN, Infinity, '1', 1n, null]) assertNoOption({ ttl })
  for (const swr of [-1, NaN, '1']) assertNoOption({ ttl: 1, swr })
  assertNoOption({ swr: 1 })
  for (const tags of ['tag', { 0: 'tag' }, [7], null]) assertNoOption({ tags })
  for (const ttl of [-1, 0.5, '1']) {
    assertRefused(cache, 'ARGUMENT', () => cache.begin(v7(), { principal: ADA, operations: [UPDATE], ttl }))
  }
  assertRefused(cache, 'ARGUMENT', () => cache.begin(v7(), { principal: ADA, operations: UPDATE }))
})

test('a cache is not opened with options that make no sense', () => {
  const refused = (code, options) =>
    assert.throws(() => openCache(options), { name: 'OptimisticCacheError', code: `ERR_OPTIMISTIC_${code}` })
  for (const name of ['', 'a b', 'ü', 'n'.repeat(65), 7, null]) refused('ARGUMENT', { name })
  for (const maxBytes of [-1, 1024, 1.5, NaN, '1', 2 ** 50]) refused('ARGUMENT', { name: 'x', maxBytes })
  for (const maxLog of [-1, 2 ** 32, '1']) refused('ARGUMENT', { name: 'x', maxLog })
  for (const keyBytes of [-1, 2 ** 32, '1']) refused('ARGUMENT', { name: 'x', limits: { keyBytes } })
  const shapesOfOrders = [7, { groups: 7 }, { groups: [7] }, { relations: ['a'] }, { relations: { a: 7 } }]
  for (const shapes of [null, 7, [], ...shapesOfOrders.map((orders) => ({ orders }))]) {
    refused('SHAPES', { name: 'x', maxBytes: 1 << 20, shapes })
  }
  for (const memory of ['heap', null, {}, { file: '' }, { file: 'a\0b' }, { file: 7 }]) {
    refused('ARGUMENT', { name: 'x', memory })
  }
  refused('ARGUMENT', { name: 'x', maxMemo: -1 })
  for (const options of [null, 7, 'default', { limits: null }]) refused('ARGUMENT', options)
})

test('what is not a view of this cache is no view', (t) => {
  const [cache, other] = [open(t), open(t)]
  const foreign = other.view()
  for (const view of [foreign, {}, 7, 'view', Object.create(foreign), new Proxy(foreign, {})]) {
    assertRefused(cache, 'ARGUMENT', () => cache.get('kept', view))
    assertRefused(cache, 'ARGUMENT', () => cache.getBytes('kept', view))
  }
  const closed = cache.view()
  cache.get('kept')
  closed.close()
  assertRefused(cache, 'CLOSED', () => cache.get('kept', closed))
})

test('after close() every call is refused', async (t) => {
  const cache = open(t)
  const view = cache.view()
  cache.close()
  const token = v7()
  const calls = {
    version: () => cache.version,
    generation: () => cache.generation,
    set: () => cache.set('key', 1),
    setBytes: () => cache.setBytes('key', Uint8Array.of(1)),
    get: () => cache.get('kept'),
    'get through a view': () => cache.get('kept', view),
    read: () => cache.read('kept'),
    getBytes: () => cache.getBytes('kept'),
    fetch: () => cache.fetch('kept', {}, () => 1),
    fetchEntry: () => cache.fetchEntry('kept', {}, () => 1),
    entry: () => cache.entry('kept'),
    entries: () => cache.entries(),
    entriesPage: () => cache.entriesPage(),
    topEntries: () => cache.topEntries({ order: 'largest' }),
    mutations: () => cache.mutations(),
    view: () => cache.view(),
    begin: () => cache.begin(token, { principal: ADA, operations: [UPDATE] }),
    commit: () => cache.commit(token),
    rollback: () => cache.rollback(token),
    expire: () => cache.expire(token),
    record: () => cache.record([UPDATE]),
    invalidate: () => cache.invalidate(['tag']),
    status: () => cache.status(token, ADA),
    settled: () => cache.settled(token, ADA),
    known: () => cache.known([token], ADA),
    stats: () => cache.stats(),
    'view.pending': () => view.pending,
    'view.unknown': () => view.unknown,
    'view.torn': () => view.torn,
    'view.cached': () => view.cached('kept', {}, () => 1),
  }
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(async () => call(), { name: 'OptimisticCacheError', code: 'ERR_OPTIMISTIC_CLOSED' }, name)
  }
})

test('wrong types for every argument of every function of the addon are refused, naming the argument', (t) => {
  const cache = native.open({ name: `bad-input-${process.pid}-${names++}`, maxBytes: 1 << 20 })
  t.after(() => native.close(cache))
  const view = native.openView(cache, ADA, [])
  const token = v7()
  native.begin(cache, token, ADA, JSON.stringify([UPDATE]), 0)
  /** Arguments that are right; each is replaced by wrong ones in turn. `?` marks those that may be left out. */
  const signatures = {
    close: { cache },
    version: { cache },
    generation: { cache },
    watch: { cache, callback: () => {} },
    unwatch: { cache },
    listen: { cache, types: 1, callback: () => {} },
    unlisten: { cache },
    readEvents: { cache },
    stats: { cache },
    set: { cache, key: 'k', value: '1', json: true, tags: ['t'], since: 0, expiresAt: 0, staleUntil: 0, 'query?': '' },
    get: { cache, 'view?': view, key: 'k', base: false, known: 0 },
    getChanges: { cache, 'view?': view, key: 'k', base: false, known: 0 },
    getBytes: { cache, 'view?': view, key: 'k', base: false, memory: new Uint8Array(8), at: 0 },
    overlay: { cache, view, value: '1', 'query?': '', since: 1 },
    countHits: { cache, key: 'k', hits: 1 },
    entry: { cache, key: 'k' },
    entries: { cache, order: 0, 'limit?': 1, 'tag?': '', 'prefix?': '', 'contains?': '', 'cursor?': '' },
    flightBegin: { cache, key: 'k', least: 0, 'ttl?': 0 },
    flightKept: { cache, id: 1 },
    flightUnkept: { cache, id: 1 },
    flightFailed: { cache, id: 1, 'reason?': '' },
    flightLook: { cache, id: 1 },
    flightLeave: { cache, id: 1 },
    begin: { cache, token, principal: ADA, operations: '[]', 'ttl?': 0 },
    claim: { cache, token, principal: ADA, operations: '[]', 'ttl?': 0 },
    announce: { cache, token, principal: ADA, operations: '[]', 'ttl?': 0 },
    commit: { cache, token, 'operations?': '[]' },
    rollback: { cache, token, 'reason?': '' },
    expire: { cache, token, 'reason?': '' },
    record: { cache, operations: '[]' },
    invalidate: { cache, tags: [] },
    status: { cache, token, principal: ADA },
    mutations: { cache, 'limit?': 1 },
    sweep: { cache },
    openView: { cache, principal: ADA, tokens: [] },
    closeView: { view },
    viewInfo: { view },
    viewPending: { view },
    viewUnknown: { view },
  }
  const others = ['open', 'hit']
  assert.deepEqual(Object.keys(native).filter((name) => !others.includes(name)).sort(), Object.keys(signatures).sort())

  const scalars = [null, 7.5, -1, Infinity, 2 ** 60, 1n << 64n, -1n, 'text', true, Symbol('s')]
  const objects = [{}, [], [7], [null], () => {}, cache, view, new Proxy(cache, {}), Object.create(cache)]
  const memory = [new Uint16Array(2), new ArrayBuffer(2), new Uint8Array(new SharedArrayBuffer(2))]
  const wrongs = [...scalars, ...objects, ...memory]
  const statsBefore = native.stats(cache)
  for (const [name, signature] of Object.entries(signatures)) {
    for (const [index, [argument, right]] of Object.entries(signature).entries()) {
      const plain = argument.replace('?', '')
      for (const wrong of argument === plain ? [undefined, ...wrongs] : wrongs) {
        if (isOfType(wrong, plain, right)) continue
        const args = Object.values(signature).with(index, wrong)
        assert.throws(() => native[name](...args), (error) => {
          assert.equal(error.code, 'ERR_OPTIMISTIC_ARGUMENT', `${name}: ${String(error)}`)
          assert.match(error.message, new RegExp(`\\b${plain}`), name)
          return true
        }, `${name}(… ${plain}: ${typeof wrong} …)`)
      }
    }
    assert.throws(() => native[name](), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  }
  for (const wrong of [undefined, ...wrongs]) {
    if (Object(wrong) !== wrong) assert.throws(() => native.open(wrong), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  }
  assert.deepEqual(native.stats(cache), statsBefore)
})

/** Is `wrong` in truth what this argument takes, so that only the core could refuse it? */
function isOfType(wrong, argument, right) {
  if (argument === 'cache' || argument === 'view') return wrong === right
  if (argument === 'tags' || argument === 'tokens') return Array.isArray(wrong) && wrong.length === 0
  if (argument === 'token') return false
  if (argument === 'query' || argument === 'operations') return typeof wrong === 'string'
  return typeof wrong === typeof right && typeof wrong !== 'number' && typeof wrong !== 'bigint'
}

test('an argument that closes the cache while it is read is no way to use a closed one', (t) => {
  const cache = native.open({ name: `bad-input-${process.pid}-${names++}`, maxBytes: 1 << 20 })
  const tags = ['tag']
  Object.defineProperty(tags, 0, { get: () => (native.close(cache), 'tag') })
  assert.throws(() => native.invalidate(cache, tags), { code: 'ERR_OPTIMISTIC_CLOSED' })
  assert.equal(cache.changes.length, 0)
  const thrower = ['tag']
  Object.defineProperty(thrower, 0, { get: () => assert.fail('from the getter') })
  assert.throws(() => native.invalidate(cache, thrower), /from the getter/)
})
