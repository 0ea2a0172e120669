// What is in flight, laid over lists: which objects are new, what other views see of them, and for how long.
import assert from 'node:assert/strict'
import test from 'node:test'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'

const SHAPES = { orders: { groups: ['address'], relations: { customer: 'customers' } }, customers: {} }
const QUERY = { type: 'find', collection: 'orders', sort: '-id', limit: 10, depth: 1 }
const ADA = 'users:1'

/** @param {number} id @param {number} customer */
const order = (id, customer) => ({
  id,
  status: 'pending',
  address: { city: 'Ghent', street: `Main ${id}` },
  customer: { id: customer, name: `Customer ${customer}` },
})
const LIST = { docs: [order(9, 1), order(8, 2), order(7, 1)], totalDocs: 3, limit: 10, hasNextPage: false }

let names = 0

/** With the list in it under the key `list`. */
function open(t, { list = LIST, shapes = SHAPES, ...options } = {}) {
  const cache = openCache({ name: `overlaid-${process.pid}-${names++}`, maxBytes: 1 << 20, shapes })
  t.after(() => cache.close())
  cache.set('list', list, { query: QUERY, ...options })
  return cache
}

const update = (id, data, collection = 'orders') => ({ type: 'update', collection, id, data })

function begin(cache, operations, token = v7()) {
  cache.begin(token, { principal: ADA, operations })
  return token
}

const viewOf = (cache, ...tokens) => cache.view({ principal: ADA, tokens })
const statusesOf = ({ docs }) => docs.map(({ status }) => status)

test('only documents that are changed are new objects; all others, and what they hold, are those of the list', (t) => {
  const cache = open(t)
  const base = cache.get('list')
  const token = begin(cache, [update(8, { status: 'shipped', address: { city: 'Bruges' } })])
  const list = cache.get('list', viewOf(cache, token))
  const changed = { ...order(8, 2), status: 'shipped', address: { city: 'Bruges', street: 'Main 8' } }
  assert.deepEqual(list, { ...LIST, docs: LIST.docs.with(1, changed) })
  assert.equal(list.docs[0], base.docs[0])
  assert.equal(list.docs[2], base.docs[2])
  assert.equal(list.docs[1].customer, base.docs[1].customer)
  assert.deepEqual(base, LIST)
  for (const object of [list, list.docs, list.docs[1], list.docs[1].address]) assert.ok(Object.isFrozen(object))
})

test('of several changes of a member the last is shown, and what none changes is the object it was', (t) => {
  const docs = [{ ...order(9, 1), sizes: ['s', 'm'], note: 'x' }, order(8, 2)]
  const cache = open(t, { list: { ...LIST, docs } })
  const base = cache.get('list')
  const tokens = [
    begin(cache, [update(9, { note: 'one', status: 'packed' }), update(8, { status: 'pending' })]),
    begin(cache, [update(9, { sizes: ['s', 'm'], note: 'two', absent: 1 }), update(9, { note: 'three' })]),
  ]
  const view = viewOf(cache, ...tokens)
  const list = cache.get('list', view)
  const wanted = { ...LIST, docs: [{ ...docs[0], status: 'packed', note: 'three' }, docs[1]] }
  assert.deepEqual(list, wanted)
  assert.equal(cache.getBytes('list', view).toString(), JSON.stringify(wanted))
  assert.equal(list.docs[0].sizes, base.docs[0].sizes)
  assert.equal(list.docs[1], base.docs[1])
})

test('a change is laid over each place that shows the document, in bytes of any length', (t) => {
  const cache = open(t)
  const token = begin(cache, [
    update(1, { id: '1', name: 'A' }, 'customers'),
    update(9, { status: null }),
    update(2, { name: 'Ä far longer name' }, 'customers'),
    update(7, { status: 'a far longer status' }),
  ])
  const [first, second, third] = LIST.docs
  const docs = [
    { ...first, status: null, customer: { id: 1, name: 'A' } },
    { ...second, customer: { id: 2, name: 'Ä far longer name' } },
    { ...third, status: 'a far longer status', customer: { id: 1, name: 'A' } },
  ]
  const wanted = { ...LIST, docs }
  assert.equal(cache.getBytes('list', viewOf(cache, token)).toString(), JSON.stringify(wanted))
  assert.deepEqual(cache.get('list', viewOf(cache, token)), wanted)
})

test('what is only partly shown, or in another language, stays as it is beside what is replaced', (t) => {
  const document = { id: 9, status: 'pending', title: 'Titel', rows: [{ id: 'a' }], items: [{ id: 'b', price: 1 }] }
  const shapes = { orders: { localized: ['title'], hidden: ['rows.secret'] } }
  const select = { status: true, title: true, rows: true, items: { price: true } }
  const list = { ...LIST, docs: [document] }
  const cache = open(t, { list, shapes, query: { ...QUERY, locale: 'de', select } })
  const read = (operation) => {
    const view = viewOf(cache, begin(cache, [operation]))
    assert.equal(cache.getBytes('list', view).toString(), JSON.stringify(cache.get('list', view)))
    return cache.get('list', view).docs[0]
  }
  for (const data of [{ title: 'Title' }, { rows: [{ id: 'c', secret: 1 }] }, { items: [{ id: 'd', weight: 2 }] }]) {
    assert.deepEqual(read(update(9, { status: 'packed', ...data })), { ...document, status: 'packed' })
  }
  const inGerman = { ...update(9, { title: 'Der Titel' }), locale: 'de' }
  assert.deepEqual(read(inGerman), { ...document, title: 'Der Titel' })
})

test('any number of members and documents may change', (t) => {
  const names = Array.from({ length: 70 }, (_, index) => `member${index}`)
  const many = (value) => Object.fromEntries(names.map((name) => [name, value]))
  const list = { ...LIST, docs: Array.from({ length: 40 }, (_, index) => ({ id: 99 - index, ...many('a') })) }
  const cache = open(t, { list })
  const shown = (operations) => {
    const view = viewOf(cache, begin(cache, operations))
    assert.equal(cache.getBytes('list', view).toString(), JSON.stringify(cache.get('list', view)))
    return cache.get('list', view)
  }
  assert.deepEqual(shown([update(98, many('b'))]), { ...list, docs: list.docs.with(1, { id: 98, ...many('b') }) })
  const all = list.docs.map((document) => ({ ...document, member69: document.id }))
  assert.deepEqual(shown(all.map(({ id }) => update(id, { member69: id }))), { ...list, docs: all })
})

test('a member may have any name', (t) => {
  const cache = open(t)
  const named = JSON.parse('{"id":9,"__proto__":"a","say \\"so\\"":"b"}')
  cache.set('list', { ...LIST, docs: [named] }, { query: QUERY })
  const data = JSON.parse('{"__proto__":"c","say \\"so\\"":"d"}')
  const view = viewOf(cache, begin(cache, [{ type: 'update', collection: 'orders', id: 9, data }]))
  const { docs } = cache.get('list', view)
  assert.deepEqual(Object.entries(docs[0]), [['id', 9], ['__proto__', 'c'], ['say "so"', 'd']])
  assert.equal(cache.getBytes('list', view).toString(), JSON.stringify({ ...LIST, docs }))
})

test('a change of a document that others show makes these new, and leaves the rest', (t) => {
  const cache = open(t)
  const base = cache.get('list')
  const token = begin(cache, [update(1, { name: 'Ada' }, 'customers'), update(7, { status: 'shipped' })])
  const list = cache.get('list', viewOf(cache, token))
  assert.deepEqual(list.docs.map(({ customer }) => customer.name), ['Ada', 'Customer 2', 'Ada'])
  assert.deepEqual(statusesOf(list), ['pending', 'pending', 'shipped'])
  assert.equal(list.docs[1], base.docs[1])
  assert.ok(Object.isFrozen(list.docs[0].customer))
})

test('a list that has nothing of what is in flight is the very object that everybody gets', (t) => {
  const cache = open(t)
  const view = viewOf(cache, begin(cache, [update(99, { status: 'shipped' })]))
  assert.equal(cache.get('list', view), cache.get('list'))
  const { overlaid } = cache.read('list', view)
  assert.equal(overlaid, false)
})

test('a list with something in it that is no document is laid over all the same', (t) => {
  const docs = [{ status: 'no id' }, order(8, 2), null, order(7, 1)]
  const cache = open(t, { list: { ...LIST, docs } })
  const view = viewOf(cache, begin(cache, [update(8, { status: 'shipped' }), update(7, { status: 'packed' })]))
  const wanted = { ...LIST, docs: [docs[0], { ...docs[1], status: 'shipped' }, null, { ...docs[3], status: 'packed' }] }
  for (const turn of [1, 2]) assert.deepEqual(cache.get('list', view), wanted, `turn ${turn}`)
  assert.deepEqual(JSON.parse(cache.getBytes('list', view)), wanted)
  const other = viewOf(cache, begin(cache, [update(2, { name: 'Ada' }, 'customers')]))
  const shown = { ...LIST, docs: [docs[0], { ...docs[1], customer: { id: 2, name: 'Ada' } }, null, docs[3]] }
  for (const turn of [1, 2]) assert.deepEqual(cache.get('list', other), shown, `turn ${turn}`)
})

test('views that see the same in flight share what is laid over, and one with another mutation does not', (t) => {
  const cache = open(t)
  const [one, two] = [begin(cache, [update(8, { status: 'one' })]), begin(cache, [update(7, { status: 'two' })])]
  const read = (...tokens) => cache.get('list', viewOf(cache, ...tokens))
  assert.equal(read(one), read(one))
  assert.deepEqual(statusesOf(read(one, two)), ['pending', 'one', 'two'])
  assert.deepEqual(statusesOf(read(two)), ['pending', 'pending', 'two'])
  assert.deepEqual(statusesOf(read(one)), ['pending', 'one', 'pending'])
  const other = cache.view({ principal: 'users:2', tokens: [one] })
  assert.deepEqual(statusesOf(cache.get('list', other)), ['pending', 'pending', 'pending'])
})

test('a mutation that is to do something else by now shows that to later views, as object and as bytes', (t) => {
  const cache = open(t)
  const statuses = (view) => [statusesOf(cache.get('list', view)), statusesOf(JSON.parse(cache.getBytes('list', view)))]
  const token = begin(cache, [update(8, { status: 'one' })])
  const earlier = viewOf(cache, token)
  const one = Array(2).fill(['pending', 'one', 'pending'])
  for (const turn of [1, 2, 3]) assert.deepEqual(statuses(earlier), one, `turn ${turn}`)
  begin(cache, [update(8, { status: 'two' })], token)
  for (const turn of [1, 2, 3]) {
    assert.deepEqual(statuses(viewOf(cache, token)), Array(2).fill(['pending', 'two', 'pending']), `turn ${turn}`)
    assert.deepEqual(statuses(earlier), one, `turn ${turn}`)
  }
})

/** The statuses in the list, read four times, through views of their own unless one is given. */
const readings = (cache, token, view) =>
  [1, 2].flatMap(() => [
    statusesOf(cache.get('list', view ?? viewOf(cache, token))),
    statusesOf(JSON.parse(cache.getBytes('list', view ?? viewOf(cache, token)))),
  ])

test('what is laid over goes with the mutation', (t) => {
  const cache = open(t)
  const token = begin(cache, [update(8, { status: 'shipped' })])
  assert.deepEqual(readings(cache, token), Array(4).fill(['pending', 'shipped', 'pending']))
  cache.rollback(token)
  assert.deepEqual(readings(cache, token), Array(4).fill(['pending', 'pending', 'pending']))
})

test('what is laid over stands on the list as it is by now', (t) => {
  const cache = open(t)
  const token = begin(cache, [update(8, { status: 'shipped' })])
  assert.deepEqual(readings(cache, token), Array(4).fill(['pending', 'shipped', 'pending']))
  cache.set('list', { ...LIST, docs: LIST.docs.with(0, { ...order(9, 1), status: 'packed' }) }, { query: QUERY })
  assert.deepEqual(readings(cache, token), Array(4).fill(['packed', 'shipped', 'pending']))
})

test('a view from before the list changed sees the list of then, and others do not', (t) => {
  const cache = open(t)
  const token = begin(cache, [update(8, { status: 'shipped' })])
  const earlier = [viewOf(cache, token), viewOf(cache, token)]
  const [then, now] = [['pending', 'shipped', 'pending'], ['packed', 'shipped', 'pending']]
  cache.record([update(9, { status: 'packed' })])
  cache.set('list', { ...LIST, docs: LIST.docs.with(0, { ...order(9, 1), status: 'packed' }) }, { query: QUERY })
  assert.deepEqual(readings(cache, token, earlier[0]), Array(4).fill(then))
  assert.deepEqual(readings(cache, token), Array(4).fill(now))
  assert.deepEqual(readings(cache, token, earlier[1]), Array(4).fill(then))
  assert.deepEqual(readings(cache, token), Array(4).fill(now))
})

test('bytes are the caller’s own, whoever read the same before', (t) => {
  const cache = open(t)
  const token = begin(cache, [update(8, { status: 'shipped' })])
  const wanted = JSON.stringify({ ...LIST, docs: LIST.docs.with(1, { ...order(8, 2), status: 'shipped' }) })
  for (let turn = 0; turn < 5; turn++) {
    const bytes = cache.getBytes('list', viewOf(cache, token))
    assert.equal(bytes.toString(), wanted, `turn ${turn}`)
    bytes.fill(0)
  }
})

test('what is laid over expires with its list', async (t) => {
  const cache = open(t, { ttl: 100 })
  const token = begin(cache, [update(8, { status: 'shipped' })])
  const [{ expiresAt }] = cache.entries()
  const read = () => {
    const view = viewOf(cache, token)
    const found = [cache.get('list', view), cache.getBytes('list', view)].some((value) => value !== undefined)
    view.close()
    return found
  }
  assert.ok(read())
  while (read() && Date.now() < expiresAt + 10_000) await new Promise(setImmediate)
  assert.equal(read(), false)
  assert.ok(Date.now() >= expiresAt)
})

test('reads of what is laid over count as hits, however they were answered', (t) => {
  const cache = open(t)
  const token = begin(cache, [update(8, { status: 'shipped' })])
  const before = cache.stats().hits
  for (let turn = 0; turn < 5; turn++) {
    const view = viewOf(cache, token)
    cache.get('list', view)
    cache.get('list', view)
    cache.getBytes('list', view)
  }
  assert.equal(cache.stats().hits - before, 15)
})
