/**
 * The endpoints besides those of outcomes: who may use them, what they refuse, and what other origins may read.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { handleEndpoints } from 'payload'
import { v7 as newToken } from 'uuid'
import { gate, openShop, readThrough, readTruth } from './support/payload.js'

const ORIGIN = 'https://shop.example'

/** @type {import('./support/payload.js').Shop} */
let shop
/** @type {Awaited<ReturnType<typeof shop.login>>} */
let ada
/** @type {Awaited<ReturnType<typeof shop.login>>} */
let grace
/** Who may look in. @type {(args: { req: any }) => any} */
let mayLookIn = () => true

before(async () => {
  shop = await openShop({
    plugin: {
      access: {
        stats: (args) => mayLookIn(args),
        entries: (args) => mayLookIn(args),
        invalidate: (args) => mayLookIn(args),
      },
      limits: { pendingPerPrincipal: 2, mutationBytes: 2000, operationsPerMutation: 4 },
    },
    settings: { cors: [ORIGIN], csrf: [ORIGIN] },
  })
  ada = await shop.login('ada')
  grace = await shop.login('grace')
})
afterEach(() => {
  shop.calm()
  mayLookIn = () => true
})
after(() => shop.close())

/**
 * Runs the test with other access functions.
 * @param {object} access
 * @param {() => Promise<void>} run
 */
async function withAccess(access, run) {
  const options = shop.payload.config.custom.optimisticCache
  const { access: before } = options
  options.access = access
  await run().finally(() => (options.access = before))
}

/** @param {any} answer */
const codeOf = ({ body }) => body.errors[0].data.code

/**
 * @param {string | undefined} token
 * @param {unknown} operations
 * @param {Record<string, string>} [headers]
 */
const announce = (token, operations, headers = ada.headers) =>
  shop.rest('POST', '/optimistic/announce', { token, headers, data: { operations } })

/** @param {any} order @param {object} [data] */
const update = ({ id }, data = { note: 'new' }) => [{ type: 'update', collection: 'orders', id, data }]

/** @param {string} token @param {string} [principal] */
async function lastNote(token, principal = ada.principal) {
  return (await readThrough(shop, token, principal))[1].at(-1).note
}

const LOOKED_AT = ['/optimistic/stats', '/optimistic/entries', '/optimistic/activity']

/** @param {unknown} tags @param {Record<string, string>} [headers] */
const invalidate = (tags, headers = ada.headers) =>
  shop.rest('POST', '/optimistic/invalidate', { headers, data: { tags } })

test('nobody sees counters and entries unless the options say who', async () => {
  await withAccess({}, async () => {
    for (const route of LOOKED_AT) {
      assert.equal((await shop.rest('GET', route)).status, 403)
      assert.equal((await shop.rest('GET', route, { headers: ada.headers })).status, 403)
    }
    const { version } = shop.cache
    assert.equal((await invalidate(['orders'])).status, 403)
    assert.equal(shop.cache.version, version)
  })
})

test('counters and entries are told to those whom the options name by their request', async () => {
  mayLookIn = ({ req }) => req.user?.email === 'ada@example.com'
  for (const route of LOOKED_AT) {
    assert.equal((await shop.rest('GET', route)).status, 403)
    assert.equal((await shop.rest('GET', route, { headers: grace.headers })).status, 403)
    const { status, headers } = await shop.rest('GET', route, { headers: ada.headers })
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
  }
  mayLookIn = () => 'yes'
  assert.equal((await shop.rest('GET', '/optimistic/stats', { headers: ada.headers })).status, 403)
})

test('a tag is invalidated by those whom the options name, and by nobody from a page of another origin', async () => {
  mayLookIn = ({ req }) => req.user?.email === 'ada@example.com'
  shop.cache.set('tagged', 1, { tags: ['dropped'] })
  const foreign = { Cookie: `payload-token=${ada.token}`, Origin: 'https://evil.example' }
  for (const headers of [{}, grace.headers, foreign]) assert.equal((await invalidate(['dropped'], headers)).status, 403)
  assert.equal(shop.cache.get('tagged'), 1)
  const { status, body } = await invalidate(['dropped', 'another'], { ...foreign, Origin: ORIGIN })
  assert.deepEqual([status, body], [200, { version: shop.cache.version }])
  assert.equal(shop.cache.get('tagged'), undefined)
  for (const tags of [undefined, 'dropped', [], [7], [''], ['x'.repeat(513)]]) {
    const answer = await invalidate(tags)
    assert.equal(answer.status, 400, JSON.stringify(tags))
    assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_OPERATION')
  }
})

test('who asks again is told that nothing changed, until something does', async () => {
  for (const route of LOOKED_AT) {
    const ask = (/** @type {string} */ tag) =>
      handleEndpoints({
        config: shop.config,
        request: new Request(`http://localhost/api${route}`, { headers: { ...ada.headers, 'If-None-Match': tag } }),
      })
    const first = await ask('"none"')
    const tag = String(first.headers.get('etag'))
    assert.equal(first.status, 200)
    assert.equal((await ask(tag)).status, 304, route)
    const order = await shop.newOrder()
    await shop.payload.update({ collection: 'orders', id: order.id, data: { note: 'x' } })
    shop.cache.set(`new for ${route}`, 1)
    const again = await ask(tag)
    assert.equal(again.status, 200, route)
    assert.notEqual(again.headers.get('etag'), tag)
  }
})

test('mutations are told of with what they touch, also those that were rolled back while somebody asked', async () => {
  const asAda = { headers: ada.headers }
  const activity = async () => (await shop.rest('GET', '/optimistic/activity?limit=3', asAda)).body.docs
  await activity()
  const order = await shop.newOrder({ note: 'old' })
  shop.cache.set('shows it', 1, { tags: [`orders:${order.id}`] })
  const [refused, pending] = [newToken(), newToken()]
  for (const token of [refused, pending]) {
    shop.cache.begin(token, { principal: ada.principal, operations: /** @type {any} */ (update(order)) })
  }
  shop.cache.rollback(refused, { reason: 'no' })
  let told = await activity()
  while (told[1].documents.length === 0) told = await nextTurn().then(activity)
  const documents = [{ tag: `orders:${order.id}`, entries: 1 }]
  assert.deepEqual(
    told.slice(0, 2).map(({ version, deadline, moreDocuments, ...mutation }) => ({ reason: undefined, ...mutation })),
    [
      { token: pending, state: 'pending', principal: ada.principal, documents, reason: undefined },
      { token: refused, state: 'rolledBack', principal: ada.principal, documents, reason: 'no' },
    ],
  )
  assert.equal(told.length, 3)
  shop.cache.rollback(pending)
})

/** @param {string} query */
const entriesOf = async (query) => (await shop.rest('GET', `/optimistic/entries${query}`)).body
/** @param {{ docs: { key: string }[] }} page */
const keysOf = ({ docs }) => docs.map(({ key }) => key)

test('entries come in pages, all of them once, also when others are set and go in between', async () => {
  const keys = Array.from({ length: 90 }, (_, i) => `page:${i}`)
  for (const key of keys) shop.cache.set(key, key, { tags: ['paged'] })
  const told = []
  for (let cursor = '', pages = 0; cursor !== null; pages++) {
    const page = await entriesOf(`?limit=7&cursor=${cursor}`)
    assert.ok(page.docs.length <= 7)
    told.push(...keysOf(page).filter((key) => key.startsWith('page:')))
    for (let i = 0; i < 3; i++) shop.cache.set(`other:${pages}:${i}`, i)
    for (const key of keys.slice(0, 20)) shop.cache.set(key, pages, { tags: ['paged'] })
    cursor = page.nextCursor
  }
  assert.deepEqual(told.sort(), keys.sort())
  assert.equal((await entriesOf('')).limit, 50)
})

test('entries are told of by tag, by the beginning of their key, and by what is in it', async () => {
  for (const key of ['filter one', 'filter two', 'one filter']) shop.cache.set(key, key, { tags: [`tag of ${key}`] })
  assert.deepEqual(keysOf(await entriesOf('?tag=tag+of+filter+two')), ['filter two'])
  assert.deepEqual(keysOf(await entriesOf('?tag=nobody')), [])
  assert.deepEqual(keysOf(await entriesOf('?prefix=filter')).sort(), ['filter one', 'filter two'])
  assert.deepEqual(keysOf(await entriesOf('?contains=one')).sort(), ['filter one', 'one filter'])
  assert.deepEqual(keysOf(await entriesOf('?contains=one&prefix=filter')), ['filter one'])
})

test('of an entry with many tags no more are told than were asked for', async () => {
  shop.cache.set('many tags', 1, { tags: Array.from({ length: 300 }, (_, i) => `tag ${i}`) })
  const [{ tags, moreTags }] = (await entriesOf('?prefix=many+tags&tags=4')).docs
  assert.deepEqual([tags.length, moreTags], [4, 296])
  const [whole] = (await entriesOf('?prefix=many+tags')).docs
  assert.deepEqual([whole.tags.length, whole.moreTags], [300, undefined])
})

test('the largest entries come first, of all there are', async () => {
  const sizes = [300, 100_000, 5, 70_000, 800]
  for (const size of sizes) shop.cache.set(`size:${size}`, 'x'.repeat(size), { tags: ['sized'] })
  for (let i = 0; i < 20_000; i++) shop.cache.set(`small:${i}`, 1)
  const page = await entriesOf('?order=largest&limit=2')
  assert.deepEqual([keysOf(page), page.nextCursor], [['size:100000', 'size:70000'], null])
  for (let reads = 0; reads < 50; reads++) shop.cache.get('size:800')
  assert.deepEqual(keysOf(await entriesOf('?order=mostRead&limit=1')), ['size:800'])
  const { docs } = await entriesOf('?order=oldest&tag=sized')
  assert.equal(docs.length, 5)
  assert.ok(docs.every(({ setAt }) => setAt > 0 && setAt <= Date.now()))
})

test('a query that asks for entries wrongly is told so', async () => {
  for (const query of ['?limit=0', '?limit=x', '?limit=-1', '?limit=1.5', '?cursor=x', '?order=smallest']) {
    const answer = await shop.rest('GET', `/optimistic/entries${query}`)
    assert.equal(answer.status, 400, query)
    assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_ARGUMENT')
  }
})

test('what is announced is shown to its user before its request comes, and to nobody else', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const answer = await announce(token, update(order))
  assert.equal(answer.status, 202)
  assert.equal(answer.body.state, 'pending')
  assert.equal(await lastNote(token), 'new')
  assert.equal(await lastNote(token, grace.principal), 'old')
  assert.equal(await lastNote(token, 'anonymous'), 'old')
  assert.equal(await lastNote(newToken()), 'old')
  shop.cache.rollback(token)
})

test('the request of an announced change takes it over, and shows what it really does', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  await announce(token, update(order, { note: 'announced' }))
  const held = gate()
  shop.hooks.beforeOperation = ({ operation }) => (operation === 'update' ? held.wait() : undefined)
  const data = { note: 'really' }
  const patched = shop.rest('PATCH', `/orders/${order.id}`, { token, headers: ada.headers, data })
  await held.arrived
  assert.equal(await lastNote(token), 'really')
  const again = await announce(token, update(order, { note: 'late' }))
  assert.deepEqual([again.status, again.body.state], [202, 'pending'])
  assert.equal(await lastNote(token), 'really')
  held.open()
  assert.equal((await patched).status, 200)
  assert.equal(shop.cache.status(token, ada.principal)?.state, 'committed')
  assert.equal((await announce(token, update(order))).status, 409)
  assert.deepEqual(await readThrough(shop), await readTruth(shop))
})

test('an announced change whose request is refused is taken back, and its token is not taken again', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  await announce(token, update(order))
  shop.hooks.beforeChange = () => {
    throw new Error('No.')
  }
  const patch = () => shop.rest('PATCH', `/orders/${order.id}`, { token, headers: ada.headers, data: { note: 'new' } })
  assert.equal((await patch()).status, 500)
  shop.calm()
  assert.equal(shop.cache.status(token, ada.principal)?.state, 'rolledBack')
  assert.notEqual((await patch()).status, 200)
  assert.equal(await lastNote(token), 'old')
})

test('an announcement that nobody follows is rolled back, and drops nothing', async () => {
  const order = await shop.newOrder({ note: 'old' })
  await readThrough(shop)
  const token = newToken()
  await announce(token, update(order))
  await readThrough(shop, token, ada.principal)
  const { misses } = shop.cache.stats()
  // As when its time has passed.
  shop.cache.expire(token)
  assert.equal(shop.cache.status(token, ada.principal)?.state, 'rolledBack')
  assert.equal(await lastNote(token), 'old')
  assert.equal(shop.cache.stats().misses, misses)
  const data = { note: 'new' }
  const { status } = await shop.rest('PATCH', `/orders/${order.id}`, { token, headers: ada.headers, data })
  assert.equal(status, 409)
})

test('announcements show no member that its reader does not see, and of other collections nothing', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  const data = { note: 'new', checksum: 'x', unheard: 1, status: 'shipped' }
  await announce(token, [...update(order, data), { type: 'update', collection: 'logs', id: 1, data: { text: 'x' } }])
  const view = shop.cache.view({ principal: ada.principal, tokens: [token] })
  const shown = update(order, { status: 'shipped', note: 'new' })
  assert.deepEqual(view.pending.map(({ operations }) => operations), [shown])
  view.close()
  shop.cache.rollback(token)
})

test('creates, deletes and several documents can be announced', async () => {
  const [one, two] = [await shop.newOrder(), await shop.newOrder({ note: 'here' })]
  const token = newToken()
  const answer = await announce(token, [
    { type: 'create', collection: 'orders', id: token, data: { note: 'made' } },
    { type: 'update', collection: 'orders', id: String(one.id), data: { note: 'one' } },
    { type: 'delete', collection: 'orders', id: two.id },
  ])
  assert.equal(answer.status, 202)
  const shown = (await readThrough(shop, token, ada.principal))[1]
  assert.equal(shown.at(-1).note, 'one')
  assert.equal(shown.some(({ id }) => id === two.id), false)
  shop.cache.rollback(token)
})

test('nobody who is not logged in can announce anything, unless the options let them', async () => {
  const order = await shop.newOrder({ note: 'old' })
  const token = newToken()
  assert.equal((await announce(token, update(order), {})).status, 403)
  assert.equal(shop.cache.status(token, 'anonymous'), undefined)
  await withAccess({ announce: () => true }, async () => {
    assert.equal((await announce(token, update(order), {})).status, 202)
  })
  shop.cache.rollback(token)
})

for (const [what, operations] of /** @type {[string, unknown][]} */ ([
  ['no operations', undefined],
  ['operations that are no list', {}],
  ['an operation that is null', [null]],
  ['an unknown type', [{ type: 'invalidate', tags: ['orders'] }]],
  ['a type of the prototype', [{ type: 'toString', collection: 'orders', id: 1 }]],
  ['no collection', [{ type: 'update', id: 1 }]],
  ['no id', [{ type: 'update', collection: 'orders' }]],
  ['an object as id', [{ type: 'delete', collection: 'orders', id: { equals: 1 } }]],
])) {
  test(`an announcement with ${what} is 400, and begins nothing`, async () => {
    const token = newToken()
    const answer = await announce(token, operations)
    assert.equal(answer.status, 400)
    assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_OPERATION')
    assert.equal(shop.cache.status(token, ada.principal), undefined)
  })
}

test('an announcement without a token, or whose body is not JSON, is 400', async () => {
  assert.equal(codeOf(await announce(undefined, [])), 'ERR_OPTIMISTIC_TOKEN')
  const answer = await shop.rest('POST', '/optimistic/announce', { token: newToken(), headers: ada.headers })
  assert.equal(codeOf(answer), 'ERR_OPTIMISTIC_OPERATION')
})

test('announcements over a limit are 413 and 429, and the latter say when to try again', async () => {
  const order = await shop.newOrder()
  const long = await announce(newToken(), update(order, { note: 'x'.repeat(3000) }))
  assert.deepEqual([long.status, codeOf(long)], [413, 'ERR_OPTIMISTIC_LIMIT_BYTES'])
  const many = await announce(newToken(), [1, 2, 3, 4, 5].flatMap((id) => update({ id }, { note: '' })))
  assert.deepEqual([many.status, codeOf(many)], [413, 'ERR_OPTIMISTIC_LIMIT_OPERATIONS'])
  const tokens = [newToken(), newToken()]
  for (const token of tokens) await announce(token, update(order))
  const late = await announce(newToken(), update(order), { ...ada.headers, Origin: ORIGIN })
  assert.deepEqual([late.status, codeOf(late)], [429, 'ERR_OPTIMISTIC_LIMIT_MUTATIONS'])
  assert.equal(late.headers.get('retry-after'), '1')
  assert.match(String(late.headers.get('access-control-expose-headers')), /Retry-After/)
  assert.equal((await announce(newToken(), update(order), grace.headers)).status, 202)
  for (const token of tokens) shop.cache.rollback(token)
})

test('more waiting requests than one principal may have are 429', async () => {
  const tokens = [newToken(), newToken()]
  for (const token of tokens) shop.cache.begin(token, { principal: ada.principal, operations: [] })
  const client = new AbortController()
  const ask = () =>
    shop.rest('GET', `/optimistic/mutations/${tokens[0]}?wait=25000`, { headers: ada.headers, signal: client.signal })
  const waiting = Array.from({ length: 65 }, ask)
  const first = await Promise.race(waiting)
  assert.equal(first.status, 429)
  assert.equal(first.headers.get('retry-after'), '1')
  client.abort()
  for (const token of tokens) shop.cache.rollback(token)
  const answers = await Promise.all(waiting)
  assert.equal(answers.filter(({ status }) => status === 429).length, 1)
  assert.equal((await ask()).status, 200)
})

test('an origin that Payload allows may send tokens and read versions, and others are not named', async () => {
  const order = await shop.newOrder()
  const preflight = await shop.rest('OPTIONS', `/orders/${order.id}`, { headers: { Origin: ORIGIN } })
  assert.equal(preflight.headers.get('access-control-allow-origin'), ORIGIN)
  const allowed = String(preflight.headers.get('access-control-allow-headers'))
  assert.match(allowed, /Content-Type.*Idempotency-Key.*Optimistic-After/)
  for (const sent of [{ data: { note: 'x' }, token: newToken() }, { data: { note: 'y' } }]) {
    const { headers } = await shop.rest('PATCH', `/orders/${order.id}`, { ...sent, headers: { Origin: ORIGIN } })
    assert.equal(headers.get('access-control-allow-origin'), ORIGIN)
    if ('token' in sent) assert.equal(headers.get('access-control-expose-headers'), 'optimistic-version')
  }
  const read = await shop.rest('GET', '/orders', { headers: { Origin: ORIGIN } })
  assert.equal(read.headers.get('access-control-expose-headers'), 'optimistic-version')
  const foreign = await shop.rest('OPTIONS', '/orders', { headers: { Origin: 'https://evil.example' } })
  assert.equal(foreign.headers.get('access-control-allow-origin'), null)
})

test('a cookie that Payload does not take from an origin is nobody here either', async () => {
  mayLookIn = ({ req }) => Boolean(req.user)
  const order = await shop.newOrder()
  const Cookie = `payload-token=${ada.token}`
  const from = (/** @type {Record<string, string>} */ headers) => ({ Cookie, ...headers })
  assert.equal((await shop.rest('GET', '/optimistic/stats', { headers: from({ Origin: ORIGIN }) })).status, 200)
  for (const of of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }, {}]) {
    const headers = from(of)
    assert.equal((await shop.rest('GET', '/optimistic/stats', { headers })).status, 403)
    assert.equal((await announce(newToken(), update(order), headers)).status, 403)
  }
})
