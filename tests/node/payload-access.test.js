/**
 * Somebody tries to read what is another user's: documents, fields, tokens, what is pending, what was derived from it,
 * and what was answered, through every public way.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { executeAuthStrategies } from 'payload'
import { v7 as newToken } from 'uuid'
import { ServerView } from '../../lib/next/server-view.js'
import { principalOf } from '../../lib/payload/cacheOf.js'
import { collection } from '../../lib/query/index.js'
import { openAccess } from './support/config.js'
import { openShop } from './support/payload.js'

/** In every document and change of Ada's, and in nothing else. */
const SECRET = 'a secret of Ada'

/** @type {import('payload').Access} */
const ownOrAll = ({ req }) => {
  const user = /** @type {any} */ (req.user)
  return user ? user.role === 'admin' || { seller: { equals: user.email } } : false
}
/** @type {import('payload').FieldAccess} */
const admins = ({ req }) => {
  const { can, role, roles } = /** @type {any} */ (req.user ?? {})
  return role === 'admin' || roles?.has('admin') === true || can?.('read') === true
}

/** @type {import('payload').CollectionConfig[]} */
const collections = [
  {
    slug: 'orders',
    access: { ...openAccess, read: ownOrAll, update: ownOrAll, delete: ownOrAll },
    hooks: { beforeChange: [({ data }) => (data.refuse ? Promise.reject(new Error(`${SECRET}: refused`)) : data)] },
    fields: [
      { name: 'seller', type: 'text' },
      { name: 'note', type: 'text' },
      { name: 'refuse', type: 'checkbox' },
    ],
  },
  {
    slug: 'invoices',
    access: { ...openAccess, read: ({ req }) => Boolean(req.user) },
    fields: [
      { name: 'title', type: 'text' },
      { name: 'margin', type: 'text', access: { read: admins } },
    ],
  },
  // Everybody may see all of them: users differ in what they have in flight, and in nothing else.
  { slug: 'notices', access: { ...openAccess, delete: admins }, fields: [{ name: 'text', type: 'text' }] },
  {
    slug: 'users',
    auth: { strategies: [{ name: 'gateway', authenticate: fromGateway }] },
    access: openAccess,
    fields: [{ name: 'role', type: 'text' }],
  },
]

/**
 * What a gateway before the app says of a user, who has another role in each of its parts.
 * @param {import('payload').AuthStrategyFunctionArgs} asked
 * @returns {Promise<any>}
 */
async function fromGateway({ headers, payload }) {
  const id = headers.get('x-user')
  if (id === null) return { user: null }
  const user = await payload.findByID({ collection: 'users', id, depth: 0 })
  const isAdmin = headers.get('x-role') === 'admin'
  const roles = new Set(isAdmin ? ['admin'] : [])
  const rights = headers.get('x-told') === 'function' ? { can: () => isAdmin } : { roles }
  return { user: { ...user, collection: 'users', ...rights } }
}

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {any} */
let payload
/** @typedef {{ headers: Record<string, string> }} Person */
/** @type {Record<'ada' | 'admin', Awaited<ReturnType<typeof shop.login>>>} */
let people
/** Who tries. @type {Record<string, Person>} */
let others
/** @type {any} */
let order
/** @type {any} */
let notice

before(async () => {
  const declared = /** @type {const} */ ({ orders: true, invoices: true, notices: true })
  /** @param {any} user */
  const scope = (user) => user?.role ?? 'public'
  shop = await openShop({ plugin: { collections: declared, scope }, settings: { collections } })
  payload = shop.payload
  const [ada, admin, grace, gone] = [
    await shop.login('ada'), await shop.login('admin'), await shop.login('grace'), await shop.login('gone'),
  ]
  for (const [person, role] of /** @type {const} */ ([[ada, 'staff'], [admin, 'admin'], [grace, 'staff']])) {
    await payload.update({ collection: 'users', id: person.id, data: { role } })
  }
  people = { ada, admin }
  order = await payload.create({ collection: 'orders', data: { seller: 'ada@example.com', note: SECRET } })
  notice = await payload.create({ collection: 'notices', data: { text: 'for all' } })
  // Ada logs in once more, and out; somebody has the cookie of that session.
  const data = { email: 'ada@example.com', password: 'a password' }
  const { token } = await payload.login({ collection: 'users', data })
  const Cookie = `payload-token=${token}`
  assert.equal((await shop.rest('POST', '/users/logout', { headers: { Cookie } })).status, 200)
  await payload.delete({ collection: 'users', id: gone.id })
  others = {
    'another user': grace,
    'nobody': { headers: {} },
    'who has the cookie of a session that was ended': { headers: { Cookie } },
    'a user who was deleted': gone,
    'who made a token up': { headers: { Authorization: `JWT ${token.slice(0, -4)}aaaa` } },
  }
})
after(() => shop.close())
beforeEach(() => shop.calm())

/**
 * The view of a page that a person asks for.
 * @param {Person} person
 * @param {string[]} [tokens] in the cookie
 * @returns {Promise<any>}
 */
async function viewOf({ headers }, tokens = []) {
  const { user } = await executeAuthStrategies({ headers: new Headers(headers), payload })
  const view = shop.cache.view({ principal: principalOf(user), tokens })
  return new ServerView({ payload, user, cache: shop.cache, view })
}

/** Runs a read that may be refused. @param {() => Promise<unknown>} read */
async function answerOf(read) {
  try {
    return await read()
  } catch (error) {
    return String(error)
  }
}

/** @param {unknown} answer @param {string} what */
const assertNothingOfAda = (answer, what) =>
  assert.ok(!JSON.stringify(answer ?? null).includes('secret of Ada'), `${what}: ${JSON.stringify(answer)}`)

/**
 * A result that all who may see the notices share.
 * @param {string} principal
 * @param {string[]} tokens
 */
async function textsOf(principal, tokens) {
  const view = shop.cache.view({ principal, tokens })
  const query = /** @type {any} */ ({ type: 'find', collection: 'notices', depth: 0 })
  const load = () => payload.find({ collection: 'notices', depth: 0 })
  const texts = await view.cached('texts', {}, async () => {
    const { docs } = await shop.cache.fetch('test:notices', { query }, load, view)
    return docs.map((/** @type {any} */ { text }) => text)
  })
  view.close()
  return texts
}

/** Everything that a page can read. @param {Person} person @param {string[]} tokens */
async function readAll(person, tokens) {
  const view = await viewOf(person, tokens)
  const { find, findByID } = collection('orders')
  const reads = {
    orders: () => view.find({ collection: 'orders' }),
    'where': () => view.find({ collection: 'orders', where: { note: { contains: 'secret' } } }),
    'one': () => view.findByID({ collection: 'orders', id: order.id }),
    'count': () => view.count({ collection: 'orders' }),
    'notices': () => view.find({ collection: 'notices' }),
    'notice': () => view.findByID({ collection: 'notices', id: notice.id }),
    'page state': () => view.dehydrate([find({}), collection('notices').find({})]),
    'page state of one': () => view.dehydrate([findByID(order.id)]),
    'pending': () => view.pending,
    'derived': () => textsOf(view.principal, tokens),
  }
  /** @type {Record<string, any>} */
  const answers = {}
  for (const [name, read] of Object.entries(reads)) answers[name] = await answerOf(async () => read())
  view.close()
  return answers
}

test('Ada sees her documents, and what she has in flight', async () => {
  const token = begin(people.ada.principal)
  const answers = await readAll(people.ada, [token])
  assert.equal(answers.orders.docs[0].note, SECRET)
  assert.equal(answers.count.totalDocs, 1)
  assert.equal(answers.notice.text, `${SECRET}, pending`)
  assert.equal(answers.pending.length, 1)
  assert.deepEqual(answers.derived, [`${SECRET}, pending`])
  shop.cache.rollback(token)
})

/** A change of the notice that is under way. @param {string} principal */
function begin(principal) {
  const token = newToken()
  const data = { text: `${SECRET}, pending` }
  shop.cache.begin(token, { principal, operations: [{ type: 'update', collection: 'notices', id: notice.id, data }] })
  return token
}

for (const who of [
  'another user',
  'nobody',
  'who has the cookie of a session that was ended',
  'a user who was deleted',
  'who made a token up',
]) {
  test(`${who} reads nothing of Ada's, with and without her token, before and after she read it herself`, async () => {
    const token = begin(people.ada.principal)
    for (const turn of ['cold', 'warm']) {
      for (const tokens of [[], [token]]) {
        const answers = await readAll(others[who], tokens)
        for (const [name, answer] of Object.entries(answers)) assertNothingOfAda(answer, `${name}, ${turn}`)
        assert.equal(answers.notice.text, 'for all')
        assert.deepEqual(answers.derived, ['for all'])
        assert.deepEqual(answers.pending, [])
      }
      await readAll(people.ada, [token])
    }
    const view = await viewOf(others[who], [token, newToken()])
    assert.equal(view.unknown.length, 2)
    view.close()
    shop.cache.rollback(token)
  })

  test(`${who} learns nothing of Ada's mutations, and cannot use, replace or end them`, async () => {
    const { headers } = others[who]
    const pending = begin(people.ada.principal)
    const committed = newToken()
    const data = { note: `${SECRET}, committed` }
    const own = people.ada.headers
    const done = await shop.rest('PATCH', `/orders/${order.id}`, { token: committed, headers: own, data })
    assert.equal(done.status, 200)
    const refused = newToken()
    const refuse = { refuse: true }
    await shop.rest('PATCH', `/orders/${order.id}`, { token: refused, headers: people.ada.headers, data: refuse })

    const unheard = newToken()
    for (const token of [pending, committed, refused, unheard]) {
      const asked = await shop.rest('GET', `/optimistic/mutations/${token}?wait=1`, { headers })
      assert.deepEqual([asked.status, asked.body], [404, { token, state: 'unknown' }])
      const several = await shop.rest('GET', `/optimistic/mutations?tokens=${token},${unheard}`, { headers })
      assert.deepEqual(several.body, [token, unheard].map((one) => ({ token: one, state: 'unknown' })))
    }
    const operations = [{ type: 'update', collection: 'notices', id: notice.id, data: { text: 'replaced' } }]
    for (const token of [pending, committed, refused]) {
      const announced = await shop.rest('POST', '/optimistic/announce', { token, headers, data: { operations } })
      assert.ok([403, 409].includes(announced.status), String(announced.status))
      for (const [method, route, sent] of /** @type {[string, string, object | undefined][]} */ ([
        ['PATCH', `/orders/${order.id}`, data],
        ['PATCH', `/orders/${order.id}`, refuse],
        ['PATCH', `/notices/${notice.id}`, { text: 'replaced' }],
        ['DELETE', `/notices/${notice.id}`, undefined],
      ])) {
        const answer = await shop.rest(method, route, { token, headers, data: sent })
        assert.ok([403, 404, 409].includes(answer.status), `${method} ${route}: ${answer.status}`)
        assert.equal(answer.headers.get('idempotency-replayed'), null)
        assertNothingOfAda(answer.body, `${method} ${route}`)
      }
    }
    assert.equal(shop.cache.status(pending, people.ada.principal)?.state, 'pending')
    assert.equal((await readAll(people.ada, [pending])).notice.text, `${SECRET}, pending`)
    assert.equal((await payload.findByID({ collection: 'notices', id: notice.id })).text, 'for all')
    shop.cache.rollback(pending)
    await payload.update({ collection: 'orders', id: order.id, data: { note: SECRET } })
  })

  test(`${who} cannot look into the cache`, async () => {
    await readAll(people.ada, [])
    for (const route of ['/optimistic/stats', '/optimistic/entries', '/optimistic/entries?tag=orders']) {
      const answer = await shop.rest('GET', route, { headers: others[who].headers })
      assert.equal(answer.status, 403)
      assertNothingOfAda(answer.body, route)
    }
  })
}

test('a field that a user may not read is in no answer, whoever read or changed it before', async () => {
  const invoice = await payload.create({ collection: 'invoices', data: { title: 'one', margin: SECRET } })
  const read = async (/** @type {Person} */ person, /** @type {string[]} */ tokens = []) => {
    const view = await viewOf(person, tokens)
    const { docs } = await view.find({ collection: 'invoices' })
    const one = await view.findByID({ collection: 'invoices', id: invoice.id })
    const state = await view.dehydrate([collection('invoices').find({})])
    view.close()
    return [docs[0], one, state.queries[0].data.docs[0]]
  }
  for (const round of ['loaded', 'committed', 'pending']) {
    const own = newToken()
    if (round === 'committed') {
      const data = { title: 'two', margin: `${SECRET} 2` }
      await shop.rest('PATCH', `/invoices/${invoice.id}`, { data, token: newToken(), headers: people.admin.headers })
    }
    if (round === 'pending') {
      // Of what Grace may not read she sees nothing, not even what she sends herself.
      const operations = [{ type: 'update', collection: 'invoices', id: invoice.id, data: { margin: `${SECRET} 3` } }]
      const { headers } = others['another user']
      const announced = await shop.rest('POST', '/optimistic/announce', { token: own, headers, data: { operations } })
      assert.equal(announced.status, 202)
    }
    for (const document of await read(people.admin)) assert.match(document.margin, /secret of Ada/, round)
    for (const document of await read(others['another user'], [own])) {
      assert.equal('margin' in document, false, round)
      assert.equal(document.title, round === 'loaded' ? 'one' : 'two')
    }
  }
})

test('a user who is logged in with other rights than before sees no more than these allow', async () => {
  const invoice = await payload.create({ collection: 'invoices', data: { title: 'mine', margin: SECRET } })
  const roles = [['admin', SECRET], ['staff', undefined], ['admin', SECRET]]
  for (const [told, role, margin] of ['set', 'function'].flatMap((one) => roles.map((role) => [one, ...role]))) {
    const headers = { 'x-user': String(people.ada.id), 'x-role': String(role), 'x-told': String(told) }
    const view = await viewOf({ headers })
    const read = async () => (await view.findByID({ collection: 'invoices', id: invoice.id })).margin
    assert.equal(await read(), margin)
    assert.equal(await view.cached('margin', {}, async () => String(await read())), String(margin))
    view.close()
  }
})

test('who is logged in hears of a refusal under the token; the token of who is not stays unused', async () => {
  for (const [{ headers }, state] of /** @type {const} */ ([[people.ada, 'rolledBack'], [others.nobody, 'unknown']])) {
    const token = newToken()
    const { status } = await shop.rest('DELETE', `/notices/${notice.id}`, { token, headers })
    assert.equal(status, 403)
    const { body } = await shop.rest('GET', `/optimistic/mutations/${token}`, { headers })
    assert.equal(body.state, state)
  }
})

test('users of one scope share what access control shows them alike, and never what they have in flight', async () => {
  const grace = others['another user']
  const args = { collection: 'notices', sort: '-createdAt' }
  const sourceOf = async (/** @type {Person} */ person, /** @type {object} */ asked) => {
    const view = await viewOf(person)
    const before = shop.cache.stats().misses
    await answerOf(() => view.find(asked))
    view.close()
    return shop.cache.stats().misses > before ? 'miss' : 'hit'
  }
  assert.equal(await sourceOf(people.ada, args), 'miss')
  assert.equal(await sourceOf(grace, args), 'hit')
  assert.equal(await sourceOf(people.admin, args), 'miss')
  assert.equal(await sourceOf(others.nobody, args), 'miss')
  const token = begin(people.ada.principal)
  assert.equal((await readAll(grace, [token])).notice.text, 'for all')
  shop.cache.rollback(token)

  const own = { collection: 'orders', sort: 'note' }
  assert.equal(await sourceOf(people.ada, own), 'miss')
  assert.equal(await sourceOf(grace, own), 'miss')
  const guarded = { collection: 'invoices', sort: 'title' }
  assert.equal(await sourceOf(people.ada, guarded), 'miss')
  assert.equal(await sourceOf(grace, guarded), 'miss')
})

test('a scope that is no text fails the read, and shows nobody anything', async () => {
  const options = shop.payload.config.custom.optimisticCache
  const { scope } = options
  for (const wrong of [undefined, '', 7, null]) {
    options.scope = () => wrong
    const view = await viewOf(people.ada)
    await assert.rejects(view.find({ collection: 'notices' }), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
    view.close()
  }
  options.scope = scope
})
