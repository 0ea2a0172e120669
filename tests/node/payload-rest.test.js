/**
 * Payload's own reads, from the cache: the same bytes, the same access, and nothing at all when nothing changed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { handleEndpoints } from 'payload'
import { v7 as newToken } from 'uuid'
import { openAccess } from './support/config.js'
import { openShop, tokenHeader } from './support/payload.js'

/** @type {import('payload').Access} */
const ownOrAll = async ({ req }) => {
  // Payload takes what it is asked here for what the request asks.
  const asked = { collection: /** @type {'logs'} */ ('logs'), depth: 0, locale: 'all', req }
  if (req.headers.get('x-looks-up') !== null) await req.payload.find(/** @type {any} */ (asked))
  const user = /** @type {any} */ (req.user)
  return !user || user.email === 'admin@example.com' || { note: { equals: user.email } }
}

/** @type {import('payload').CollectionConfig[]} */
const collections = [
  {
    slug: 'orders',
    access: { ...openAccess, read: ({ req }) => req.headers.get('x-closed') === null && ownOrAll({ req }) },
    trash: true,
    fields: [
      { name: 'orderNumber', type: 'number' },
      { name: 'note', type: 'text' },
      { name: 'data', type: 'json' },
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
    ],
  },
  { slug: 'customers', access: openAccess, fields: [{ name: 'name', type: 'text' }] },
  { slug: 'logs', access: openAccess, fields: [{ name: 'text', type: 'text' }] },
  { slug: 'users', auth: true, access: openAccess, fields: [] },
]

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {any} */
let payload
/** @type {any[]} */
const orders = []
/** @type {any} */
let customer

before(async () => {
  shop = await openShop({ plugin: { rest: true }, settings: { collections, cors: '*' } })
  payload = shop.payload
  customer = await payload.create({ collection: 'customers', data: { name: 'Amara “A” Dahl\u2028' } })
  const data = { b: 1, 2: -0, a: [null, '\u0001', { __proto__: null, 1e3: 1.5e300 }] }
  for (const orderNumber of [3, 1, 2]) {
    const order = { orderNumber, note: 'n', data, customer: customer.id }
    orders.push(await payload.create({ collection: 'orders', data: order }))
  }
})
after(() => shop.close())

/** @param {string} route @param {Record<string, string>} [headers] @param {RequestInit} [init] */
async function ask(route, headers = {}, init = {}) {
  const request = new Request(`http://localhost/api${route}`, { headers, ...init })
  const response = await handleEndpoints({ config: shop.config, request })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Asks Payload's handler: what goes past the cache. @param {string} route @param {Record<string, string>} [headers] */
const truthOf = (route, headers) => ask(`${route}${route.includes('?') ? '&' : '?'}flattenLocales=false`, headers)

/** @param {() => Promise<any>} run */
async function isHit(run) {
  const { misses } = shop.cache.stats()
  await run()
  return shop.cache.stats().misses === misses
}

const QUERIES = [
  '', '?depth=0', '?depth=2', '?limit=2', '?limit=2&page=2', '?limit=0', '?pagination=false', '?sort=orderNumber',
  '?sort=-orderNumber,note', '?select[note]=true', '?select[data]=false', '?populate[customers][name]=true',
  '?where[orderNumber][greater_than]=1', '?where[or][0][note][equals]=n&where[or][1][orderNumber][in]=1,2',
  '?where[note][like]=N&sort=createdAt&depth=0', '?draft=true', '?trash=true', '?locale=en', '?fallback-locale=none',
  '?joins=false', '?depth=x', '?depth=-1', '?depth=1.5', '?limit=-1', '?page=0', '?unheard=of', '?select=x', '?select[]=x',
  '?where[customer.name][like]=ama',
]

test('lists are answered with the bytes and headers of Payload, for every parameter, first and again', async () => {
  for (const query of QUERIES) {
    const truth = await truthOf(`/orders${query}`)
    for (const turn of ['miss', 'hit']) {
      const answer = await ask(`/orders${query}`)
      assert.equal(answer.text, truth.text, `${query}, ${turn}`)
      assert.equal(answer.status, truth.status, query)
      for (const [name, value] of truth.headers) {
        if (!name.startsWith('access-control-expose')) assert.equal(answer.headers.get(name), value, `${query} ${name}`)
      }
    }
  }
})

test('a page or a limit below nothing is asked anew, and follows what is written', async () => {
  const { payload } = shop
  for (const query of ['?page=-1&limit=2', '?limit=-1']) {
    await ask(`/orders${query}`)
    const { id } = await payload.create({ collection: 'orders', data: { orderNumber: 9, note: 'n' } })
    for (const change of [async () => {}, () => payload.delete({ collection: 'orders', id })]) {
      await change()
      assert.equal((await ask(`/orders${query}`)).text, (await truthOf(`/orders${query}`)).text, query)
    }
  }
})

test('single documents are answered with the bytes of Payload, and so are those that are missing', async () => {
  const [{ id }] = orders
  const queries = ['', '?depth=0', '?select[note]=true'].map((query) => `/orders/${id}${query}`)
  for (const route of [...queries, '/orders/9999', '/orders/x']) {
    const truth = await truthOf(route)
    for (const turn of ['miss', 'hit']) {
      const answer = await ask(route)
      assert.deepEqual([answer.status, answer.text], [truth.status, truth.text], `${route}, ${turn}`)
    }
  }
})

test('a second request asks the database for nothing, and other collections are left to Payload', async () => {
  await ask('/orders?limit=7')
  assert.equal(await isHit(() => ask('/orders?limit=7')), true)
  const { sets } = shop.cache.stats()
  assert.equal((await ask('/logs')).headers.get('etag'), null)
  assert.equal(shop.cache.stats().sets, sets)
})

test('a request that has the answer already is told so without a body, until something in it changes', async () => {
  const routes = ['/orders?limit=3&sort=orderNumber', '/orders?where[note][equals]=n', `/orders/${orders[0].id}`]
  for (const route of routes) {
    const first = await ask(route)
    const tag = String(first.headers.get('etag'))
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await ask(route, { 'If-None-Match': header })
      assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', tag])
      assert.match(String(again.headers.get('optimistic-version')), /;\d+$/)
    }
    assert.equal((await ask(route, { 'If-None-Match': '"other"' })).status, 200)
    const customerOf = { collection: 'customers', id: customer.id, data: { name: `renamed ${route}` } }
    await payload.update(customerOf)
    const changed = await ask(route, { 'If-None-Match': tag })
    assert.equal(changed.status, 200)
    assert.equal(changed.text, (await truthOf(route)).text)
  }
})

test('after every kind of write the answers are those of Payload', async () => {
  // In a query string they are all text.
  const wheres = ['equals]=8', 'not_equals]=8', 'in]=8,9', 'not_in]=8,9', 'greater_than]=8', 'less_than]=9', 'exists]=true']
  const lists = ['/orders', '/orders?sort=orderNumber&depth=0', ...wheres.map((one) => `/orders?where[orderNumber][${one}`)]
  const both = '/orders?where[or][0][orderNumber][equals]=1&where[and][0][orderNumber][equals]=8'
  const ofCustomer = ['equals', 'not_equals', 'in'].map((one) => `/orders?where[customer][${one}]=${customer.id}`)
  const routes = [...lists, both, ...ofCustomer, `/orders/${orders[1].id}`]
  const same = async (/** @type {string} */ what) => {
    for (const route of routes) assert.equal((await ask(route)).text, (await truthOf(route)).text, `${what}: ${route}`)
  }
  await same('before')
  const headers = { 'Content-Type': 'application/json', ...tokenHeader(newToken()) }
  await ask(`/orders/${orders[1].id}`, {}, { method: 'PATCH', headers, body: '{"orderNumber":8}' })
  await same('an update')
  const made = await payload.create({ collection: 'orders', data: { orderNumber: 8, note: 'n' } })
  await same('a create')
  for (const of of [customer.id, null]) {
    await payload.update({ collection: 'orders', id: made.id, data: { customer: of } })
    await same(`an update of the customer to ${of}`)
  }
  await payload.update({ collection: 'orders', where: { orderNumber: { equals: 8 } }, data: { orderNumber: 9 } })
  await same('a bulk update')
  await payload.delete({ collection: 'orders', id: made.id })
  await same('a delete')
})

test('what a user may see is asked of access control each time, and kept for nobody else', async () => {
  const people = [await shop.login('ada'), await shop.login('admin'), { headers: {} }]
  await payload.create({ collection: 'orders', data: { orderNumber: 50, note: 'ada@example.com' } })
  for (const turn of [1, 2]) {
    for (const { headers } of people) {
      assert.equal((await ask('/orders', headers)).text, (await truthOf('/orders', headers)).text, String(turn))
    }
    const closed = await ask('/orders', { 'x-closed': 'yes' })
    assert.equal(closed.status, 403)
  }
  const [own, all] = [await ask('/orders', people[0].headers), await ask('/orders', people[1].headers)]
  assert.deepEqual([JSON.parse(own.text).totalDocs, JSON.parse(all.text).totalDocs > 1], [1, true])
})

test('what access control reads with the request changes nothing of what is asked', async () => {
  const headers = { 'x-looks-up': 'yes' }
  for (const route of ['/orders?limit=4', `/orders/${orders[0].id}?select[customer]=true`]) {
    const truth = await truthOf(route, headers)
    assert.match(truth.text, /"name":/)
    assert.equal((await ask(route, headers)).text, truth.text, route)
  }
})

test('what is pending is in no answer', async () => {
  const route = `/orders/${orders[0].id}`
  const { text } = await ask(route)
  const token = newToken()
  const type = /** @type {const} */ ('update')
  const operation = { type, collection: 'orders', id: orders[0].id, data: { note: 'pending' } }
  shop.cache.begin(token, { principal: 'anonymous', operations: [operation] })
  assert.equal((await ask(route, { Cookie: `payload-optimistic=${token}` })).text, text)
  shop.cache.rollback(token)
})
