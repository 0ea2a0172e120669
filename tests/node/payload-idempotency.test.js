/**
 * The same answer to the same request: draft-ietf-httpapi-idempotency-key-header-07.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { handleEndpoints } from 'payload'
import { v7 as newToken } from 'uuid'
import { runtimeOf } from '../../lib/payload/runtime.js'
import { assertSameAnswer, failure, gate, openShop, readThrough, readTruth, tokenHeader } from './support/payload.js'

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {Awaited<ReturnType<typeof shop.login>>} */
let ada

/** @type {import('payload').Endpoint[]} */
const endpoints = [
  {
    method: 'post',
    path: '/echo',
    handler: async (req) => Response.json({ calls: ++calls, sent: await req.json?.() }),
  },
  { method: 'post', path: '/form', handler: (req) => Response.json({ type: req.headers.get('Content-Type') }) },
  {
    method: 'post',
    path: '/slow',
    async handler() {
      await slow.wait()
      return Response.json({ calls: ++calls })
    },
  },
  {
    method: 'post',
    path: '/text',
    handler: () => new Response(`${++calls}`, { headers: { 'Content-Type': 'text/plain' } }),
  },
]
let calls = 0
let slow = gate()

before(async () => {
  shop = await openShop({ plugin: { limits: { pendingPerPrincipal: 2 } }, settings: { endpoints, cors: '*' } })
  ada = await shop.login('ada')
})
afterEach(() => shop.calm())
after(() => shop.close())

/** @param {any} answer */
const codeOf = ({ body }) => body.errors[0].data.code

/** @param {any} order @param {import('./support/payload.js').Sent} sent */
const patch = ({ id }, sent) => shop.rest('PATCH', `/orders/${id}`, { data: { note: 'new' }, ...sent })

/** @param {any} order */
const noteOf = async ({ id }) => (await shop.payload.findByID({ collection: 'orders', id })).note

test('an update with the token of one that was answered is answered the same, and writes nothing', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const writes = shop.countWrites()
  const first = await patch(order, { token })
  await shop.payload.update({ collection: 'orders', id: order.id, data: { note: 'by somebody else' } })
  const again = await patch(order, { token })
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('idempotency-replayed'), null)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.match(String(again.headers.get('access-control-expose-headers')), /optimistic-version.*Idempotency-Replayed/)
  assertSameAnswer(first, again)
  assert.equal(writes.count, 2)
  assert.equal(await noteOf(order), 'by somebody else')
})

test('a request that another server of the cache has under way is 409, and then the answer is the same', async (t) => {
  const other = await openShop({ key: 'another server', settings: { endpoints } })
  t.after(() => other.close())
  slow = gate()
  const token = newToken()
  const first = shop.rest('POST', '/slow', { token })
  await slow.arrived
  const asked = [shop, other].map((server) => server.rest('POST', '/slow', { token }))
  for (const answer of asked) assert.equal((await answer).status, 409)
  slow.open()
  const { body } = await first
  const again = await other.rest('POST', '/slow', { token })
  assert.deepEqual([again.body, again.headers.get('idempotency-replayed')], [body, 'true'])
})

test('creates, deletes, bulk updates and updates of what is not declared are made once', async () => {
  const [one, two] = [await shop.newOrder(), await shop.newOrder({ note: 'bulk' })]
  /** @type {[string, string, object | undefined][]} */
  const requests = [
    ['POST', '/orders', { orderNumber: shop.nextOrderNumber(), note: 'made once' }],
    ['PATCH', '/orders?where[note][equals]=bulk', { note: 'bulk, again' }],
    ['DELETE', `/orders/${one.id}`, undefined],
    ['POST', '/logs', { text: 'once' }],
    ['POST', `/orders/${two.id}/duplicate`, { orderNumber: shop.nextOrderNumber() }],
  ]
  for (const [method, route, data] of requests) {
    const token = newToken()
    const first = await shop.rest(method, route, { data, token })
    assert.ok(first.status < 300, `${method} ${route} ${JSON.stringify(first.body)}`)
    assertSameAnswer(first, await shop.rest(method, route, { data, token }))
  }
  const made = await shop.payload.count({ collection: 'orders', where: { note: { equals: 'made once' } } })
  assert.equal(made.totalDocs, 1)
  assert.equal((await shop.payload.count({ collection: 'logs' })).totalDocs, 1)
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
})

test('a token with another body, or for another document, is 422, and writes nothing', async () => {
  const [order, other] = [await shop.newOrder({ note: 'old' }), await shop.newOrder({ note: 'other' })]
  const token = newToken()
  await patch(order, { token })
  const answers = [
    await patch(order, { token, data: { note: 'another' } }),
    await patch(other, { token }),
    await shop.rest('DELETE', `/orders/${order.id}`, { token }),
    await shop.rest('PATCH', `/orders/${order.id}?depth=1`, { token, data: { note: 'new' } }),
  ]
  for (const answer of answers) {
    assert.deepEqual([answer.status, codeOf(answer)], [422, 'ERR_OPTIMISTIC_TOKEN_REUSED'])
  }
  assert.deepEqual([await noteOf(order), await noteOf(other)], ['new', 'other'])
  assert.equal((await patch(order, { token })).status, 200)
})

test('a token whose request is under way is 409, whatever its body, and the first goes on', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  const first = patch(order, { token })
  await held.arrived
  for (const data of [{ note: 'new' }, { note: 'another' }]) {
    const answer = await patch(order, { token, data })
    assert.deepEqual([answer.status, codeOf(answer)], [409, 'ERR_OPTIMISTIC_TOKEN_PENDING'])
  }
  held.open()
  assert.equal((await first).status, 200)
  assertSameAnswer(await first, await patch(order, { token }))
})

test('of many requests with one token at once, one is run', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const writes = shop.countWrites()
  const answers = await Promise.all(Array.from({ length: 8 }, () => patch(order, { token })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409, 409, 409])
  assert.equal(writes.count, 1)
})

test('a refusal is answered again, with its reason, and its change stays taken back', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  shop.hooks.beforeChange = () => {
    throw failure('No.')
  }
  const first = await patch(order, { token })
  shop.calm()
  const again = await patch(order, { token })
  assert.deepEqual([first.status, first.body.errors[0].message], [418, 'No.'])
  assertSameAnswer(first, again)
  assert.equal(await noteOf(order), 'old')
})

test('a request that a limit turned away can be made again with its token', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const others = [newToken(), newToken()]
  for (const token of others) shop.cache.begin(token, { principal: 'anonymous', operations: [] })
  const token = newToken()
  const first = await patch(order, { token })
  for (const token of others) shop.cache.rollback(token)
  assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '1'])
  assert.equal((await patch(order, { token })).status, 200)
})

test('a request that failed before it began anything can be made again with its token', async () => {
  const token = newToken()
  const missing = await patch({ id: 99_999 }, { token })
  const order = await shop.newOrder({ note: 'old' })
  assert.equal(missing.status, 404)
  // Something was begun there, so the same is answered.
  assert.equal((await patch({ id: 99_999 }, { token })).headers.get('idempotency-replayed'), 'true')
  const broken = newToken()
  const route = `/orders/${order.id}`
  const headers = { ...tokenHeader(broken), 'Content-Type': 'application/json' }
  const request = new Request(`http://localhost/api${route}`, { method: 'PATCH', headers, body: '{' })
  assert.equal((await handleEndpoints({ config: shop.config, request })).status, 400)
  assert.equal((await patch(order, { token: broken })).status, 200)
})

test('answers are those of the principal: another one with the same token and request is told nothing', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  await patch(order, { token, headers: ada.headers })
  const foreign = await patch(order, { token })
  assert.deepEqual([foreign.status, codeOf(foreign)], [409, 'ERR_OPTIMISTIC_TOKEN_USED'])
  assert.equal(foreign.body.doc, undefined)
  const own = await patch(order, { token, headers: ada.headers })
  assert.equal(own.headers.get('idempotency-replayed'), 'true')
})

test('endpoints of the user are answered again too, but not what is no JSON', async () => {
  const token = newToken()
  const first = await shop.rest('POST', '/echo', { token, data: { a: 1 } })
  assert.deepEqual(first.body.sent, { a: 1 })
  assertSameAnswer(first, await shop.rest('POST', '/echo', { token, data: { a: 1 } }))
  assert.equal((await shop.rest('POST', '/echo', { token, data: { a: 2 } })).status, 422)
  const other = await shop.rest('POST', '/echo', { data: { a: 1 } })
  assert.equal(other.body.calls, first.body.calls + 1)
  const again = { token: newToken() }
  const texts = [await shop.rest('POST', '/text', again), await shop.rest('POST', '/text', again)]
  assert.deepEqual(texts.map(({ body }) => body - calls), [-1, 0])
})

test('a form is the same whatever is between its parts, and another one with another file', async () => {
  const token = newToken()
  const send = async (/** @type {string} */ content) => {
    const body = new FormData()
    body.set('title', 'A form')
    body.set('file', new File([content], 'a.txt', { type: 'text/plain' }))
    const request = new Request('http://localhost/api/form', { method: 'POST', headers: tokenHeader(token), body })
    const response = await handleEndpoints({ config: shop.config, request })
    return { status: response.status, body: /** @type {any} */ (await response.json()) }
  }
  const first = await send('one')
  assert.deepEqual(await send('one'), first)
  assert.equal((await send('two')).status, 422)
})

test('no answer that sets a cookie is kept', async () => {
  const token = newToken()
  const login = () =>
    shop.rest('POST', '/users/login', { token, data: { email: 'ada@example.com', password: 'a password' } })
  assert.ok((await login()).headers.has('set-cookie'))
  const again = await login()
  assert.equal(again.status, 200)
  assert.equal(again.headers.get('idempotency-replayed'), null)
})

test('a token whose answer is not kept any more is used all the same', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  await patch(order, { token })
  const { answers } = runtimeOf(shop.payload)
  const { find } = answers
  answers.find = () => undefined
  const answer = await patch(order, { token, data: { note: 'again' } })
  answers.find = find
  assert.deepEqual([answer.status, codeOf(answer)], [409, 'ERR_OPTIMISTIC_TOKEN_USED'])
  assert.equal(await noteOf(order), 'new')
})

test('answers are bounded in bytes, and go when their time has passed', async () => {
  const idempotency = { maxBytes: 1 << 20, ttl: 1 }
  const { Answers } = await import('../../lib/payload/answers.js')
  const answers = new Answers({ name: `bounded-${process.pid}`, memory: 'private' }, { ...idempotency, ttl: 60_000 })
  const answer = { fingerprint: 'f', status: 200, headers: [], body: 'x'.repeat(10_000) }
  const tokens = Array.from({ length: 500 }, () => newToken())
  for (const token of tokens) answers.keep('users:1', token, /** @type {any} */ (answer))
  const kept = tokens.filter((token) => answers.find('users:1', token) !== undefined)
  assert.ok(kept.length > 20 && kept.length < 105, String(kept.length))
  const large = newToken()
  answers.keep('users:1', large, { ...answer, headers: [], body: 'x'.repeat(100_000) })
  assert.equal(answers.find('users:1', large), undefined)
  answers.close()
  const brief = new Answers({ name: `brief-${process.pid}`, memory: 'private' }, idempotency)
  const token = newToken()
  brief.keep('users:1', token, { ...answer, headers: [] })
  while (brief.find('users:1', token) !== undefined) await new Promise((resolve) => setImmediate(resolve))
  brief.close()
})

test('with a file, the answer is given again after a restart', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-restart-'))
  const file = path.join(folder, 'cache')
  const open = (/** @type {number} */ turn) => {
    // The schema of this process is in the database of the first shop; this one reads nothing but what it replays.
    const name = `restart-${process.pid}-${turn}`
    return openShop({ folder, plugin: { name, memory: { file } }, settings: { endpoints } })
  }
  const first = await open(1)
  const token = newToken()
  const answer = await first.rest('POST', '/echo', { token, data: { a: 1 } })
  const { answers, cache } = runtimeOf(first.payload)
  await first.close()
  for (const closed of [() => answers.find('anonymous', token), () => cache.stats()]) {
    assert.throws(closed, { code: 'ERR_OPTIMISTIC_CLOSED' })
  }
  const second = await open(2)
  assertSameAnswer(answer, await second.rest('POST', '/echo', { token, data: { a: 1 } }))
  assert.equal((await second.rest('POST', '/echo', { token, data: { a: 2 } })).status, 422)
  await second.close()
  await rm(folder, { recursive: true })
})
