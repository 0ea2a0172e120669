/**
 * Payload's own GraphQL queries, from the cache: what Payload answers, to who may see it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { configToSchema } from '@payloadcms/graphql'
import { GRAPHQL_POST } from '@payloadcms/next/routes'
import { v7 as newToken } from 'uuid'
import { openAccess } from './support/config.js'
import { failure, gate, openShop } from './support/payload.js'

/** @type {import('payload').Access} */
const ownOrAll = ({ id, req }) => {
  const user = /** @type {any} */ (req.user)
  if (req.headers.get('x-closed') !== null) return false
  if (req.headers.get('x-hidden') !== null && id === reading.hidden) return false
  if (req.headers.get('x-named') !== null) return { 'customer.name': { equals: 'Bert' } }
  return !user || user.email === 'admin@example.com' || { note: { equals: user.email } }
}

/** What the next read of orders does. */
const reading = { count: 0, held: /** @type {ReturnType<typeof gate> | undefined} */ (undefined), fails: false, hidden: 0 }

/** @type {import('payload').CollectionConfig[]} */
const collections = [
  {
    slug: 'orders',
    access: { ...openAccess, read: ownOrAll },
    trash: true,
    hooks: {
      beforeOperation: [
        async ({ operation, req }) => {
          if (operation !== 'read' || req.payloadAPI !== 'GraphQL') return
          reading.count++
          await reading.held?.wait()
          if (reading.fails) throw failure('Not now.')
        },
      ],
    },
    fields: [
      { name: 'orderNumber', type: 'number' },
      { name: 'note', type: 'text' },
      { name: 'title', type: 'text', localized: true },
      { name: 'data', type: 'json' },
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
      { name: 'others', type: 'relationship', relationTo: 'customers', hasMany: true },
      { name: 'about', type: 'relationship', relationTo: ['customers', 'pages'] },
      { name: 'address', type: 'group', fields: [{ name: 'city', type: 'text' }] },
      { name: 'items', type: 'array', fields: [{ name: 'product', type: 'text' }] },
    ],
  },
  {
    slug: 'customers',
    access: openAccess,
    fields: [
      { name: 'name', type: 'text' },
      { name: 'boss', type: 'relationship', relationTo: 'customers' },
      { name: 'secret', type: 'text', access: { read: ({ req }) => req.user?.email === 'admin@example.com' } },
    ],
  },
  { slug: 'pages', access: openAccess, versions: { drafts: true }, fields: [{ name: 'heading', type: 'text' }] },
  {
    slug: 'notes',
    access: openAccess,
    fields: [
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
      { name: 'customerName', type: 'text', virtual: 'customer.name' },
    ],
  },
  { slug: 'logs', access: openAccess, fields: [{ name: 'text', type: 'text' }] },
  { slug: 'users', auth: true, access: openAccess, fields: [] },
]

let ticks = 0
/** @type {any} */
const graphQL = {
  queries: (/** @type {any} */ { GraphQLInt }, /** @type {any} */ { Query }) => {
    // A field of Payload's that the app makes its own.
    const { resolve } = Query.fields.countOrders
    const counted = async (/** @type {any[]} */ ...args) => ({ ...(await resolve(...args)), totalDocs: ++ticks })
    Query.fields.countOrders.resolve = counted
    return { tick: { type: GraphQLInt, resolve: () => ++ticks } }
  },
}

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {any} */
let payload
/** @type {any} */
let plain
/** Where Payload keeps the schema that it made. */
const schemas = /** @type {any} */ (globalThis)._payload_graphql
/** @type {any} */
const made = {}

before(async () => {
  const localization = { locales: ['en', 'de'], defaultLocale: 'en', fallback: true }
  const declared = { orders: true, customers: true, notes: true, pages: true }
  const plugin = /** @type {any} */ ({ graphql: true, collections: declared })
  shop = await openShop({ plugin, settings: { collections, cors: '*', graphQL, localization } })
  payload = shop.payload
  const boss = await payload.create({ collection: 'customers', data: { name: 'Boss', secret: 's' } })
  made.boss = boss.id
  const customer = await payload.create({ collection: 'customers', data: { name: 'Amara “A”\u2028', boss: boss.id } })
  made.customer = customer.id
  await payload.create({ collection: 'notes', data: { customer: customer.id } })
  made.page = (await payload.create({ collection: 'pages', data: { heading: 'A page', _status: 'published' } })).id
  for (const orderNumber of [3, 1, 2]) {
    const data = {
      orderNumber, note: 'n', title: `order ${orderNumber}`, data: { b: 1, 2: -0, a: [null, '\u0001'] },
      customer: orderNumber === 3 ? boss.id : customer.id, others: [boss.id, customer.id],
      about: { relationTo: 'pages', value: made.page },
      address: { city: 'Aa' }, items: [{ product: 'tea' }],
    }
    made.order = (await payload.create({ collection: 'orders', data })).id
  }
  await payload.update({ collection: 'orders', id: made.order, locale: 'de', data: { title: 'Bestellung' } })
  // A bundle has a config of its own, beside the one that Payload was started with.
  Object.assign(schemas, { graphql: configToSchema(await shop.build()) })
  // The same without the plugin's part in it; that of the app's own functions is left out with it.
  const own = { ...shop.config.graphQL, queries: undefined }
  plain = configToSchema(/** @type {any} */ ({ ...shop.config, graphQL: own }))
})
after(() => shop.close())

/**
 * @param {any} asked a query, or a body
 * @param {{ headers?: Record<string, string>, method?: string, search?: string }} [options]
 */
async function ask(asked, { headers, method = 'POST', search = '' } = {}) {
  const body = typeof asked === 'string' ? { query: asked } : asked
  const url = `http://localhost/api/graphql`
  const request =
    method === 'GET'
      ? new Request(`${url}?${new URLSearchParams(body)}`, { headers })
      : new Request(`${url}${search}`, {
          method,
          body: JSON.stringify(body),
          headers: { 'Content-Type': 'application/json', ...headers },
        })
  const response = await GRAPHQL_POST(shop.config)(request)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Asks Payload's own handler, past all that the plugin does. @type {typeof ask} */
async function truthOf(asked, options) {
  const { graphql } = schemas
  try {
    schemas.graphql = plain
    return await ask(asked, options)
  } finally {
    schemas.graphql = graphql
  }
}

/** @param {() => Promise<any>} run @returns {Promise<boolean>} was it answered from the cache? */
async function isHit(run) {
  const { hits } = shop.cache.stats()
  await run()
  return shop.cache.stats().hits > hits
}

const ORDER = '{ id orderNumber note title customer { name boss { name boss { id } } } }'

/** @type {() => any[]} */
const queries = () => [
  `{ Orders { docs ${ORDER} totalDocs hasNextPage page } }`,
  `{ Orders(limit: 2, page: 2, sort: "-orderNumber,note") {
    docs { orderNumber } limit nextPage prevPage pagingCounter totalPages
  } }`,
  '{ Orders(where: { orderNumber: { greater_than: 1 } }, pagination: false) { docs { createdAt updatedAt data } } }',
  '{ Orders(where: { OR: [{ note: { equals: "n" } }, { note: { in: ["x", "y"] } }] }) { totalDocs } }',
  '{ Orders(sort: "customer__name") { docs { orderNumber } } }',
  '{ Orders(sort: "customer.name,orderNumber") { docs { orderNumber } } }',
  '{ Orders(where: { address__city: { equals: "Aa" } }) { docs { address { city } items { product id } } } }',
  `{ Order(id: ${made.order}) { ...fields } }
  fragment fields on Order { note about { relationTo value { __typename ... on Page { heading } ...of } } }
  fragment of on Customer { name }`,
  `{ one: Order(id: ${made.order}) { de: title } countCustomers { totalDocs }
    list: Orders(sort: "orderNumber") { docs { number: orderNumber } } }`,
  `{ Order(id: ${made.order}, locale: de) { title customer(locale: de) { name } } }`,
  '{ Orders(locale: de, fallbackLocale: none) { docs { title } } }',
  `{ Order(id: ${made.order}, select: true) { others { name boss { name } } } }`,
  '{ Customers(sort: "name") { docs { name boss { name } } } Customers(sort: "name") { totalDocs } }',
  `{ Pages(draft: true) { docs { heading _status } }
    Orders(draft: true, trash: true) { docs { about { value { ... on Page { heading } } } } } }`,
  {
    query: `query A($n: Float, $with: Boolean = true) {
      Orders(where: { orderNumber: { equals: $n } }) { docs { note @include(if: $with) id } }
    } query B { Pages { totalDocs } }`,
    operationName: 'A',
    variables: { n: 2 },
  },
  { query: 'query A { Orders { totalDocs } } query B { Pages { totalDocs } }', operationName: 'B' },
  {
    query: 'query ($w: Order_where) { Orders(where: $w) { docs { orderNumber } } }',
    variables: { w: { note: { exists: true } } },
  },
]

/** @param {any} answer @param {any} truth @param {string} what */
function assertSame(answer, truth, what) {
  assert.equal(answer.text, truth.text, what)
  assert.equal(answer.status, truth.status, what)
  for (const [name, value] of truth.headers) {
    if (!/expose|optimistic-version/.test(name)) assert.equal(answer.headers.get(name), value, `${what} ${name}`)
  }
}

test('queries are answered with the bytes and headers of Payload, first and again, whatever they ask', async () => {
  for (const query of queries()) {
    const what = JSON.stringify(query)
    const truth = await truthOf(query)
    assert.doesNotMatch(truth.text, /"errors"/, what)
    assertSame(await ask(query), truth, what)
    assert.equal(await isHit(async () => assertSame(await ask(query), truth, what)), true, what)
  }
  const headers = { Accept: 'application/graphql-response+json' }
  assertSame(await ask(queries()[0], { headers }), await truthOf(queries()[0], { headers }), 'another media type')
})

test('a query is the same however it is written, and another with other variables, locale or search', async () => {
  await ask('query ($n: Float) { Orders(where: {orderNumber: {equals: $n}}) { docs { title } } }')
  const same = 'query($n:Float) {\n # a comment\n Orders(where: { orderNumber: { equals: $n } }) { docs { title } }\n}'
  assert.equal(await isHit(() => ask(same)), true)
  for (const [asked, options] of /** @type {[any, any][]} */ ([
    [{ query: same, variables: { n: 1 } }, {}],
    [{ query: same, variables: { n: 2 } }, {}],
    [`{ Order(id: ${made.order}) { ...of } } fragment of on Order { note }`, {}],
    [`{ Order(id: ${made.order}) { ...of } } fragment of on Order { title }`, {}],
    [same, { search: '?locale=de' }],
    [same, { search: '?locale=de&fallback-locale=none' }],
    [same, { search: '?other=yes' }],
  ])) {
    const compare = async () => assertSame(await ask(asked, options), await truthOf(asked, options), 'another')
    assert.equal(await isHit(compare), false)
  }
})

test('what shows another document’s values where no type tells is asked each time', async () => {
  const query = '{ Notes { docs { customerName } } }'
  for (const name of ['One', 'Two']) {
    await payload.update({ collection: 'customers', id: made.customer, data: { name } })
    assertSame(await ask(query), await truthOf(query), name)
  }
  assert.match((await ask(query)).text, /Two/)
})

test('errors are those of Payload, and are not kept', async () => {
  const bad = [
    '{', '{ Orders { docs { nonsense } } }', '{ Order(id: 9999) { id } }', `{ Order(id: "x") { id } }`,
    '{ Orders(where: { orderNumber: { equals: "x" } }) { totalDocs } }',
    '{ Order(id: 9999) { id } Orders { totalDocs } }',
    { query: 'query ($id: Int!) { Order(id: $id) { id } }' },
    { query: 'query A { Orders { totalDocs } }', operationName: 'B' },
  ]
  for (const query of bad) {
    const { sets } = shop.cache.stats()
    for (const turn of [1, 2]) assertSame(await ask(query), await truthOf(query), `${JSON.stringify(query)} ${turn}`)
    assert.equal(shop.cache.stats().sets, sets, JSON.stringify(query))
  }
  const headers = { 'x-closed': 'yes' }
  const query = '{ Orders { totalDocs } }'
  await ask(query)
  assertSame(await ask(query, { headers }), await truthOf(query, { headers }), 'closed')
})

test('what is none of Payload’s own, or of no declared collection, is asked each time', async () => {
  await ask('{ tick }')
  const before = ticks
  const own = ['{ tick }', '{ tick Orders { totalDocs } }', '{ countOrders { totalDocs } }']
  for (const query of [...own, ...own]) await ask(query)
  assert.equal(ticks, before + 6)
  const { sets } = shop.cache.stats()
  const others = ['{ Logs { totalDocs } }', '{ meUser { user { email } } }', '{ Access { canAccessAdmin } }']
  for (const query of others) {
    assertSame(await ask(query), await truthOf(query), query)
  }
  assertSame(await ask('{ Orders { totalDocs } __typename }'), await truthOf('{ Orders { totalDocs } __typename }'), '')
  assert.equal(shop.cache.stats().sets, sets)
})

test('after every kind of write the answers are those of Payload', async () => {
  const same = async (/** @type {string} */ what) => {
    for (const asked of queries()) {
      assertSame(await ask(asked), await truthOf(asked), `${what}: ${JSON.stringify(asked)}`)
    }
    const query = '{ Orders { totalDocs } countPages { totalDocs } }'
    for (const options of [{}, { headers: { 'x-named': 'yes' } }]) {
      assertSame(await ask(query, options), await truthOf(query, options), `${what}: ${JSON.stringify(options)}`)
    }
  }
  const id = made.order
  await same('before')
  const token = newToken()
  await shop.graphql(`mutation { updateOrder(id: ${id}, data: { note: "through GraphQL" }) { id } }`, { token })
  await same('an update through GraphQL')
  await payload.update({ collection: 'orders', id, locale: 'de', data: { title: 'Neu' } })
  await same('an update of another locale')
  await payload.update({ collection: 'customers', id: made.boss, data: { name: 'Aaron' } })
  await same('an update two relations away')
  await payload.update({ collection: 'customers', id: made.customer, data: { name: 'Bert' } })
  await same('an update of what a condition looks into')
  await payload.update({ collection: 'pages', id: made.page, data: { heading: 'A draft' }, draft: true })
  await same('a draft')
  await payload.update({ collection: 'pages', id: made.page, data: { heading: 'Published', _status: 'published' } })
  await same('its publication')
  const data = { orderNumber: 9, customer: made.customer }
  const { id: other } = await payload.create({ collection: 'orders', data })
  await same('a create')
  await payload.update({ collection: 'orders', id: other, data: { deletedAt: new Date().toISOString() } })
  await same('trash')
  await payload.delete({ collection: 'orders', id: other, trash: true })
  await same('a delete')
  const gone = await payload.create({ collection: 'customers', data: { name: 'Gone' } })
  await payload.update({ collection: 'orders', id, data: { customer: gone.id } })
  await same('an update of a relation')
  await payload.delete({ collection: 'customers', id: gone.id })
  await same('a delete of what was shown')
  await payload.update({ collection: 'orders', where: {}, data: { customer: made.customer } })
  await same('a bulk update')
})

test('what is pending is in no answer, and a change that is taken back leaves it', async () => {
  const query = `{ Order(id: ${made.order}) { note } }`
  const { text } = await ask(query)
  const token = newToken()
  const type = /** @type {const} */ ('update')
  const operation = { type, collection: 'orders', id: made.order, data: { note: 'pending' } }
  shop.cache.begin(token, { principal: 'anonymous', operations: [operation] })
  assert.equal((await ask(query, { headers: { Cookie: `payload-optimistic=${token}` } })).text, text)
  shop.cache.rollback(token)
  assert.equal((await ask(query)).text, text)
})

test('what a user may see is asked of access control each time, and kept for nobody else', async () => {
  const admin = await shop.login('admin')
  const people = [await shop.login('ada'), admin, { headers: {} }]
  const data = { orderNumber: 50, note: 'ada@example.com', customer: made.customer }
  await payload.create({ collection: 'orders', data })
  const query = '{ Orders { totalDocs docs { note customer { name secret boss { secret } } } } }'
  for (const turn of [1, 2]) {
    for (const { headers } of people) {
      assertSame(await ask(query, { headers }), await truthOf(query, { headers }), String(turn))
    }
  }
  const texts = await Promise.all(people.map(async ({ headers }) => (await ask(query, { headers })).text))
  const totals = texts.map((text) => JSON.parse(text).data.Orders.totalDocs)
  assert.deepEqual([totals[0], totals[1] > 1], [1, true])
  assert.deepEqual(texts.map((text) => text.includes('"s"')), [false, true, false])

  const secrets = async () => (await ask('{ Customers { docs { secret } } }', admin)).text.includes('"s"')
  assert.equal(await secrets(), true)
  await payload.update({ collection: 'users', id: admin.id, data: { email: 'former@example.com' } })
  assert.equal(await secrets(), false)
})

test('access control is asked for the very document', async () => {
  const [query, options] = [`{ Order(id: ${made.order}) { note } }`, { headers: { 'x-hidden': 'yes' } }]
  assert.doesNotMatch((await ask(query, options)).text, /errors/)
  reading.hidden = made.order
  assertSame(await ask(query, options), await truthOf(query, options), query)
  assert.match((await ask(query, options)).text, /errors/)
})

test('a result at which the app throws keeps nobody waiting', async () => {
  const { error } = console
  // graphql-http tells it there.
  console.error = () => {}
  payload.extensions = async () => {
    throw failure('No.')
  }
  assert.equal((await ask('{ Orders(limit: 7) { totalDocs } }')).status, 500)
  payload.extensions = undefined
  console.error = error
  assert.equal(shop.cache.stats().flights, 0)
})

test('by GET a request that has the answer already is told so without a body, until something changes', async () => {
  const query = '{ Orders { docs { note customer { name } } } }'
  const get = (/** @type {Record<string, string>} */ headers) => ask({ query }, { method: 'GET', headers })
  const first = await get({})
  const tag = String(first.headers.get('etag'))
  assert.equal(first.text, (await truthOf({ query }, { method: 'GET' })).text)
  for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const again = await get({ 'If-None-Match': header })
    assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', tag])
    assert.match(String(again.headers.get('optimistic-version')), /;\d+$/)
  }
  assert.equal((await get({ 'If-None-Match': '"other"' })).status, 200)
  assert.equal((await ask(query, { headers: { 'If-None-Match': tag } })).status, 200)
  await payload.update({ collection: 'customers', id: made.customer, data: { name: 'Changed' } })
  const changed = await get({ 'If-None-Match': tag })
  assert.deepEqual([changed.status, changed.text], [200, (await truthOf({ query }, { method: 'GET' })).text])
})

test('of all who ask the same at once one runs, and when no answer can be kept, each does', async () => {
  for (const [fails, runs] of /** @type {const} */ ([[false, 1], [true, 4]])) {
    const query = `{ Orders(limit: ${fails ? 5 : 4}) { docs { note } } }`
    Object.assign(reading, { count: 0, fails, held: gate() })
    const asked = Array.from({ length: 4 }, () => ask(query))
    await reading.held?.arrived
    reading.held?.open()
    reading.held = undefined
    const texts = new Set((await Promise.all(asked)).map(({ text }) => text))
    assert.deepEqual([texts.size, reading.count], [1, runs])
    assert.equal([...texts][0].includes('errors'), fails)
    reading.fails = false
    assertSame(await ask(query), await truthOf(query), query)
  }
})

test('an answer that a change overtook is given, and not kept', async () => {
  const query = '{ Orders(limit: 6, sort: "orderNumber") { docs { note } } }'
  reading.held = gate()
  const asked = ask(query)
  await reading.held.arrived
  await payload.update({ collection: 'orders', id: made.order, data: { note: 'meanwhile' } })
  reading.held.open()
  reading.held = undefined
  assert.equal((await asked).status, 200)
  assert.equal(await isHit(async () => assertSame(await ask(query), await truthOf(query), query)), false)
  assert.equal(await isHit(() => ask(query)), true)
})
