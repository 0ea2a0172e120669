/**
 * The same answer to the same mutation of GraphQL, as REST does it.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { configToSchema } from '@payloadcms/graphql'
import { v7 as newToken } from 'uuid'
import { runtimeOf } from '../../lib/payload/runtime.js'
import { assertSameAnswer, failure, gate, openShop, readThrough, readTruth } from './support/payload.js'

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {Awaited<ReturnType<typeof shop.login>>} */
let ada
let calls = 0
let extended = 0

/** @type {any} */
const graphQL = {
  mutations: (/** @type {any} */ { GraphQLInt, GraphQLNonNull }) => ({
    tick: { type: new GraphQLNonNull(GraphQLInt), resolve: () => ++calls },
  }),
}

before(async () => {
  shop = await openShop({ settings: { cors: '*', graphQL } })
  ada = await shop.login('ada')
  // A bundle has a config of its own, beside the one that Payload was started with.
  Object.assign(/** @type {any} */ (globalThis)._payload_graphql, { graphql: configToSchema(await shop.build()) })
})
afterEach(() => shop.calm())
after(() => shop.close())

/** @param {any} answer */
const codeOf = ({ body }) => body.errors[0].extensions.data.code

/** @param {any} order */
const noteOf = async ({ id }) => (await shop.payload.findByID({ collection: 'orders', id })).note

const update = (/** @type {any} */ { id }, note = 'new') =>
  `updateOrder(id: ${id}, data: { note: "${note}" }) { id note }`

/** @param {any} order @param {import('./support/payload.js').Sent} sent */
const send = (order, sent) => shop.graphql(`mutation { ${update(order)} }`, sent)

/** @param {any} one @param {any} other */
function assertReplayed(one, other) {
  assert.equal(one.headers.get('idempotency-replayed'), null)
  assert.equal(other.headers.get('idempotency-replayed'), 'true')
  assertSameAnswer(one, other)
}

test('a mutation with the token of one that was answered is answered the same, and writes nothing', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const writes = shop.countWrites()
  const first = await send(order, { token })
  assert.deepEqual(first.body, { data: { updateOrder: { id: order.id, note: 'new' } } })
  assert.match(String(first.headers.get('optimistic-version')), /;\d+$/)
  await shop.payload.update({ collection: 'orders', id: order.id, data: { note: 'by somebody else' } })
  const again = await send(order, { token })
  assertReplayed(first, again)
  assert.match(String(again.headers.get('access-control-expose-headers')), /optimistic-version.*Idempotency-Replayed/)
  assert.equal(writes.count, 2)
  assert.equal(await noteOf(order), 'by somebody else')
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
})

test('creates, deletes, several mutations at once and those of the app are made once', async () => {
  const [one, two] = [await shop.newOrder(), await shop.newOrder()]
  const number = shop.nextOrderNumber()
  const requests = [
    `mutation { createOrder(data: { orderNumber: ${number}, note: "made once" }) { id createdAt } }`,
    `mutation { deleteOrder(id: ${one.id}) { id } }`,
    `mutation { first: ${update(two, 'first')} second: ${update(two, 'second')} }`,
    `mutation { createLog(data: { text: "once" }) { id } }`,
    'mutation { tick }',
  ]
  for (const request of requests) {
    const token = newToken()
    const first = await shop.graphql(request, { token })
    assert.equal(first.body.errors, undefined, JSON.stringify(first.body))
    assertReplayed(first, await shop.graphql(request, { token }))
  }
  const made = await shop.payload.count({ collection: 'orders', where: { note: { equals: 'made once' } } })
  assert.deepEqual([made.totalDocs, (await shop.payload.count({ collection: 'logs' })).totalDocs, calls], [1, 1, 1])
  assert.equal(await noteOf(two), 'second')
})

test('a token with another mutation, or through REST, is 422, and writes nothing', async () => {
  const [order, other] = [await shop.newOrder({ note: 'old' }), await shop.newOrder({ note: 'other' })]
  const token = newToken()
  const first = await send(order, { token })
  const another = await shop.graphql(`mutation { ${update(order, 'another')} }`, { token })
  const answers = [another, await send(other, { token })]
  for (const answer of answers) {
    assert.deepEqual([answer.status, codeOf(answer)], [422, 'ERR_OPTIMISTIC_TOKEN_REUSED'])
    const [{ extensions, message }] = answer.body.errors
    assert.deepEqual([extensions.statusCode, /another request/.test(message)], [422, true])
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  }
  const rest = await shop.rest('PATCH', `/orders/${order.id}`, { token, data: { note: 'rest' } })
  assert.equal(rest.status, 422)
  assert.deepEqual([await noteOf(order), await noteOf(other)], ['new', 'other'])
  assertReplayed(first, await send(order, { token }))
})

test('the variables of a mutation are part of it', async () => {
  const order = await shop.newOrder()
  const query = 'mutation ($id: Int!, $note: String) { updateOrder(id: $id, data: { note: $note }) { note } }'
  const token = newToken()
  const ask = (/** @type {string} */ note) => shop.graphql(query, { token }, { id: order.id, note })
  const first = await ask('one')
  assertReplayed(first, await ask('one'))
  assert.equal((await ask('two')).status, 422)
})

test('a token whose mutation is under way is 409, whatever is asked, and the first goes on', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  const first = send(order, { token })
  await held.arrived
  const rest = await shop.rest('PATCH', `/orders/${order.id}`, { token, data: { note: 'rest' } })
  assert.equal(rest.status, 409)
  for (const note of ['new', 'another']) {
    const answer = await shop.graphql(`mutation { ${update(order, note)} }`, { token })
    assert.deepEqual([answer.status, codeOf(answer)], [409, 'ERR_OPTIMISTIC_TOKEN_PENDING'])
  }
  held.open()
  assertReplayed(await first, await send(order, { token }))
  assert.equal(await noteOf(order), 'new')
})

test('a token that is none is 400, and writes nothing', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const answer = await send(order, { token: 'seven' })
  assert.deepEqual([answer.status, codeOf(answer)], [400, 'ERR_OPTIMISTIC_TOKEN'])
  assert.equal(await noteOf(order), 'old')
})

test('a refusal is answered again, also when only a part of the request failed', async () => {
  const [order, other] = [await shop.newOrder({ note: 'old' }), await shop.newOrder({ note: 'old' })]
  shop.hooks.beforeChange = ({ originalDoc }) => {
    if (originalDoc?.id === order.id) throw failure('No.')
  }
  for (const query of [update(order), `one: ${update(other)} two: ${update(order)} three: ${update(order, 'three')}`]) {
    const token = newToken()
    const first = await shop.graphql(`mutation { ${query} }`, { token })
    assert.equal(first.body.errors[0].message, 'No.')
    assertReplayed(first, await shop.graphql(`mutation { ${query} }`, { token }))
  }
  shop.calm()
  assert.deepEqual([await noteOf(order), await noteOf(other)], ['old', 'new'])
})

test('a request that failed before it began anything, or was no valid one, can be made again', async () => {
  const order = await shop.newOrder()
  const token = newToken()
  const invalid = await shop.graphql('mutation { updateOrder { id } }', { token })
  assert.equal(invalid.body.errors.length > 0, true)
  assert.deepEqual((await send(order, { token })).body.errors, undefined)
  const unknown = newToken()
  const query = 'mutation ($id: Int!) { updateOrder(id: $id, data: {}) { id } }'
  assert.equal((await shop.graphql(query, { token: unknown })).body.errors.length, 1)
  assert.equal((await send(order, { token: unknown })).body.errors, undefined)
})

test('answers are those of the principal', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  await send(order, { token, headers: ada.headers })
  const foreign = await send(order, { token })
  assert.equal(codeOf(foreign), 'ERR_OPTIMISTIC_TOKEN_USED')
  assert.equal((await send(order, { token, headers: ada.headers })).headers.get('idempotency-replayed'), 'true')
})

test('no answer that sets a cookie is kept', async () => {
  const token = newToken()
  const query = 'mutation { loginUser(email: "ada@example.com", password: "a password") { token } }'
  assert.ok((await shop.graphql(query, { token })).headers.has('set-cookie'))
  const again = await shop.graphql(query, { token })
  assert.deepEqual([again.headers.get('idempotency-replayed'), again.body.errors], [null, undefined])
})

test('what the app makes of results is kept with them, also when it says so after the start', async () => {
  const order = await shop.newOrder()
  const token = newToken()
  shop.payload.extensions = async ({ result }) => ({ ...result, extensions: { extended: ++extended } })
  const first = await send(order, { token })
  assert.equal(first.body.extensions.extended, extended)
  assertReplayed(first, await send(order, { token }))
  shop.payload.extensions = /** @type {any} */ (undefined)
})

test('a client that asks for the media type of GraphQL gets it', async () => {
  const order = await shop.newOrder()
  const token = newToken()
  const headers = { Accept: 'application/graphql-response+json' }
  const first = await send(order, { token, headers })
  assert.match(String(first.headers.get('content-type')), /graphql-response/)
  assertReplayed(first, await send(order, { token, headers }))
})

test('a token whose answer is not kept any more is used all the same', async () => {
  const order = await shop.newOrder()
  const token = newToken()
  await send(order, { token })
  const { answers } = runtimeOf(shop.payload)
  const { find } = answers
  answers.find = () => undefined
  const answer = await shop.graphql(`mutation { ${update(order, 'again')} }`, { token })
  answers.find = find
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_TOKEN_USED')
  assert.equal(await noteOf(order), 'new')
})
