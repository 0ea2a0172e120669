import assert from 'node:assert/strict'
import test from 'node:test'
import { QueryClient } from '@tanstack/react-query'
import * as qs from 'qs-esm'
import { validate, version } from 'uuid'
import { addToken, removeToken } from '../../lib/query/cookie.js'
import { collection, describe } from '../../lib/query/index.js'
import { queryString } from '../../lib/query/query-string.js'
import { createToken } from '../../lib/query/token.js'
import { openBrowser } from './support/browser.js'

const orders = collection('orders')

test('describe() recovers from a query key what collection() put into it', () => {
  const where = { total: { greater_than: 5 } }
  assert.deepEqual(describe(orders.find({ where, limit: 10 }).queryKey), {
    collection: 'orders',
    type: 'find',
    args: { where, limit: 10 },
  })
  assert.deepEqual(describe(orders.findByID(7, { depth: 0 }).queryKey)?.args, { id: 7, depth: 0 })
  assert.deepEqual(describe(orders.count().queryKey), { collection: 'orders', type: 'count', args: {} })
  for (const key of [[], ['payload'], ['payload', 'orders'], ['payload', 'orders', 'update'], ['posts', 'a', 'find']]) {
    assert.equal(describe(key), undefined)
  }
})

test('a query key is the same before and after its way to the browser as JSON', () => {
  const { queryKey } = orders.find({ where: { createdAt: { less_than: new Date(0) } }, page: undefined })
  assert.deepEqual(JSON.parse(JSON.stringify(queryKey)), queryKey)
})

test("Payload's parser reads back what the query string was made from", () => {
  const args = {
    where: { and: [{ or: [{ status: { in: ['pending', 'a&b=c'] } }, { 'customer.name': { like: 'Zoë [x]' } }] }] },
    select: { title: true, group: { number: true } },
    populate: { customers: { name: true } },
    joins: { items: { limit: 5, sort: '-total' } },
    sort: ['-total', 'id'],
    limit: 20,
    pagination: false,
  }
  const options = { ignoreQueryPrefix: true, depth: 10, arrayLimit: 1000, allowEmptyArrays: true }
  const text = (value) => JSON.parse(JSON.stringify(value, (_, leaf) => (Object(leaf) === leaf ? leaf : String(leaf))))
  assert.deepEqual(qs.parse(queryString(args), options), text(args))
  assert.deepEqual(qs.parse(queryString({ where: { id: { in: [] } } }), options), { where: { id: { in: [] } } })
  assert.equal(queryString({}), '')
})

test('a read that is refused fails with its status and what Payload says', async (t) => {
  const { client, orders } = await openBrowser(t)
  await assert.rejects(client.fetchQuery(orders.findByID(999)), {
    name: 'OptimisticQueryError',
    code: 'ERR_OPTIMISTIC_QUERY_FAILED',
    status: 404,
    message: /Not Found/,
  })
})

test('a read that does not reach the server fails with the cause, a cancelled one is given up', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = () => true
  client.prefetchQuery(orders.find())
  await server.held('GET')
  await client.cancelQueries()
  await server.until(() => server.waiting.length === 0)
  const gone = collection('orders', { api: 'http://127.0.0.1:1/api' })
  await assert.rejects(new QueryClient().fetchQuery(gone.find()), (error) => {
    assert.equal(error.code, 'ERR_OPTIMISTIC_QUERY_FAILED')
    assert.equal(error.status, undefined)
    assert.ok(error.cause)
    return true
  })
})

test("the answer of a read is exactly the server's: its version is kept beside it", async (t) => {
  const { server, client, orders } = await openBrowser(t)
  assert.deepEqual(await client.fetchQuery(orders.findByID(7, { depth: 0 })), server.find('orders', 7))
  assert.deepEqual(await client.fetchQuery(orders.count()), { totalDocs: 3 })
})

/** A jar as RFC 6265 has it for one page, attributes other than Max-Age left out. */
function cookieJar(cookie = '') {
  const cookies = new Map(cookie.split('; ').filter(Boolean).map((pair) => pair.split('=')))
  return {
    get cookie() {
      return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    },
    set cookie(text) {
      const [pair, ...attributes] = text.split('; ')
      const [name, value] = pair.split('=')
      if (attributes.includes('Max-Age=0')) cookies.delete(name)
      else cookies.set(name, value)
      this.attributes = attributes
    },
  }
}

test('the cookie holds the tokens in flight of all tabs, and each tab takes only its own out', () => {
  const jar = cookieJar('session=s; payload-optimistic=b; theme=dark')
  addToken('c', jar)
  addToken('a', jar)
  addToken('a', jar)
  assert.match(jar.cookie, /payload-optimistic=a\.b\.c/)
  assert.deepEqual(jar.attributes, ['Path=/', 'SameSite=Lax'])
  removeToken('a', jar)
  removeToken('c', jar)
  assert.match(jar.cookie, /payload-optimistic=b/)
  removeToken('b', jar)
  assert.equal(jar.cookie, 'session=s; theme=dark')
})

test('a tab that writes into the cookie what it had read before undoes nothing that another tab did', (t) => {
  const looks = []
  t.mock.method(globalThis, 'setTimeout', (look) => looks.push(look))
  const again = () => looks.splice(0).forEach((look) => look())
  for (const raced of ['a.d', 'a.c.d', 'c.d']) {
    const jar = cookieJar('payload-optimistic=a.d')
    addToken('b', jar)
    addToken('c', jar)
    removeToken('c', jar)
    removeToken('a', jar)
    jar.cookie = `payload-optimistic=${raced}`
    again()
    assert.equal(jar.cookie, 'payload-optimistic=b.d')
    again()
    assert.deepEqual(looks, [], 'when all is as it should be, it looks no more')
  }
})

test('over sixteen tokens the oldest leave the cookie', () => {
  const jar = cookieJar()
  const tokens = Array.from({ length: 20 }, (_, index) => `t${index + 10}`)
  tokens.forEach((token) => addToken(token, jar))
  assert.equal(jar.cookie, `payload-optimistic=${tokens.slice(-16).join('.')}`)
})

test('the query side can be imported where there is no window', () => {
  assert.equal(typeof globalThis.window, 'undefined')
  assert.equal(typeof collection('orders').update().mutationFn, 'function')
})

test('tokens are UUIDs of version 7 in the order in which they were made, whatever the clock says', (t) => {
  const { now } = Date
  t.after(() => (Date.now = now))
  const tokens = []
  for (const drift of [0, 0, -300_000, 300_000, 0]) {
    Date.now = () => now() + drift
    tokens.push(createToken())
  }
  assert.ok(tokens.every((token) => validate(token) && version(token) === 7))
  assert.deepEqual(tokens, [...new Set(tokens)].sort())
})

test('a token is newer than those in flight in other tabs, even those made before the clock was set back', (t) => {
  const ahead = `${(Date.now() + 900_000).toString(16).padStart(12, '0').replace(/^.{8}/, '$&-')}-7000-8000-000000000000`
  globalThis.document = cookieJar(`payload-optimistic=nonsense.${ahead}`)
  t.after(() => delete globalThis.document)
  assert.ok(createToken() > ahead)
})

test('a token in the cookie that is of no time stops nobody from making one', (t) => {
  globalThis.document = cookieJar('payload-optimistic=ffffffff-ffff-7fff-bfff-ffffffffffff')
  t.after(() => delete globalThis.document)
  const tokens = [createToken(), createToken()]
  assert.ok(tokens.every((token) => validate(token) && version(token) === 7))
  assert.deepEqual(tokens, tokens.toSorted())
})
