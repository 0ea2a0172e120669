/**
 * Many who ask, of whom no two may see the same: users of two collections with equal ids, by session and by API key,
 * by a strategy of the app's own, and nobody. After each random write all of them read all queries again, through REST
 * and GraphQL from the cache, through a view, and past the cache. All must say the same.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { executeAuthStrategies, handleEndpoints } from 'payload'
import { ServerView } from '../../lib/next/server-view.js'
import { principalOf } from '../../lib/payload/cacheOf.js'
import { Random } from './schedules-random.js'
import { openAccess } from './support/config.js'
import { failure, openShop } from './support/payload.js'

const SEED = Number(process.env.SEED ?? 1)
const WRITES = Number(process.env.WRITES ?? 2)
const ROUTES = Number(process.env.ROUTES ?? 4)

const TEAMS = ['red', 'blue']
const WORDS = ['ant', 'Bee', '10', '1', '']

/** @type {import('payload').Access} */
const ofTeam = async ({ req }) => {
  const user = /** @type {any} */ (req.user)
  if (!user) return { team: { equals: 'red' } }
  if (user.collection === 'admins') return true
  const { docs } = await req.payload.find({
    collection: 'memberships',
    where: { email: { equals: user.email } },
    limit: 1,
    depth: 0,
    req,
  })
  return docs.length === 0 ? user.role === 'guest' : { team: { in: docs[0].teams } }
}
const admins = (/** @type {any} */ { req }) => req.user?.collection === 'admins' || req.user?.role === 'auditor'

/** @type {import('payload').CollectionConfig[]} */
const collections = [
  {
    slug: 'orders',
    access: { ...openAccess, read: ofTeam },
    trash: true,
    hooks: { beforeChange: [({ data }) => (data.title === 'refuse' ? Promise.reject(failure('No.')) : data)] },
    fields: [
      { name: 'title', type: 'text' },
      { name: 'label', type: 'text', localized: true },
      { name: 'rank', type: 'number' },
      { name: 'team', type: 'select', options: TEAMS },
      { name: 'due', type: 'date' },
      { name: 'urgent', type: 'checkbox' },
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
      { name: 'place', type: 'group', fields: [{ name: 'floor', type: 'number' }, { name: 'city', type: 'text' }] },
      { name: 'tags', type: 'text', hasMany: true },
    ],
  },
  {
    slug: 'customers',
    access: { ...openAccess, read: ofTeam },
    fields: [
      { name: 'name', type: 'text' },
      { name: 'team', type: 'select', options: TEAMS },
      { name: 'margin', type: 'number', access: { read: admins } },
    ],
  },
  {
    slug: 'pages',
    access: openAccess,
    versions: { drafts: true },
    fields: [
      { name: 'heading', type: 'text', localized: true },
      { name: 'order', type: 'relationship', relationTo: 'orders' },
    ],
  },
  {
    slug: 'memberships',
    access: openAccess,
    fields: [{ name: 'email', type: 'text' }, { name: 'teams', type: 'select', hasMany: true, options: TEAMS }],
  },
  {
    slug: 'users',
    auth: { maxLoginAttempts: 0, strategies: [{ name: 'gateway', authenticate: fromGateway }] },
    access: openAccess,
    fields: [{ name: 'role', type: 'text' }],
  },
  { slug: 'admins', auth: { useAPIKey: true }, access: openAccess, fields: [] },
]

/** A user as a gateway before the app tells of it. @param {any} args */
async function fromGateway({ headers, payload }) {
  const id = headers.get('x-gateway-user')
  if (id === null) return { user: null }
  const user = await payload.findByID({ collection: 'users', id, depth: 0 })
  return { user: { ...user, collection: 'users', role: headers.get('x-gateway-role') } }
}

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {any} */
let payload
/** @type {Record<string, Record<string, string>>} by name, the headers of their requests */
const askers = {}
let random = new Random(SEED)
/** @type {Record<'orders' | 'customers' | 'pages', any[]>} of what was made */
const ids = { orders: [], customers: [], pages: [] }

before(async () => {
  const declared = { orders: true, customers: true, pages: true }
  const plugin = /** @type {any} */ ({ rest: true, graphql: true, collections: declared })
  const localization = { locales: ['en', 'de'], defaultLocale: 'en', fallback: true }
  shop = await openShop({ plugin, settings: { collections, localization } })
  payload = shop.payload
  askers.nobody = {}
  for (const name of ['ada', 'bob']) askers[name] = (await shop.login(name)).headers
  const root = { email: 'root@example.com', password: 'a password', enableAPIKey: true, apiKey: 'a'.repeat(36) }
  await payload.create({ collection: 'admins', data: root })
  askers.root = { Authorization: `admins API-Key ${root.apiKey}` }
  for (const role of ['guest', 'auditor']) askers[role] = { 'x-gateway-user': '1', 'x-gateway-role': role }
  for (const [email, teams] of [['ada@example.com', ['red']], ['bob@example.com', ['blue']]]) {
    await payload.create({ collection: 'memberships', data: { email, teams } })
  }
  for (let i = 0; i < 3; i++) await write['a customer is made']()
  for (let i = 0; i < 6; i++) await write['an order is made']()
  for (let i = 0; i < 3; i++) await write['a page is made']()
})
after(() => shop.close())

const randomCustomer = () => ({ name: random.pick(WORDS), team: random.pick(TEAMS), margin: random.below(4) })
/** @type {Record<string, () => any>} */
const MEMBERS = {
  title: () => random.pick(WORDS),
  label: () => random.pick(WORDS),
  rank: () => random.pick([null, 0, 1, 2, 10]),
  team: () => random.pick(TEAMS),
  due: () => random.pick([null, '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']),
  urgent: () => random.chance(0.5),
  customer: () => random.pick([null, ...ids.customers]),
  place: () => random.pick([{ floor: random.below(3) }, { city: random.pick(WORDS) }]),
  tags: () => random.some(WORDS.slice(0, 4)),
}
const randomOrder = (/** @type {number} */ most) => {
  const names = Array.from({ length: 1 + random.below(most) }, () => random.pick(Object.keys(MEMBERS)))
  return Object.fromEntries(names.map((name) => [name, MEMBERS[name]()]))
}

/** @param {string} method @param {string} route @param {object} [data] */
const send = (method, route, data) => shop.rest(method, route, { data, headers: random.pick(Object.values(askers)) })

/** What is written, by name. @type {Record<string, () => Promise<unknown>>} */
const write = {
  async 'an order is made'() {
    ids.orders.push((await payload.create({ collection: 'orders', data: { ...randomOrder(8), title: 'made' } })).id)
  },
  async 'a customer is made'() {
    ids.customers.push((await payload.create({ collection: 'customers', data: randomCustomer() })).id)
  },
  async 'a page is made'() {
    const _status = random.pick(['draft', 'published'])
    const data = { heading: random.pick(WORDS), order: random.pick(ids.orders), _status }
    ids.pages.push((await payload.create({ collection: 'pages', data })).id)
  },
  'an order is changed': () => send('PATCH', `/orders/${random.pick(ids.orders)}`, randomOrder(3)),
  'an order is changed in German': () => send('PATCH', `/orders/${random.pick(ids.orders)}?locale=de`, randomOrder(3)),
  'orders are changed': () => send('PATCH', `/orders?where[team][equals]=${random.pick(TEAMS)}`, randomOrder(2)),
  'an order is refused': () => send('PATCH', `/orders/${random.pick(ids.orders)}`, { title: 'refuse' }),
  'an order is deleted': () => send('DELETE', `/orders/${random.pick(ids.orders)}`),
  'an order goes to the trash': () => send('PATCH', `/orders/${random.pick(ids.orders)}`, { deletedAt: new Date(0) }),
  'an order is restored': () => send('PATCH', `/orders/${random.pick(ids.orders)}?trash=true`, { deletedAt: null }),
  'an order is duplicated': () => send('POST', `/orders/${random.pick(ids.orders)}/duplicate`),
  'a customer is changed': () => send('PATCH', `/customers/${random.pick(ids.customers)}`, randomCustomer()),
  'a customer is deleted': () => send('DELETE', `/customers/${random.pick(ids.customers)}`),
  'a page is changed': () => send('PATCH', `/pages/${random.pick(ids.pages)}`, { heading: random.pick(WORDS) }),
  'a draft is saved'() {
    return send('PATCH', `/pages/${random.pick(ids.pages)}?draft=true`, { heading: random.pick(WORDS) })
  },
  'a page is published': () => send('PATCH', `/pages/${random.pick(ids.pages)}`, { _status: 'published' }),
  'a page is taken back': () => send('PATCH', `/pages/${random.pick(ids.pages)}`, { _status: 'draft' }),
  async 'an older version comes back'() {
    const { docs } = await payload.findVersions({ collection: 'pages', depth: 0 })
    await send('POST', `/pages/versions/${random.pick(docs)?.id}`)
  },
  async 'two change teams'() {
    const { docs } = await payload.find({ collection: 'memberships', sort: 'id' })
    for (const [index, { id }] of docs.entries()) {
      await payload.update({ collection: 'memberships', id, data: { teams: docs.at(index - 1).teams } })
    }
  },
  'a password is wrong': () =>
    shop.rest('POST', '/users/login', { data: { email: 'ada@example.com', password: 'wrong' } }),
  'a role is given'() {
    const data = { role: random.pick(['auditor', 'guest', null]) }
    return payload.update({ collection: 'users', id: 1 + random.below(2), data })
  },
  'the adapter is asked itself': () =>
    payload.db.updateOne({ collection: 'orders', id: random.pick(ids.orders), data: { rank: random.below(5) } }),
  async 'several are changed in one transaction'() {
    const transactionID = await payload.db.beginTransaction()
    const req = { transactionID }
    const [one, other] = [random.pick(ids.orders), random.pick(ids.orders)]
    const both = async () => {
      await payload.update({ collection: 'orders', id: one, data: randomOrder(2), req })
      await payload.update({ collection: 'customers', id: random.pick(ids.customers), data: randomCustomer(), req })
      await payload.update({ collection: 'orders', id: other, data: randomOrder(2), req })
    }
    await both().catch(() => undefined)
    if (random.chance(0.5)) await payload.db.commitTransaction(transactionID)
    else await payload.db.rollbackTransaction(transactionID)
  },
}

const OPERANDS = {
  rank: ['1', '1.0', '01', ' 1', '1e0', '', 'null', 'x', '10'],
  title: WORDS,
  label: WORDS,
  team: [...TEAMS, 'green'],
  urgent: ['true', 'false', '1', 'x'],
  due: ['2026-01-01T00:00:00.000Z', '2026-01-01', '2026', 'x', ''],
  customer: ['1', '2', '1x', '', 'null'],
  'customer.name': WORDS,
  'customer.team': TEAMS,
  'place.floor': ['0', '1', '2'],
  place__floor: ['0', '1', '2'],
  tags: WORDS,
  id: ['1', '2', '03', '4.0', '5x', ''],
  deletedAt: ['', 'null', '1970-01-01T00:00:00.000Z'],
}
const OPERATORS = [
  'equals', 'not_equals', 'in', 'not_in', 'exists', 'greater_than', 'less_than', 'greater_than_equal', 'like',
  'contains', 'all',
]
const SORTS = [
  'rank', '-rank', 'title', '-id', 'id', 'customer', '-createdAt', 'rank,-title', '-place.floor', 'label', 'nothing',
  '-updatedAt',
]
const SELECTS = ['select[title]=true', 'select[rank]=false', 'select[place][floor]=true', 'select[customer]=true']
const LOCALES = ['locale=de', 'locale=xx', 'locale=de&fallback-locale=none', 'fallbackLocale=de']

/** @param {string} prefix */
function condition(prefix) {
  const path = random.pick(Object.keys(OPERANDS))
  const operator = random.pick(OPERATORS)
  const operands = /** @type {any} */ (OPERANDS)[path]
  if (operator === 'exists') return `${prefix}[${path}][exists]=${random.pick(['true', 'false', '0', ''])}`
  const value = () => encodeURIComponent(random.pick(operands))
  if (!/in$|all/.test(operator)) return `${prefix}[${path}][${operator}]=${value()}`
  if (random.chance(0.5)) return `${prefix}[${path}][${operator}]=${value()},${value()}`
  return `${prefix}[${path}][${operator}][]=${value()}&${prefix}[${path}][${operator}][]=${value()}`
}

const where = () =>
  random.weighted([
    [4, condition('where')],
    [1, `${condition('where')}&${condition('where')}`],
    [1, `${condition('where[or][0]')}&${condition('where[or][1]')}`],
    [1, `${condition('where[or][0]')}&${condition('where[and][0]')}`],
    [1, `${condition('where[and][0]')}&${condition('where[and][1][or][0]')}&${condition('where[and][1][or][1]')}`],
  ])

function randomQuery() {
  /** @param {number} chance @param {() => string} part */
  const maybe = (chance, part) => (random.chance(chance) ? [part()] : [])
  const parts = [
    ...maybe(0.6, where),
    ...maybe(0.6, () => `sort=${random.pick(SORTS)}`),
    ...maybe(0.5, () => `limit=${random.pick(['1', '2', '3', '5', '0', '-1', '1.5', 'x', '', '100'])}`),
    ...maybe(0.2, () => `page=${random.pick(['1', '2', '0', '-1', '1.5', 'x'])}`),
    ...maybe(0.1, () => `pagination=${random.pick(['false', 'true', '0', 'x'])}`),
    ...maybe(0.6, () => `depth=${random.pick(['0', '0', '1', '1', '2', '-1', 'x', '1.5'])}`),
    ...maybe(0.2, () => random.pick(SELECTS)),
    ...maybe(0.1, () => random.pick(['populate[customers][name]=true', 'populate[customers][margin]=false'])),
    ...maybe(0.3, () => random.pick(LOCALES)),
    ...maybe(0.1, () => random.pick(['trash=true', 'trash=1', 'trash=false'])),
    ...maybe(0.2, () => random.pick(['draft=true', 'draft=false'])),
  ]
  const path = random.weighted([
    [6, () => '/orders'],
    [1, () => `/orders/${random.pick([1, 2, 3, '1x', '02', '3.0', ' 4', '0x1', '1e0', '99', 'x'])}`],
    [1, () => '/customers'],
    [1, () => '/pages'],
    [1, () => `/pages/${1 + random.below(3)}`],
  ])()
  return `${path}?${parts.join('&')}`
}

/** @param {string} route @param {Record<string, string>} headers */
async function ask(route, headers) {
  const request = new Request(`http://localhost/api${route}`, { headers })
  const response = await handleEndpoints({ config: shop.config, request })
  return { status: response.status, text: await response.text() }
}

/** What goes past the cache. @param {string} route @param {Record<string, string>} headers */
const truthOf = (route, headers) => ask(`${route}&flattenLocales=true`, headers)

const GRAPHQL = [
  '{ Orders(sort: "-rank") { docs { id title label team rank customer { name margin team } } totalDocs } }',
  '{ Orders(where: { team: { equals: red } }, locale: de) { docs { label } } Customers { docs { name margin } } }',
  '{ countOrders(where: { customer__name: { equals: "ant" } }) { totalDocs } }',
  '{ Pages(draft: true, fallbackLocale: none) { docs { heading order { title team } } } }',
]

/** @param {Record<string, string>} headers */
async function viewOf(headers) {
  const { user } = await executeAuthStrategies({ headers: new Headers(headers), payload })
  const view = shop.cache.view({ principal: principalOf(user), tokens: [] })
  return { user, view: /** @type {any} */ (new ServerView({ payload, user, cache: shop.cache, view })) }
}
const VIEWED = [
  ['find', { collection: 'orders', sort: 'rank', limit: 3 }],
  ['find', { collection: 'orders', where: { 'customer.name': { equals: 'ant' } }, depth: 0 }],
  ['find', { collection: 'pages', draft: true, locale: 'de', depth: 2 }],
  ['count', { collection: 'customers' }],
  ['count', { collection: 'pages', where: { 'order.team': { equals: 'red' } } }],
  ['find', { collection: 'pages', where: { 'order.team': { equals: 'red' } }, depth: 0 }],
  ['findByID', { collection: 'orders', id: 2, disableErrors: true }],
]

/** @param {() => Promise<unknown>} read that may be refused */
const said = (read) => read().then((answer) => JSON.stringify(answer), (error) => String(error))

/** @param {string[]} routes @param {string} what */
async function compareAll(routes, what) {
  for (const [name, headers] of Object.entries(askers)) {
    for (const route of routes) {
      const answer = await ask(route, headers)
      assert.deepEqual(answer, await truthOf(route, headers), `${what}; ${name} asks ${route}`)
    }
    for (const query of GRAPHQL) {
      const { body } = await shop.graphql(query, { headers })
      const truth = await shop.graphql(query.replace(/ \}$/, ' __typename }'), { headers })
      delete truth.body.data?.__typename
      assert.deepEqual(body, truth.body, `${what}; ${name} asks ${query}`)
    }
    const { user, view } = await viewOf(headers)
    for (const [type, args] of /** @type {any[]} */ (VIEWED)) {
      const truth = await said(() => payload[type]({ ...structuredClone(args), user, overrideAccess: false }))
      assert.equal(await said(() => view[type](args)), truth, `${what}; ${name} views ${JSON.stringify(args)}`)
    }
    view.close()
  }
}

test(`who may see what is told apart after each of ${WRITES} random writes, seed ${SEED}`, async () => {
  const routes = Array.from({ length: ROUTES }, randomQuery)
  await compareAll(routes, 'at first')
  for (let round = 0; round < WRITES; round++) {
    const what = round === 0 ? 'two change teams' : random.pick(Object.keys(write))
    try {
      await write[what]()
    } catch (error) {
      const { cause, status } = /** @type {any} */ (error)
      // What it was to change, or to refer to, is gone.
      if (status === undefined && !/FOREIGN KEY/.test(cause)) throw error
    }
    if (random.chance(0.3)) routes[random.below(routes.length)] = randomQuery()
    await compareAll(routes, `round ${round}, ${what}`)
  }
  assert.ok(shop.cache.stats().hits > 0)
})
