/** The browser's engine against a real Payload: what is queued, announced, refused and lost. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { QueryClient } from '@tanstack/react-query'
import { handleEndpoints } from 'payload'
import { engineOf } from '../../lib/query/engine.js'
import { collection } from '../../lib/query/index.js'
import { queueOffline } from '../../lib/query/offline.js'
import { dataOfForm, failedForm } from '../../lib/react/form-data.js'
import { mutate, when } from './support/browser.js'
import { openShop } from './support/payload.js'

const orders = collection('orders')
const persister = { restoreClient: () => undefined, removeClient: () => {}, persistClient: () => {} }

let shop
let user
before(async () => {
  shop = await openShop()
  user = await shop.login('ada')
})
after(() => shop.close())

/** A browser that somebody is logged in with. `network.lose` decides which answers are lost on their way. */
function open(t) {
  t.after(() => shop.calm())
  const { fetch } = globalThis
  const network = { log: [], lose: () => false, isLoggedIn: true }
  globalThis.fetch = async (url, init = {}) => {
    const headers = { ...init.headers, ...(network.isLoggedIn && user.headers) }
    const request = new Request(`http://localhost${url}`, { ...init, headers })
    network.log.push(`${request.method} ${request.url.replace(/^.*\/api\/|\?.*/g, '')}`)
    const { signal } = request
    const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    aborted.catch(() => {})
    const answer = handleEndpoints({ config: shop.config, payloadInstanceCacheKey: 'default', request })
    const response = await Promise.race([answer, aborted])
    if (network.lose(request)) throw new TypeError('the connection was lost')
    return response
  }
  globalThis.navigator = { onLine: true }
  const events = new EventTarget()
  globalThis.addEventListener = events.addEventListener.bind(events)
  network.setOnline = (isOn) => {
    globalThis.navigator.onLine = isOn
    events.dispatchEvent(new Event(isOn ? 'online' : 'offline'))
  }
  network.leave = () => events.dispatchEvent(new Event('pagehide'))
  const client = new QueryClient()
  const engine = engineOf(client)
  t.after(() => {
    engine.stop()
    client.clear()
    globalThis.fetch = fetch
    delete globalThis.navigator
    delete globalThis.addEventListener
  })
  return { network, client, engine }
}

/** Resolves when the condition holds. @param {() => unknown} condition */
async function until(condition) {
  while (!condition()) await new Promise((done) => setImmediate(done))
}

const noteOf = async (id) => (await shop.payload.findByID({ collection: 'orders', id })).note

test('what was queued offline is written when there is a network, and a lost answer writes nothing twice', async (t) => {
  const { network, client } = open(t)
  const { id } = await shop.newOrder({ note: 'old' })
  await queueOffline(client, { persister })
  let written = 0
  shop.hooks.afterChange = () => void written++
  let lost = 0
  network.lose = ({ method }) => method === 'PATCH' && ++lost === 1
  network.setOnline(false)
  const queued = { offline: 'queue' }
  const saved = [
    mutate(client, orders.update(queued), { id, data: { note: 'first' } }),
    mutate(client, orders.update(queued), { id, data: { note: 'second' } }),
    mutate(client, orders.create(queued), { data: { orderNumber: shop.nextOrderNumber(), note: 'new' } }),
  ]
  assert.deepEqual([network.log, await noteOf(id)], [[], 'old'])
  network.setOnline(true)
  const [first, second, created] = await Promise.all(saved)
  assert.deepEqual([first.note, second.note, created.note], ['first', 'second', 'new'])
  assert.equal(await noteOf(id), 'second')
  assert.equal(await noteOf(created.id), 'new')
  assert.equal(written, 3)
  assert.deepEqual(network.log, [
    `PATCH orders/${id}`,
    'GET optimistic/mutations',
    `PATCH orders/${id}`,
    `PATCH orders/${id}`,
    'POST orders',
  ])
})

test('what waits behind another change is in the pages of its user alone, before its request comes', async (t) => {
  const { network, client, engine } = open(t)
  const { id } = await shop.newOrder({ note: 'old' })
  let release
  const held = new Promise((resolve) => (release = resolve))
  shop.hooks.beforeChange = ({ data }) => (data.note === 'first' ? held.then(() => data) : data)
  const saved = ['first', 'second'].map((note) => mutate(client, orders.update(), { id, data: { note } }))
  const { token } = engine.layers[1]
  await until(() => shop.cache.status(token, user.principal)?.state === 'pending')
  const pendingOf = (principal) => {
    const view = shop.cache.view({ principal, tokens: [token] })
    const operations = view.pending.flatMap(({ operations }) => operations)
    view.close()
    return operations.map(({ data }) => data.note)
  }
  assert.deepEqual([pendingOf(user.principal), pendingOf('users:0')], [['second'], []])
  assert.deepEqual(network.log.filter((one) => one.startsWith('PATCH')).length, 1)
  release()
  await Promise.all(saved)
  await when(client, () => client.isMutating() === 0)
  assert.equal(await noteOf(id), 'second')
  assert.equal(shop.cache.status(token, user.principal).state, 'committed')
})

test('what is put into a change that waits is in the pages of its user, the newest value of all', async (t) => {
  const { client, engine } = open(t)
  const { id } = await shop.newOrder({ note: 'old' })
  let release
  const held = new Promise((resolve) => (release = resolve))
  shop.hooks.beforeChange = ({ data }) => (data.note === 'first' ? held.then(() => data) : data)
  const update = orders.update({ coalesce: true })
  const saved = ['first', 'second', 'third', 'last'].map((note) => mutate(client, update, { id, data: { note } }))
  const { token } = engine.layers[1]
  const notesPending = () => {
    const view = shop.cache.view({ principal: user.principal, tokens: [token] })
    const notes = view.pending.flatMap(({ operations }) => operations.map(({ data }) => data.note))
    view.close()
    return notes.join()
  }
  await until(() => notesPending() === 'last')
  release()
  await Promise.all(saved)
  assert.deepEqual([engine.layers.length <= 2, await noteOf(id)], [true, 'last'])
})

test('what a user had queued when the session expired is written when that user has logged in again', async (t) => {
  const { network, client, engine } = open(t)
  const { id } = await shop.newOrder({ note: 'old' })
  const { access } = shop.payload.collections.orders.config
  const { update } = access
  access.update = ({ req }) => Boolean(req.user)
  t.after(() => (access.update = update))
  await queueOffline(client, { persister, buster: 'ada' })
  network.isLoggedIn = false
  const saved = mutate(client, orders.update({ offline: 'queue' }), { id, data: { note: 'new' } })
  await until(() => network.log.includes('GET optimistic/mutations') && !client.isFetching())
  assert.deepEqual([engine.pending.length, await noteOf(id)], [1, 'old'])
  network.isLoggedIn = true
  await queueOffline(client, { persister, buster: 'ada' })
  assert.equal((await saved).note, 'new')
  assert.equal(await noteOf(id), 'new')
})

test('the id of what an earlier page created is told to who asks for its outcome, and to nobody else', async (t) => {
  const { network, client, engine } = open(t)
  const saved = mutate(client, orders.create(), { data: { orderNumber: shop.nextOrderNumber() } })
  const [{ token }] = engine.layers
  const { id } = await saved
  const ask = async () => (await (await fetch(`/api/optimistic/mutations?tokens=${token}`)).json())[0]
  assert.equal((await ask()).id, id)
  network.isLoggedIn = false
  assert.deepEqual(await ask(), { token, state: 'unknown' })
})

test("Payload's validation is told field by field, to the browser and to a form without JavaScript", async (t) => {
  const { client } = open(t)
  const data = { status: 'odd', items: [{ product: 'Tea' }] }
  const fields = ['orderNumber', 'status']
  await assert.rejects(mutate(client, orders.create(), { data }), ({ code, errors }) => {
    assert.equal(code, 'ERR_OPTIMISTIC_REFUSED')
    assert.deepEqual(errors.map(({ path }) => path).sort(), fields)
    return errors.every(({ message }) => typeof message === 'string')
  })
  const form = new FormData()
  for (const [name, value] of [['status', 'odd'], ['items.0.product', 'Tea']]) form.append(name, value)
  const refusal = await shop.payload.create({ collection: 'orders', data: dataOfForm(form) }).catch((error) => error)
  const { errors, message, values } = failedForm(refusal, form)
  assert.deepEqual(errors.map(({ path }) => path).sort(), fields)
  assert.match(message, /invalid/)
  assert.deepEqual(values, { status: 'odd', 'items.0.product': 'Tea' })
})

test('what waits for a create is written once when its page is left, and told when the user is back', async (t) => {
  const { network, client, engine } = open(t)
  const other = await shop.newOrder({ note: 'old' })
  let release
  const held = new Promise((resolve) => (release = resolve))
  let written = 0
  shop.hooks.beforeChange = ({ operation, data }) => (++written, operation === 'create' ? held.then(() => data) : data)
  const created = mutate(client, orders.create(), { data: { orderNumber: shop.nextOrderNumber(), note: 'new' } })
  const [{ token: id }] = engine.layers
  const updated = mutate(client, orders.update(), { id, data: { note: 'newer' } })
  const several = mutate(client, orders.update(), { ids: [other.id, id], data: { note: 'both' } })
  const deleted = mutate(client, orders.delete(), { ids: [id, other.id] })
  await until(() => network.log.includes('POST orders'))
  network.leave()
  assert.deepEqual(network.log.filter((one) => /^(PATCH|DELETE)/.test(one)), [`PATCH orders/${id}`, 'PATCH orders', 'DELETE orders'])
  release()
  const saved = await created
  assert.equal((await updated).note, 'newer')
  const ids = new Set([saved.id, other.id])
  for (const documents of [await several, await deleted]) {
    assert.deepEqual(new Set(documents.map((document) => document.id)), ids)
    assert.ok(documents.every(({ note }) => note === 'both'))
  }
  assert.equal(written, 4, 'the create, the update, and one of each of both')
  assert.equal((await shop.payload.count({ collection: 'orders', where: { id: { in: [...ids] } } })).totalDocs, 0)
  await when(client, () => client.isFetching() === 0)
})
