import assert from 'node:assert/strict'
import test from 'node:test'
import { holdsDocumentOf, overlay } from '../../lib/query/overlay.js'
import { takeOff } from '../../lib/query/take-off.js'

const SHAPES = {
  orders: {
    groups: ['address', 'address.geo'],
    relations: { customer: 'customers', tags: 'tags', 'items.product': 'products', 'address.country': 'countries' },
  },
  customers: { relations: { company: 'companies' } },
}
const byID = { collection: 'orders', type: 'findByID', args: { id: 7 } }
const list = { collection: 'orders', type: 'find', args: {} }
const updateOf = (collection) => (data, id = 7) => ({ type: 'update', collection, id, data })
const update = updateOf('orders')
const shown = (document, data, description = byID) => overlay(document, description, [update(data)], SHAPES)

test('a group merges member by member, and a group in it too', () => {
  const order = { id: 7, address: { city: 'Ghent', street: 'Main', geo: { lat: 1, lng: 2 } } }
  assert.deepEqual(shown(order, { address: { city: 'Bruges', geo: { lng: 3 } } }), {
    id: 7,
    address: { city: 'Bruges', street: 'Main', geo: { lat: 1, lng: 3 } },
  })
})

test('an object that is not a group is replaced whole', () => {
  assert.deepEqual(shown({ id: 7, content: { root: 1, old: 2 } }, { content: { root: 3 } }).content, { root: 3 })
})

test('an array is replaced whole', () => {
  const order = { id: 7, sizes: ['s', 'm', 'l'], rows: [{ id: 'a', text: 'x' }, { id: 'b', text: 'y' }] }
  assert.deepEqual(shown(order, { sizes: ['m'], rows: [{ id: 'b', text: 'z' }] }), {
    id: 7,
    sizes: ['m'],
    rows: [{ id: 'b', text: 'z' }],
  })
})

test('null sets null: a value, a group, a relation', () => {
  const order = { id: 7, note: 'x', address: { city: 'Ghent' }, customer: { id: 1 } }
  assert.deepEqual(shown(order, { note: null, address: null, customer: null }), {
    id: 7,
    note: null,
    address: null,
    customer: null,
  })
})

test('a group that is null is set', () => {
  assert.deepEqual(shown({ id: 7, address: null }, { address: { city: 'Ghent' } }).address, { city: 'Ghent' })
})

test('a member that the document does not have is not added, in a group neither', () => {
  const order = { id: 7, address: { city: 'Ghent' } }
  assert.equal(shown(order, { note: 'x', address: { street: 'Main' } }), order)
})

test('a populated relation never turns into an id: another document leaves it, the same one keeps it', () => {
  const order = { id: 7, customer: { id: 1, name: 'Ada' }, address: { country: { id: 'be' } } }
  assert.equal(shown(order, { customer: 2, address: { country: 'nl' } }), order)
  assert.equal(shown(order, { customer: 1 }), order)
  assert.equal(shown(order, { customer: '1' }), order)
})

test('an id shown becomes another id, and null becomes one only where no depth could have populated it', () => {
  assert.equal(shown({ id: 7, customer: 1 }, { customer: 2 }).customer, 2)
  assert.equal(shown({ id: 7, customer: null }, { customer: 2 }).customer, null)
  const bare = { ...byID, args: { id: 7, depth: 0 } }
  assert.equal(shown({ id: 7, customer: null }, { customer: 2 }, bare).customer, 2)
})

test('many populated relations are put in order and taken out, and stay when an unknown one comes', () => {
  const [a, b] = [{ id: 'a', label: 'A' }, { id: 'b', label: 'B' }]
  assert.deepEqual(shown({ id: 7, tags: [a, b] }, { tags: ['b', 'a'] }).tags, [b, a])
  assert.deepEqual(shown({ id: 7, tags: [a, b] }, { tags: ['b'] }).tags, [b])
  assert.deepEqual(shown({ id: 7, tags: [a, b] }, { tags: [] }).tags, [])
  assert.deepEqual(shown({ id: 7, tags: [a, b] }, { tags: ['a', 'c'] }).tags, [a, b])
  assert.deepEqual(shown({ id: 7, tags: ['a'] }, { tags: ['a', 'c'] }).tags, ['a', 'c'])
})

test('rows whose relation is populated keep it, and stay as they are when it cannot be shown', () => {
  const product = { id: 1, title: 'Pen' }
  const order = { id: 7, items: [{ id: 'x', quantity: 1, product }] }
  assert.deepEqual(shown(order, { items: [{ id: 'x', quantity: 2, product: 1 }] }).items, [{ id: 'x', quantity: 2, product }])
  assert.equal(shown(order, { items: [{ id: 'x', quantity: 2, product: 5 }] }), order)
  assert.equal(shown(order, { items: [{ quantity: 2, product: 1 }] }), order)
})

test('a document that is nested in others changes wherever it lies', () => {
  const company = { id: 3, name: 'Old' }
  const page = { docs: [{ id: 7, customer: { id: 1, company } }, { id: 8, customer: { id: 2, company: 3 } }] }
  const next = overlay(page, list, [updateOf('companies')({ name: 'New' }, 3)], SHAPES)
  assert.deepEqual(next.docs[0].customer.company, { id: 3, name: 'New' })
  assert.equal(next.docs[1], page.docs[1])
  const order = { id: 7, items: [{ id: 'x', product: { id: 1, title: 'Pen' } }], tags: [{ id: 'a', label: 'A' }] }
  const operations = [updateOf('products')({ title: 'Ink' }, 1), updateOf('tags')({ label: 'B' }, 'a')]
  assert.deepEqual(overlay(order, byID, operations, SHAPES), {
    id: 7,
    items: [{ id: 'x', product: { id: 1, title: 'Ink' } }],
    tags: [{ id: 'a', label: 'B' }],
  })
  assert.ok(holdsDocumentOf(page, list, operations.concat(updateOf('companies')({}, 3)), SHAPES))
  assert.equal(holdsDocumentOf(page, list, operations, SHAPES), false)
})

test('what is not touched keeps its identity: the answer, other documents, other members', () => {
  const page = { docs: [{ id: 7, note: 'x', content: { root: 1 } }, { id: 8, content: {} }], totalDocs: 2 }
  for (const operations of [[], [update({ note: 'y' }, 9)], [update({ note: 'x', content: { root: 1 } })]]) {
    assert.equal(overlay(page, list, operations, SHAPES), page)
  }
  const next = overlay(page, list, [update({ note: 'y' })], SHAPES)
  assert.equal(next.docs[1], page.docs[1])
  assert.equal(next.docs[0].content, page.docs[0].content)
  assert.equal(page.docs[0].note, 'x')
})

test('a localized field stays as it is in an answer of a chosen locale, and changes in one of the default', () => {
  const shapes = { orders: { groups: ['address'], localized: ['title', 'address.city', 'rows.text'] } }
  const order = { id: 7, title: 'Titel', note: 'x', address: { city: 'Gent', zip: 1 }, rows: [{ id: 'a', text: 'eins' }] }
  const data = { title: 'Title', note: 'y', address: { city: 'Ghent', zip: 2 }, rows: [{ id: 'a', text: 'one' }] }
  const inGerman = { ...byID, args: { id: 7, locale: 'de' } }
  assert.deepEqual(overlay(order, inGerman, [update(data)], shapes), { ...order, note: 'y', address: { city: 'Gent', zip: 2 } })
  assert.deepEqual(overlay(order, byID, [update(data)], shapes), { id: 7, ...data })
})

test('a later update lies over an earlier one, and ids compare as text', () => {
  const operations = [update({ note: 'y' }), update({ note: 'z' }, '7')]
  assert.equal(overlay({ id: 7, note: 'x' }, byID, operations, SHAPES).note, 'z')
})

test('an operation of another collection, or one that changes no document, changes nothing', () => {
  const order = { id: 7, note: 'x' }
  const operations = [
    updateOf('invoices')({ note: 'y' }),
    { type: 'invalidate', tags: ['orders'] },
    { type: 'delete', collection: 'orders', id: 7 },
    { type: 'update', collection: 'orders', id: 7 },
  ]
  assert.equal(overlay(order, byID, operations, SHAPES), order)
})

test('a count is not touched', () => {
  const count = { totalDocs: 3 }
  assert.equal(overlay(count, { collection: 'orders', type: 'count', args: {} }, [update({ status: 'x' })], SHAPES), count)
})

test('without a shape nothing is a group: values replace', () => {
  assert.deepEqual(overlay({ id: 7, a: { b: 1 } }, byID, [update({ a: { c: 2 } })], {}), { id: 7, a: { c: 2 } })
})

test('taking an overlay off gives back the base, from the shown value and from a copy of it', () => {
  const base = { id: 7, sizes: ['s'], rows: [{ id: 'a', n: 1 }, { id: 'b', n: 2 }], address: { city: 'Ghent' } }
  const over = shown(base, { sizes: ['m'], rows: [{ id: 'b', n: 3 }], address: { city: 'Bruges' } })
  assert.equal(takeOff(base, over, over), base)
  assert.deepEqual(takeOff(base, over, structuredClone(over)), base)
  assert.deepEqual(takeOff(base, over, { ...structuredClone(over), note: 'mine' }), { ...base, note: 'mine' })
})

test('taking an overlay off finds a row by its id, where the overlay moved it', () => {
  const base = { id: 7, rows: [{ id: 'a', n: 1 }, { id: 'b', n: 2 }] }
  const over = shown(base, { rows: [{ id: 'b', n: 3 }] })
  const mine = { ...over, rows: over.rows.map((row) => ({ ...row, note: 'mine' })) }
  assert.deepEqual(takeOff(base, over, mine).rows, [{ id: 'a', n: 1 }, { id: 'b', n: 2, note: 'mine' }])
})

test('taking an overlay off brings back what it took out of a list, and takes out what it put in', () => {
  const base = [{ id: 1 }, { id: 2 }, { id: 3 }]
  const over = [{ id: 3 }, { id: 4 }, { id: 1 }]
  const mine = [{ id: 3, note: 'mine' }, { id: 4 }, { id: 1 }]
  assert.deepEqual(takeOff(base, over, mine), [{ id: 1 }, { id: 2 }, { id: 3, note: 'mine' }])
  assert.deepEqual(takeOff(base, over, [{ id: 5 }, ...mine])[0], { id: 5 }, 'what they put in stays')
  assert.deepEqual(takeOff(base, over, [{ id: 4 }, { id: 1 }]), [{ id: 1 }, { id: 2 }], 'what they took out stays out')
  assert.deepEqual(takeOff(base, over, mine.toReversed()), [{ id: 1 }, { id: 2 }, { id: 3, note: 'mine' }], 'as they moved it')
})
