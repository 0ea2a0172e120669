/**
 * What clients may send and ask: tokens, limits, retries, and what became of a mutation.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { v4, v7 as newToken } from 'uuid'
import { failure, gate, openShop, readThrough, readTruth } from './support/payload.js'

/** @typedef {import('./support/payload.js').Shop} Shop */

/** @type {Shop} */
let shop
/** Logged in. @type {Record<string, string>} */
let ada = {}

before(async () => {
  shop = await openShop({
    plugin: { limits: { pendingPerPrincipal: 2, mutationBytes: 2000, operationsPerMutation: 4 } },
  })
  const data = { email: 'ada@example.com', password: 'a password' }
  const user = await shop.payload.create({ collection: 'users', data })
  const { token } = await shop.payload.login({ collection: 'users', data })
  ada = { Authorization: `JWT ${token}` }
  assert.equal(user.id, 1)
})
afterEach(() => shop.calm())
after(() => shop.close())

/** @param {Record<string, unknown>} [data] @returns {Promise<any>} */
const newOrder = (data) => shop.newOrder(data)

/** @param {any} order @param {import('./support/payload.js').Sent} sent */
const patch = ({ id }, sent) => shop.rest('PATCH', `/orders/${id}`, { data: { note: 'new' }, ...sent })

/** @param {string} token @param {string} [query] @param {import('./support/payload.js').Sent} [sent] */
const ask = (token, query = '', sent = {}) => shop.rest('GET', `/optimistic/mutations/${token}${query}`, sent)

/** @param {any} answer */
const codeOf = ({ body }) => body.errors[0].data.code

/** @param {any} order */
const noteOf = async ({ id }) => (await shop.payload.findByID({ collection: 'orders', id })).note

function holdUpdates() {
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  return held
}

for (const malformed of [
  '',
  '"',
  'new',
  `"${v4()}"`,
  `"${newToken()}`,
  `"${newToken()}" ; x`,
  `${newToken()}.${newToken()}`,
]) {
  const shown = malformed.replace(/[0-9a-f-]{36}/g, '…')
  test(`an update with the Idempotency-Key ${shown} is refused, and writes nothing`, async () => {
    const order = await newOrder({ note: 'old' })
    const answer = await patch(order, { headers: { 'Idempotency-Key': malformed } })
    assert.equal(answer.status, 400)
    assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_TOKEN')
    assert.equal(await noteOf(order), 'old')
  })
}

test('a token is taken without quotes and in capitals too', async () => {
  const order = await newOrder()
  const token = newToken()
  const { status } = await patch(order, { headers: { 'idempotency-key': token.toUpperCase() } })
  assert.equal(status, 200)
  assert.equal(shop.cache.status(token, 'anonymous')?.state, 'committed')
})

test('the outcome of a mutation is told to its own principal, and to nobody else', async () => {
  const order = await newOrder()
  const token = newToken()
  await patch(order, { token, headers: ada })
  const { version } = shop.cache.status(token, 'users:1') ?? {}
  const { generation } = shop.cache
  const own = await ask(token, '', { headers: ada })
  assert.equal(own.status, 200)
  assert.deepEqual(own.body, { token, state: 'committed', generation, version })
  assert.equal(own.headers.get('cache-control'), 'no-store')
  for (const asked of [token, newToken()]) {
    const foreign = await ask(asked)
    assert.equal(foreign.status, 404)
    assert.deepEqual(foreign.body, { token: asked, state: 'unknown' })
  }
})

test('a malformed token has no outcome', async () => {
  const answer = await ask('7')
  assert.equal(answer.status, 400)
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_TOKEN')
})

test('a wait for a pending mutation ends when it is settled', async () => {
  const order = await newOrder()
  const token = newToken()
  const held = holdUpdates()
  const patched = patch(order, { token })
  await held.arrived
  assert.equal((await ask(token)).body.state, 'pending')
  const asked = ask(token, '?wait=25000')
  held.open()
  assert.equal((await asked).body.state, 'committed')
  await patched
})

test('a wait takes in a mutation whose request arrives after it', async () => {
  const order = await newOrder()
  const token = newToken()
  const asked = ask(token, '?wait=25000')
  await patch(order, { token })
  assert.equal((await asked).body.state, 'committed')
})

test('a wait ends when the client goes away', async () => {
  const order = await newOrder()
  const token = newToken()
  const held = holdUpdates()
  const patched = patch(order, { token })
  await held.arrived
  const client = new AbortController()
  const asked = ask(token, '?wait=99999999', { signal: client.signal })
  client.abort()
  assert.equal((await asked).body.state, 'pending')
  held.open()
  await patched
})

test('a wait for several mutations ends when one of them is settled, and tells of all', async () => {
  const one = await newOrder()
  const [slow, quick, absent] = [newToken(), newToken(), newToken()]
  const held = holdUpdates()
  const patched = patch(one, { token: slow })
  await held.arrived
  const askAll = (/** @type {string[]} */ tokens, wait = 25000) =>
    shop.rest('GET', `/optimistic/mutations?tokens=${tokens.join()}&wait=${wait}`)
  const states = async (/** @type {Promise<any>} */ asked) => (await asked).body.map(({ token, state }) => [token, state])
  // SQLite has one writer at a time, so the other mutation is one without a transaction.
  shop.cache.begin(quick, { principal: 'anonymous', operations: [] })
  const asked = askAll([slow, quick])
  shop.cache.commit(quick)
  assert.deepEqual(await states(asked), [[slow, 'pending'], [quick, 'committed']])
  held.open()
  await patched
  assert.deepEqual(await states(askAll([absent, slow], 0)), [[absent, 'unknown'], [slow, 'committed']])
  assert.equal(codeOf(await askAll(['7'])), 'ERR_OPTIMISTIC_TOKEN')
})

test('a token whose mutation was committed writes nothing again through GraphQL', async () => {
  const order = await newOrder({ note: 'old' })
  const token = newToken()
  assert.equal((await patch(order, { token })).status, 200)
  const query = `mutation { updateOrder(id: ${order.id}, data: { note: "again" }) { id } }`
  const { body, status } = await shop.graphql(query, { token })
  assert.deepEqual([status, body.errors[0].extensions.data.code], [422, 'ERR_OPTIMISTIC_TOKEN_REUSED'])
  assert.equal(await noteOf(order), 'new')
})

test('a token of somebody else cannot be used, and is not given away', async () => {
  const order = await newOrder({ note: 'old' })
  const token = newToken()
  await patch(order, { token, headers: ada })
  const answer = await patch(order, { token, data: { note: 'stolen' } })
  assert.equal(answer.status, 409)
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_TOKEN_USED')
  assert.equal(await noteOf(order), 'new')
})

test('a token that was taken back cannot be used again', async () => {
  const order = await newOrder({ note: 'old' })
  const token = newToken()
  shop.hooks.beforeChange = () => {
    throw failure('No.')
  }
  await patch(order, { token })
  shop.calm()
  assert.equal((await patch(order, { token })).headers.get('idempotency-replayed'), 'true')
  assert.equal((await patch(order, { token, data: { note: 'newer' } })).status, 422)
  assert.equal(await noteOf(order), 'old')
})

test('of two operations in a GraphQL request the first settles the token, and both enter the cache', async () => {
  const [one, two] = [await newOrder({ note: 'old' }), await newOrder({ note: 'old' })]
  await readThrough(shop)
  const token = newToken()
  const update = (/** @type {any} */ { id }) => `updateOrder(id: ${id}, data: { note: "new" }) { id }`
  const { body } = await shop.graphql(`mutation { one: ${update(one)} two: ${update(two)} }`, { token })
  assert.equal(body.errors, undefined)
  assert.equal(shop.cache.status(token, 'anonymous')?.state, 'committed')
  assert.deepEqual(
    (await readThrough(shop))[1].slice(-2).map(({ note }) => note),
    ['new', 'new'],
  )
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
})

test('more pending mutations than one principal may have are 429, and write nothing', async () => {
  const order = await newOrder({ note: 'old' })
  const tokens = [newToken(), newToken()]
  for (const token of tokens) shop.cache.begin(token, { principal: 'anonymous', operations: [] })
  const answer = await patch(order, { token: newToken() })
  for (const token of tokens) shop.cache.rollback(token)
  assert.equal(answer.status, 429)
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_LIMIT_MUTATIONS')
  assert.equal(await noteOf(order), 'old')
})

test('more bytes than a mutation may have are 413, and write nothing', async () => {
  const order = await newOrder({ note: 'old' })
  const answer = await patch(order, { token: newToken(), data: { note: 'x'.repeat(3000) } })
  assert.equal(answer.status, 413)
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_LIMIT_BYTES')
  assert.equal(await noteOf(order), 'old')
})

test('an error of another copy of the package is answered with its code', async () => {
  const order = await newOrder()
  shop.hooks.beforeOperation = ({ operation }) => {
    if (operation !== 'update') return
    const code = 'ERR_OPTIMISTIC_FULL'
    throw Object.assign(new Error('There is no room.'), { code, data: { code }, isPublic: true, status: 503 })
  }
  const answer = await patch(order, {})
  assert.equal(answer.status, 503)
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_FULL')
})

test('a write without a token is under no limit of a client', async () => {
  const order = await newOrder()
  await readThrough(shop)
  const note = 'x'.repeat(3000)
  assert.equal((await patch(order, { data: { note } })).status, 200)
  assert.equal((await readThrough(shop))[0].at(-1).note, note)
})

test('a bulk update of more documents than a mutation may have is right in the cache', async () => {
  for (let i = 0; i < 12; i++) await newOrder({ note: 'many' })
  await readThrough(shop)
  const token = newToken()
  const route = '/orders?where[note][equals]=many'
  const { status } = await shop.rest('PATCH', route, { data: { note: 'bulk' }, token })
  assert.equal(status, 200)
  assert.equal(shop.cache.status(token, 'anonymous')?.state, 'committed')
  assert.equal(shop.cache.stats().mutationsPending, 0)
  assert.equal((await readThrough(shop))[1].filter(({ note }) => note === 'bulk').length, 12)
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
})

test('text that the cache cannot hold is written all the same', async () => {
  const order = await newOrder()
  await readThrough(shop)
  const token = newToken()
  const note = 'half \ud83d'
  const answer = await patch(order, { token, data: { note } })
  assert.equal(answer.status, 200)
  assert.equal(shop.cache.status(token, 'anonymous')?.state, 'committed')
  assert.equal((await readThrough(shop))[1].at(-1).note, await noteOf(order))
})

test('an update with disableTransaction settles its token when it ends, and when it throws', async () => {
  const order = await newOrder({ note: 'old' })
  /** @param {Record<string, unknown>} data */
  const outcomeOf = async (data) => {
    const token = newToken()
    await readThrough(shop)
    await shop.rest('PATCH', `/bare/${order.id}`, { data, token })
    assert.deepEqual(await readThrough(shop, token), await readTruth(shop))
    return shop.cache.status(token, 'anonymous')
  }
  assert.equal((await outcomeOf({ note: 'new' }))?.state, 'committed')
  shop.hooks.beforeChange = () => {
    throw failure('No.')
  }
  const refused = await outcomeOf({ note: 'newer' })
  assert.equal(refused?.state, 'rolledBack')
  assert.equal(refused?.error, 'No.')
  shop.hooks.beforeChange = undefined
  shop.hooks.afterChange = () => {
    throw failure('Too late.')
  }
  assert.equal((await outcomeOf({ note: 'newest' }))?.state, 'committed')
  assert.equal(await noteOf(order), 'newest')
})

for (const end of ['commit', 'rollback']) {
  test(`what is being created is in its author's lists under its token, written or not, until the ${end}`, async () => {
    const before = await readThrough(shop)
    const [begun, written] = [gate(), gate()]
    shop.hooks.beforeChange = () => begun.wait()
    shop.hooks.afterChange = async () => {
      await written.wait()
      if (end === 'rollback') throw failure('not this one')
    }
    const token = newToken()
    const data = { orderNumber: shop.nextOrderNumber(), status: 'pending', note: end, checksum: 'hidden' }
    const answer = shop.rest('POST', '/orders', { token, data })
    for (const held of [begun, written]) {
      await held.arrived
      for (const [at, docs] of (await readThrough(shop, token)).entries()) {
        assert.equal(docs.length, before[at].length + 1)
        const { id, note, checksum } = docs.at(-1)
        assert.deepEqual([id, note, checksum], [token, end, undefined])
      }
      assert.deepEqual(await readThrough(shop, token, 'users:1'), before, 'another principal saw it')
      held.open()
    }
    assert.equal((await answer).status, end === 'commit' ? 201 : 418)
    const after = await readThrough(shop, token)
    assert.deepEqual(after, await readTruth(shop))
    assert.equal(after[0].length, before[0].length + (end === 'commit' ? 1 : 0))
  })
}

test('what hooks create besides is not shown in its place', async () => {
  const written = gate()
  shop.hooks.afterChange = async ({ doc, req }) => {
    if (doc.note !== 'outer') return
    await shop.payload.create({ collection: 'orders', data: { orderNumber: shop.nextOrderNumber(), note: 'inner' }, req })
    await written.wait()
  }
  const before = await readThrough(shop)
  const token = newToken()
  const data = { orderNumber: shop.nextOrderNumber(), note: 'outer' }
  const answer = shop.rest('POST', '/orders', { token, data })
  await written.arrived
  const [shown] = await readThrough(shop, token)
  assert.deepEqual(shown.slice(before[0].length).map(({ id, note }) => [id, note]), [[token, 'outer']])
  written.open()
  assert.equal((await answer).status, 201)
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
})
