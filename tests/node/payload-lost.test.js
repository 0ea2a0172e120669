/**
 * Mutations that the cache forgot while their transaction went on, because the arena was reset. What cannot be found
 * out any more, what was loaded before, between or after, must not be read on.
 */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { v7 as newToken } from 'uuid'
import { openCache } from '../../lib/index.js'
import { Bracket } from '../../lib/payload/bracket.js'

const ORDER = { type: /** @type {const} */ ('update'), collection: 'orders', id: 7 }
const QUERY = /** @type {any} */ ({ type: 'findByID', collection: 'orders', id: 7, depth: 0 })

let number = 0
const open = () => openCache({ name: `lost-${process.pid}-${number++}`, maxBytes: 1 << 20, shapes: { orders: {} } })

let cache = open()
/** What a bracket holds: the cache as it is now, as an arena that was reset stays the same object to its users. */
const current = /** @type {import('../../lib/index.js').Cache} */ (
  new Proxy(/** @type {any} */ ({}), {
    get(_, name) {
      const value = /** @type {any} */ (cache)[name]
      return typeof value === 'function' ? value.bind(cache) : value
    },
  })
)

/** A new arena: another generation, no entries, and no mutations. */
function reset() {
  cache.close()
  cache = open()
}

beforeEach(reset)
after(() => cache.close())

function begun() {
  const bracket = new Bracket({ cache: current, referrersOf: () => ['invoices'] })
  const token = newToken()
  const req = /** @type {any} */ ({ payloadAPI: 'REST' })
  bracket.take(token, 'users:1', [{ ...ORDER, data: { note: 'new' } }], req)
  bracket.touch(ORDER).writes++
  return { bracket, token, req }
}

/** Loaded after the reset, while the transaction is still under way. */
function load() {
  cache.set('order', { id: 7, note: 'old' }, { query: QUERY })
  cache.set('other', { id: 8, note: 'other' }, { query: { ...QUERY, id: 8 } })
}

for (const [end, state] of /** @type {const} */ ([
  ['commit', 'committed'],
  ['rollback', 'rolledBack'],
  ['expire', 'expired'],
])) {
  test(`a mutation that was forgotten and ends with ${end} leaves no entry of what it touched`, () => {
    const { bracket, token } = begun()
    reset()
    load()
    bracket[end]('No.')
    assert.equal(cache.get('order'), undefined)
    assert.notEqual(cache.get('other'), undefined)
    assert.equal(cache.status(token, 'users:1')?.state, state)
    assert.equal(cache.status(token, 'users:2'), undefined)
    assert.equal(cache.stats().mutationsPending, 0)
  })

  test(`a mutation of which only the later half is known and that ends with ${end} is not replayed`, () => {
    const { bracket, token } = begun()
    reset()
    load()
    bracket.touch({ ...ORDER, id: 8 }).writes++
    bracket[end]('No.')
    assert.equal(cache.get('order'), undefined)
    assert.equal(cache.get('other'), undefined)
    assert.equal(cache.status(token, 'users:1')?.state, state)
    assert.equal(cache.stats().mutationsPending, 0)
  })
}

test('the answer to a mutation that was forgotten carries a version at which nobody reads the old state', () => {
  const { bracket, req } = begun()
  reset()
  load()
  bracket.commit()
  const [generation, version] = req.responseHeaders.get('optimistic-version').split(';')
  assert.equal(generation, cache.generation)
  assert.equal(Number(version), cache.version)
})

test('a delete that was forgotten invalidates those that referred to the document', () => {
  const { bracket } = begun()
  bracket.touch({ ...ORDER, type: 'delete' })
  reset()
  cache.set('count', { totalDocs: 1 }, { query: { type: 'count', collection: 'invoices' } })
  bracket.commit()
  assert.equal(cache.get('count'), undefined)
})
