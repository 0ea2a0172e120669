/**
 * A small shop on a real Payload and a real SQLite file. Another one in the same process needs a name of its own.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { GRAPHQL_POST } from '@payloadcms/next/routes'
import { APIError, getPayload, handleEndpoints } from 'payload'
import { cacheOf, optimisticCache } from '../../../lib/payload/index.js'
import { openAccess as access, testConfig } from './config.js'


/**
 * What the orders' hooks do, by the name of the hook; a test sets them.
 * @typedef {'beforeOperation' | 'beforeChange' | 'afterChange' | 'afterDelete'} HookName
 * @typedef {Record<HookName, ((args: any) => any) | undefined>} Hooks
 */

/** @param {Hooks} hooks @param {HookName} name */
const call = (hooks, name) => (/** @type {any} */ args) => hooks[name]?.(args)

/** @param {Hooks} hooks @returns {import('payload').CollectionConfig[]} */
const collectionsWith = (hooks) => [
  {
    slug: 'orders',
    access,
    hooks: {
      beforeOperation: [call(hooks, 'beforeOperation')],
      beforeChange: [call(hooks, 'beforeChange')],
      afterChange: [call(hooks, 'afterChange')],
      afterDelete: [call(hooks, 'afterDelete')],
    },
    fields: [
      { name: 'orderNumber', type: 'number', required: true, unique: true },
      { name: 'status', type: 'select', options: ['pending', 'processing', 'shipped'], defaultValue: 'pending' },
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
      {
        name: 'items',
        type: 'array',
        fields: [
          { name: 'product', type: 'text' },
          { name: 'quantity', type: 'number' },
        ],
      },
      {
        name: 'address',
        type: 'group',
        fields: [
          { name: 'street', type: 'text' },
          { name: 'city', type: 'text' },
        ],
      },
      { name: 'note', type: 'text' },
      { name: 'checksum', type: 'text', hidden: true },
    ],
  },
  { slug: 'customers', access, fields: [{ name: 'name', type: 'text' }] },
  { slug: 'logs', access, fields: [{ name: 'text', type: 'text' }] },
  { slug: 'users', access, auth: true, fields: [] },
]

/**
 * `PATCH /api/bare/:id`: an order's update as an endpoint of the user's may do it.
 * @type {import('payload').Endpoint}
 */
const updateWithoutTransaction = {
  method: 'patch',
  path: '/bare/:id',
  async handler(req) {
    const id = String(req.routeParams?.id)
    const data = await req.json?.()
    return Response.json(await req.payload.update({ collection: 'orders', id, data, disableTransaction: true, req }))
  },
}

/**
 * @param {object} [options]
 * @param {boolean} [options.transactions] true unless given
 * @param {Partial<import('../../../lib/payload/options.js').Options>} [options.plugin]
 * @param {Partial<import('payload').Config>} [options.settings] of Payload, besides
 * @param {string} [options.folder] of an earlier shop, which is then kept; one of its own, which goes with it, unless
 *   given
 * @param {string} [options.key] of another Payload beside that of an earlier shop; the plugin's `name` unless given
 */
export async function openShop({ transactions = true, plugin, settings, folder: given, key = plugin?.name ?? 'default' } = {}) {
  const folder = given ?? (await mkdtemp(path.join(tmpdir(), 'optimistic-shop-')))
  /** @type {Hooks} */
  const hooks = { beforeOperation: undefined, beforeChange: undefined, afterChange: undefined, afterDelete: undefined }
  /** As each bundle of a server does. */
  const build = () => testConfig({
    collections: collectionsWith(hooks),
    db: sqliteAdapter({
      client: { url: pathToFileURL(path.join(folder, 'shop.db')).href },
      ...(transactions && { transactionOptions: {} }),
      wal: true,
    }),
    plugins: [optimisticCache({ name: `shop-${process.pid}`, collections: { orders: true }, ...plugin })],
    endpoints: [updateWithoutTransaction],
    ...settings,
  })
  const config = await build()
  const payload = await getPayload({ config, key })
  const cache = cacheOf(payload)
  let orderNumber = 0
  return {
    build,
    cache,
    config,
    hooks,
    payload,
    /**
     * @param {string} method
     * @param {string} route after `/api`
     * @param {Sent} [sent]
     */
    async rest(method, route, sent) {
      return received(await handleEndpoints({ config, payloadInstanceCacheKey: key, request: requestOf(method, route, sent) }))
    },
    /**
     * @param {string} query
     * @param {Sent} [sent]
     * @param {Record<string, unknown>} [variables]
     */
    async graphql(query, sent, variables) {
      const data = { query, variables }
      return received(await GRAPHQL_POST(config)(requestOf('POST', '/graphql', { ...sent, data })))
    },
    /**
     * @param {Record<string, unknown>} [data]
     * @returns {Promise<any>} an order with a number of its own
     */
    newOrder(data) {
      return payload.create({ collection: 'orders', data: /** @type {any} */ ({ orderNumber: ++orderNumber, ...data }) })
    },
    nextOrderNumber: () => ++orderNumber,
    /**
     * A user, and the header of a request that is theirs.
     * @param {string} name
     */
    async login(name) {
      const data = { email: `${name}@example.com`, password: 'a password' }
      const { id } = await payload.create({ collection: 'users', data: /** @type {any} */ (data) })
      const { token } = await payload.login({ collection: 'users', data })
      return { id, principal: `users:${id}`, token: String(token), headers: { Authorization: `JWT ${token}` } }
    },
    /** Counts the changes of orders from now on. */
    countWrites() {
      const writes = { count: 0 }
      hooks.beforeChange = () => void writes.count++
      return writes
    },
    /** Makes the hooks do nothing again. */
    calm() {
      for (const name of Object.keys(hooks)) hooks[/** @type {HookName} */ (name)] = undefined
    },
    async close() {
      await payload.destroy()
      if (given === undefined) await rm(folder, { recursive: true })
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof openShop>>} Shop */

/** @typedef {{ data?: unknown, token?: string, headers?: Record<string, string>, signal?: AbortSignal }} Sent */

/** @param {string} token */
export const tokenHeader = (token) => ({ 'Idempotency-Key': `"${token}"` })

/**
 * @param {string} method
 * @param {string} route
 * @param {Sent} [sent]
 */
const requestOf = (method, route, { data, token, headers, signal } = {}) =>
  new Request(`http://localhost/api${route}`, {
    method,
    signal,
    body: data === undefined ? undefined : JSON.stringify(data),
    headers: {
      ...(data !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && tokenHeader(token)),
      ...headers,
    },
  })

/** @param {Response} response */
const received = async (response) => ({
  status: response.status,
  headers: response.headers,
  body: /** @type {any} */ (await response.json()),
})

/**
 * @typedef {{ status: number, headers: Headers, body: any }} Received
 * @param {Received} one
 * @param {Received} other
 */
export function assertSameAnswer(one, other) {
  assert.deepEqual([other.status, other.body], [one.status, one.body])
  for (const name of ['content-type', 'optimistic-version']) {
    assert.equal(other.headers.get(name), one.headers.get(name), name)
  }
}

/**
 * A point at which a hook waits until the test lets it go on.
 */
export function gate() {
  /** @type {() => void} */
  let open = () => {}
  /** @type {() => void} */
  let reached = () => {}
  const opened = new Promise((resolve) => (open = () => resolve(undefined)))
  const arrived = new Promise((resolve) => (reached = () => resolve(undefined)))
  return {
    arrived,
    open,
    async wait() {
      reached()
      await opened
    },
  }
}

/** @param {string} message */
export const failure = (message) => new APIError(message, 418)

const LISTS = /** @type {const} */ ([
  { key: 'list', depth: 1, sort: 'orderNumber', limit: 100 },
  { key: 'flat', depth: 0, sort: 'orderNumber', limit: 100 },
  { key: 'pending', depth: 0, sort: 'orderNumber', limit: 100, where: { status: { equals: 'pending' } } },
])

/**
 * The orders through the cache, as a page would read them.
 * @param {Shop} shop
 * @param {string} [token] that the page presents
 * @param {string} [principal]
 * @returns {Promise<any[][]>} the documents of each list
 */
export async function readThrough({ cache, payload }, token, principal = 'anonymous') {
  const view = cache.view({ principal, tokens: token ? [token] : [] })
  const lists = []
  for (const { key, ...args } of LISTS) {
    const query = /** @type {any} */ ({ type: 'find', collection: 'orders', ...args })
    const load = () => payload.find({ collection: /** @type {any} */ ('orders'), ...args })
    lists.push((await cache.fetch(`test:${key}`, { query }, load, view)).docs)
  }
  view.close()
  return lists
}

/** @param {Shop} shop @returns {Promise<any[][]>} what the database says */
export async function readTruth({ payload }) {
  const lists = []
  for (const { key, ...args } of LISTS) {
    lists.push((await payload.find({ collection: /** @type {any} */ ('orders'), ...args })).docs)
  }
  return lists
}
