// What a thread that has an older state of a list parsed makes of it: the same as one that parses all of it, with the
// documents that did not change. SEED=… runs one order of steps again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { Random } from './schedules-random.js'

const SEED = Number(process.env.SEED ?? 1 + Math.floor(Math.random() * 1e6))
const STEPS = Number(process.env.LAYOUT_STEPS ?? 4000)
const SHAPES = { orders: { groups: ['address'], relations: { customer: 'customers' } }, customers: {} }
const QUERY = { type: 'find', collection: 'orders', sort: '-rank', limit: 6, depth: 1 }
const ADA = 'users:1'
const IDS = [1, 2, 3, 4, 5, 6, 7, 8]
const options = { name: `layout-${process.pid}`, maxBytes: 1 << 20, shapes: SHAPES }

const customer = (id, name = `Customer ${id}`) => ({ id, name })
const order = (id, data) =>
  ({ id, rank: id, note: '', address: { city: 'Ghent' }, customer: customer(id % 3), ...data })
const pageOf = (docs) => ({ docs, totalDocs: docs.length, limit: 6, page: 1, totalPages: 1, hasNextPage: false })

function begin(cache, operations) {
  const token = v7()
  cache.begin(token, { principal: ADA, operations })
  return token
}

const commit = (cache, operations) => cache.commit(begin(cache, operations))

test('after a commit only the documents that changed are new objects', (t) => {
  const cache = openCache({ ...options, name: `${options.name}-one` })
  t.after(() => cache.close())
  cache.set('list', pageOf([order(9), order(8), order(7)]), { query: QUERY })
  const before = cache.get('list')
  commit(cache, [{ type: 'update', collection: 'orders', id: 8, data: { note: 'x' } }])
  const after = cache.get('list')
  assert.deepEqual(after, pageOf([order(9), order(8, { note: 'x' }), order(7)]))
  assert.deepEqual(before, pageOf([order(9), order(8), order(7)]))
  assert.equal(after.docs[0], before.docs[0])
  assert.equal(after.docs[2], before.docs[2])
  for (const object of [after, after.docs, after.docs[1], after.docs[1].address]) assert.ok(Object.isFrozen(object))
})

test('a document that refers to another one after a commit is a new object, too', (t) => {
  const cache = openCache({ ...options, name: `${options.name}-relation` })
  t.after(() => cache.close())
  cache.set('list', pageOf([order(9), order(8), order(7)]), { query: QUERY })
  const before = cache.get('list')
  commit(cache, [{ type: 'update', collection: 'orders', id: 8, data: { customer: 1 } }])
  const after = cache.get('list')
  assert.deepEqual(after, pageOf([order(9), order(8, { customer: customer(1) }), order(7)]))
  assert.equal(after.docs[2], before.docs[2])
})

/** One thread's part of the cache, with what it parsed and the views that it has open. */
class Reader {
  cache = openCache(options)
  #views = []
  #last
  shared = 0

  /** @param {string[]} tokens of what is in flight */
  open(tokens) {
    this.#views.push(this.cache.view({ principal: ADA, tokens }))
    if (this.#views.length > 3) this.#views.shift().close()
  }

  /** As an object, which a state parsed before may be part of, and as bytes, which are always all of it. */
  read(random) {
    const view = random.chance(0.5) ? this.#views.at(-1 - random.below(3)) : undefined
    const base = random.chance(0.2)
    const found = this.cache.get('list', view, { base })
    const bytes = this.cache.getBytes('list', view, { base })
    assert.deepEqual(found, bytes && JSON.parse(bytes.toString()))
    if (found !== this.#last && found?.docs.some((document) => this.#last?.docs.includes(document))) this.shared++
    this.#last = found
    return found
  }

  close() {
    for (const view of this.#views) view.close()
    this.cache.close()
  }
}

/** Some of it takes documents to other places, or out of the page, or cannot be replayed. */
function operation(random) {
  const id = random.pick(IDS)
  const collection = 'orders'
  return random.weighted([
    [30, { type: 'update', collection, id, data: { note: 'n'.repeat(random.below(9)) } }],
    [10, { type: 'update', collection, id, data: { address: { city: random.pick(['Ghent', 'Bruges', 'Ypres']) } } }],
    [10, { type: 'update', collection: 'customers', id: id % 3, data: { name: `Name ${random.below(9)}` } }],
    [5, { type: 'update', collection, id, data: { customer: random.below(3) } }],
    [1, { type: 'update', collection, id, data: { rank: random.below(9) } }],
    [1, { type: 'delete', collection, id }],
    [1, { type: 'invalidate', tags: [collection] }],
  ])
}

test('who reads seldom sees what who reads always does', { timeout: 120_000 }, (t) => {
  t.diagnostic(`SEED=${SEED}`)
  const random = new Random(SEED)
  const cache = openCache(options)
  const readers = Array.from({ length: 3 }, () => new Reader())
  t.after(() => [...readers, cache].forEach((opened) => opened.close()))
  /** @type {string[]} */
  const pending = []
  for (let step = 0; step < STEPS; step++) {
    const act = random.weighted([
      [2, () => pending.length < 3 && pending.push(begin(cache, [operation(random)]))],
      [3, settle],
      [1, () => random.pick(readers).open(pending)],
      [8, () => random.pick(readers).read(random)],
    ])
    act()
    if (cache.getBytes('list') === undefined) load()
  }
  for (const reader of readers) assert.ok(reader.shared > STEPS / 100, `shared documents ${reader.shared} times`)

  function settle() {
    const token = pending.shift()
    if (token !== undefined) random.chance(0.7) ? cache.commit(token) : cache.rollback(token)
  }

  /** With nothing in flight, as what is set beside it is never replayed. */
  function load() {
    while (pending.length > 0) settle()
    const docs = IDS.filter(() => random.chance(0.7)).map((id) => order(id)).sort((one, other) => other.rank - one.rank)
    cache.set('list', pageOf(docs.slice(0, 6)), { query: QUERY, since: cache.version })
  }
})
