/**
 * Conditions whose values are not of the type of their field, as all are that come out of a query string: views and
 * REST answer from the cache what the database answers.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { handleEndpoints } from 'payload'
import { stringify } from 'qs-esm'
import { typedWhere } from '../../lib/next/where.js'
import { openTruthShop } from './truth-shop.js'

/** @type {import('./truth-shop.js').TruthShop} */
let shop
/** @type {any} */
let person
/** @type {any} */
let task

/** Of one document, one after another. @type {((id: number) => any)[]} */
const STATES = [
  () => ({ title: '8', rank: 8, status: 'open', urgent: true, due: '2026-01-01T00:00:00.000Z', place: { floor: 8 } }),
  (id) => ({ owner: id, helpers: [id], about: { relationTo: 'people', value: id }, steps: [{ count: 8 }] }),
  () => ({ title: null, rank: null, status: null, urgent: null, due: null, place: { floor: null } }),
  () => ({ owner: null, helpers: [], about: null, steps: [] }),
  () => ({ title: 'null', rank: 0, status: 'done', urgent: false, due: '2026-02-01T00:00:00.000Z' }),
]

const TEXTS = [
  'null', '', 'abc', '0', '8', '08', 'true', 'FALSE', '2026-01-01', '2026-02-30', '0x8', '1,8', 'open', 'NaN',
]
const FIELDS = ['title', 'rank', 'status', 'urgent', 'due', 'owner', 'helpers', 'place.floor', 'place__floor', 'id']
const OPERATORS = ['equals', 'not_equals', 'in', 'not_in', 'greater_than', 'less_than_equal', 'exists', 'like']

/** @returns {any[]} */
function wheres() {
  const asked = [...OPERATORS.entries()].flatMap(([shift, operator]) =>
    FIELDS.flatMap((field, index) =>
      // Each operator and field meets some of the texts, and all together meet them all.
      TEXTS.filter((_, at) => (at + index + shift) % 5 === 0).map((text) => ({ [field]: { [operator]: text } })),
    ),
  )
  const known = [
    ...['null', 'abc', ''].map((text) => ({ rank: { equals: text } })),
    ...['null', ''].map((text) => ({ due: { not_equals: text } })),
    ...['true', 'FALSE', 'abc'].map((text) => ({ urgent: { equals: text } })),
    ...['equals', 'not_equals', 'like'].map((operator) => ({ owner: { [operator]: 'null' } })),
    ...['', '0x8', '08'].flatMap((text) => [{ rank: { in: text } }, { rank: { not_in: [text] } }]),
    ...FIELDS.map((field) => ({ [field]: { exists: 'TRUE' } })),
    ...['8', 'abc'].map((text) => ({ rank: { in: [text, '9'] } })),
    ...['true', ['false'], ['true', 'x']].map((list) => ({ urgent: { in: list } })),
    ...['in', 'not_in'].map((operator) => ({ due: { [operator]: ['2026-01-01', 'x'] } })),
    { OR: [{ rank: { equals: '8' } }, { urgent: { equals: 'true' } }] },
    { and: [{ status: { equals: 'open' } }, { rank: { equals: 'abc' } }] },
  ]
  return [...known, ...asked]
}

before(async () => {
  shop = await openTruthShop()
  person = await shop.payload.create({ collection: 'people', data: { name: 'ant', age: 3 } })
  task = await shop.payload.create({ collection: 'tasks', data: {} })
})
after(() => shop.close())

/** @param {any} where @param {string} [past] */
async function rest(where, past = '') {
  const query = stringify({ where, depth: 0 })
  const request = new Request(`http://localhost/api/tasks?${query}${past}`)
  return (await handleEndpoints({ config: shop.payload.config, request })).text()
}

/** @param {any} reader @param {any} where */
const find = async (reader, where) => {
  try {
    const args = { collection: 'tasks', depth: 0, where: structuredClone(where), overrideAccess: true }
    return JSON.stringify(await reader.find(args))
  } catch {
    return 'an error, whose text names what was asked for'
  }
}

test('whatever text stands for a value, hits are what the database answers', async () => {
  const asked = wheres()
  let hits = 0
  for (const state of [...STATES, STATES[0]]) {
    await shop.payload.update({ collection: 'tasks', id: task.id, data: state(person.id) })
    const view = shop.view()
    for (const where of asked) {
      const { misses } = shop.cache.stats()
      const answer = await find(view, where)
      if (shop.cache.stats().misses > misses) continue // it was loaded just now
      hits++
      assert.equal(answer, await find(shop.payload, where), JSON.stringify(where))
    }
    view.close()
  }
  assert.ok(hits > asked.length, `only ${hits} hits`)
})

test('what a query string asks is answered as the database does', async () => {
  const asked = wheres().filter((_, index) => index % 6 === 0)
  for (const state of [STATES[2], STATES[4], STATES[1]]) {
    await shop.payload.update({ collection: 'tasks', id: task.id, data: state(person.id) })
    for (const where of asked) {
      assert.equal(await rest(where), await rest(where, '&flattenLocales=false'), JSON.stringify(where))
    }
  }
})

test('a condition on, or an order by, what a relation leads to follows that, however its path is written', async () => {
  await shop.payload.update({ collection: 'tasks', id: task.id, data: { owner: person.id } })
  const lists = [
    ...['owner.name', 'owner__name'].map((path) => `where[${path}][equals]=ant`),
    ...['owner.name', 'owner__name'].map((path) => `where[${path}][in]=ant,bee`),
    ...['owner.age', 'owner__age'].map((path) => `where[${path}][equals]=abc`),
    ...['owner.name', 'owner__name'].map((path) => `sort=${path}`),
  ]
  await shop.payload.create({ collection: 'tasks', data: { owner: (await newPerson('b')).id } })
  for (const change of [{ name: 'bee' }, { name: 'cow', age: null }, { name: 'ant', age: 3 }]) {
    for (const list of lists) await restText(list)
    await shop.payload.update({ collection: 'people', id: person.id, data: change })
    for (const list of lists) assert.equal(await restText(list), await restText(`${list}&flattenLocales=false`), list)
  }
})

test('a database that is none of SQL decides on its conditions itself', () => {
  const where = { rank: { equals: 8 } }
  assert.deepEqual(typedWhere(shop.payload, 'tasks', where), where)
  const { collections } = shop.payload
  const other = /** @type {any} */ ({ collections, db: { name: 'mongoose', defaultIDType: 'text' } })
  assert.equal(typedWhere(other, 'tasks', where), undefined)
})

/** @param {string} query */
async function restText(query) {
  const request = new Request(`http://localhost/api/tasks?depth=0&${query}`)
  return (await handleEndpoints({ config: shop.payload.config, request })).text()
}

/** @param {string} name */
const newPerson = (name) => shop.payload.create({ collection: 'people', data: { name, age: 1 } })
