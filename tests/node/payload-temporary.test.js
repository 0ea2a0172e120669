/**
 * Documents that a request calls by the temporary id that its browser gave them: the token of what creates them.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { v7 as newToken } from 'uuid'
import { ServerView } from '../../lib/next/server-view.js'
import { failure, gate, openShop, readTruth } from './support/payload.js'

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {Awaited<ReturnType<typeof shop.login>>} */
let ada
/** @type {Awaited<ReturnType<typeof shop.login>>} */
let grace

before(async () => {
  shop = await openShop({ plugin: { rest: true } })
  ada = await shop.login('ada')
  grace = await shop.login('grace')
  // What a temporary id begins with, taken for a number.
  for (let count = 0; count < 3; count++) await shop.newOrder({ note: 'another one' })
})
afterEach(() => shop.calm())
after(() => shop.close())

/**
 * @param {string} method
 * @param {string} id
 * @param {object} [sent]
 * @param {{ headers: object }} [user]
 */
const ask = (method, id, { headers, ...sent } = /** @type {any} */ ({}), user = ada) =>
  shop.rest(method, `/orders/${id}`, { ...sent, headers: { ...user.headers, ...headers } })

/** @param {string} token @param {object} [data] */
const create = (token, data) =>
  shop.rest('POST', '/orders', { token, data: { orderNumber: shop.nextOrderNumber(), note: 'new', ...data }, headers: ada.headers })

/** @param {string} create @param {string} token @param {string} note */
const updateBehind = (create, token, note) =>
  ask('PATCH', create, { data: { note }, token, headers: { 'Optimistic-After': create } })

/** What a page shows that is rendered now. @param {string[]} tokens */
function viewOf(tokens) {
  const { cache, payload } = shop
  const view = cache.view({ principal: ada.principal, tokens })
  return new ServerView({ payload, user: { ...ada, collection: 'users' }, cache, view, tokens })
}

/** @param {ServerView} view */
const notesOf = async (view) =>
  (await view.find({ collection: 'orders', sort: 'orderNumber' })).docs.map(({ note }) => note).slice(3)

/** @param {string} method @param {(string | number)[]} ids @param {object} sent */
const askSeveral = (method, ids, { headers, ...sent } = /** @type {any} */ ({}), user = ada) =>
  shop.rest(method, `/orders?${ids.map((id, at) => `where[id][in][${at}]=${id}`).join('&')}`, {
    ...sent,
    headers: { ...user.headers, ...headers },
  })

const stateOf = (/** @type {string} */ token) => shop.cache.status(token, ada.principal)?.state

test('a temporary id that nobody knows is no document, whatever digits it begins with', async () => {
  const truth = await readTruth(shop)
  const id = newToken()
  for (const [method, route] of [['GET', id], ['PATCH', id], ['DELETE', id], ['POST', `${id}/duplicate`]]) {
    const change = method !== 'GET' && { token: newToken(), data: { note: 'wrong' } }
    const { status, body } = await ask(method, route, { ...change })
    assert.equal(status, 404, method)
    assert.equal(body.errors[0].data.code, 'ERR_OPTIMISTIC_TEMPORARY_ID', method)
    assert.match(body.errors[0].message, new RegExp(id))
  }
  assert.deepEqual(await readTruth(shop), truth)
})

test('who created a document can go on calling it by its temporary id, and nobody else can', async () => {
  const token = newToken()
  const { id } = (await create(token)).body.doc
  for (const spelling of [token, token.toUpperCase()]) assert.equal((await ask('GET', spelling)).body.id, id)
  assert.equal((await ask('PATCH', token, { data: { note: 'changed' }, token: newToken() })).body.doc.id, id)
  const view = viewOf([])
  assert.equal((await view.findByID({ collection: 'orders', id: token })).note, 'changed')
  view.close()
  assert.equal((await ask('GET', token, {}, grace)).status, 404)
  const copy = await ask('POST', `${token}/duplicate`, { data: { orderNumber: shop.nextOrderNumber() } })
  assert.equal(copy.body.doc.note, 'changed')
  assert.equal((await ask('DELETE', token, { token: newToken() })).body.doc.id, id)
  assert.equal((await ask('GET', token)).status, 404, 'Payload says that it is gone')
  await shop.payload.delete({ collection: 'orders', id: copy.body.doc.id })
})

test('a change sent behind the create of its document is shown with it, and written after it', async () => {
  const [token, later] = [newToken(), newToken()]
  const { arrived, open, wait } = gate()
  shop.hooks.beforeChange = ({ operation }) => (operation === 'create' ? wait() : undefined)
  const created = create(token)
  await arrived
  const operations = [{ type: 'update', collection: 'orders', id: token, data: { note: 'newer' } }]
  const announced = await shop.rest('POST', '/optimistic/announce', { token: later, data: { operations }, headers: ada.headers })
  assert.equal(announced.status, 202)
  const updated = updateBehind(token, later, 'newer')
  const view = viewOf([token, later])
  assert.deepEqual(await notesOf(view), ['newer'])
  view.close()
  open()
  const { id } = (await created).body.doc
  const { status, body } = await updated
  assert.deepEqual([status, body.doc.id, body.doc.note], [200, id, 'newer'])
  assert.deepEqual([token, later].map(stateOf), ['committed', 'committed'])
  const after = viewOf([token, later])
  assert.deepEqual(await notesOf(after), ['newer'])
  after.close()
})

test('a change sent behind a create that is refused is refused, and no other document is changed', async () => {
  const truth = await readTruth(shop)
  const [token, later] = [newToken(), newToken()]
  const { arrived, open, wait } = gate()
  shop.hooks.beforeChange = async ({ operation }) => {
    if (operation !== 'create') return
    await wait()
    throw failure('not this one')
  }
  const created = create(token)
  await arrived
  const updated = updateBehind(token, later, 'newer')
  open()
  assert.equal((await created).status, 418)
  const refused = await updated
  assert.equal(refused.status, 404)
  assert.deepEqual([token, later].map(stateOf), ['rolledBack', 'rolledBack'])
  assert.match(String(shop.cache.status(later, ada.principal)?.error), /was not created/)
  assert.deepEqual(await readTruth(shop), truth)
  const again = await updateBehind(token, later, 'newer')
  assert.deepEqual([again.status, again.body], [404, refused.body], 'the same answer, as to every request sent again')
})

test('of several documents one that is still being created is changed and deleted with the others', async () => {
  const [token, update, remove] = [newToken(), newToken(), newToken()]
  const other = await shop.newOrder({ note: 'other' })
  const { arrived, open, wait } = gate()
  shop.hooks.beforeChange = ({ operation }) => (operation === 'create' ? wait() : undefined)
  const created = create(token)
  await arrived
  const ids = [other.id, token]
  const data = { note: 'both' }
  const updated = askSeveral('PATCH', ids, { token: update, data, headers: { 'Optimistic-After': token } })
  const operations = ids.map((id) => ({ type: 'update', collection: 'orders', id, data }))
  await shop.rest('POST', '/optimistic/announce', { token: update, data: { operations }, headers: ada.headers })
  const view = viewOf([token, update])
  assert.deepEqual((await notesOf(view)).slice(-2), ['both', 'both'])
  view.close()
  open()
  const { id } = (await created).body.doc
  const { status, body } = await updated
  assert.deepEqual([status, body.errors], [200, []])
  assert.deepEqual(new Map(body.docs.map((doc) => [doc.id, doc.note])), new Map([[id, 'both'], [other.id, 'both']]))
  for (const where of [`where[id][in]=${other.id},${token}`, `where=${JSON.stringify({ or: [{ id: { equals: token } }] })}`]) {
    const again = await shop.rest('PATCH', `/orders?${where}`, { data: { note: 'again' }, headers: ada.headers })
    assert.ok(again.body.docs.some((doc) => doc.id === id), where)
  }
  const deleted = await askSeveral('DELETE', ids, { token: remove })
  assert.equal(deleted.body.docs.length, 2)
  assert.deepEqual([token, update, remove].map(stateOf), ['committed', 'committed', 'committed'])
})

test('of several documents none is changed when one of them was not created, or is not theirs', async () => {
  const own = newToken()
  await create(own)
  const truth = await readTruth(shop)
  const [[{ id }]] = truth
  for (const [ids, user] of [[[id, newToken()], ada], [[newToken()], ada], [[id, own], grace]]) {
    for (const method of ['PATCH', 'DELETE']) {
      const { status, body } = await askSeveral(method, ids, { token: newToken(), data: { note: 'wrong' } }, user)
      assert.deepEqual([status, body.errors[0].data.code], [404, 'ERR_OPTIMISTIC_TEMPORARY_ID'], `${method} ${ids}`)
    }
  }
  assert.deepEqual(await readTruth(shop), truth)
})

test('the id of what was created is told whichever API created it', async () => {
  const token = newToken()
  const mutation = `mutation { createOrder(data: { orderNumber: ${shop.nextOrderNumber()} }) { id } }`
  const { body } = await shop.graphql(mutation, { token, headers: ada.headers })
  const asked = await shop.rest('GET', `/optimistic/mutations?tokens=${token}`, { headers: ada.headers })
  assert.deepEqual(asked.body.map(({ state, id }) => ({ state, id })), [{ state: 'committed', id: body.data.createOrder.id }])
})
