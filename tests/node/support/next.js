/**
 * A shop whose access rules differ by user, and the views of its users.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { getPayload } from 'payload'
import { ServerView } from '../../../lib/next/server-view.js'
import { cacheOf, optimisticCache } from '../../../lib/payload/index.js'
import { principalOf } from '../../../lib/payload/cacheOf.js'
import { testConfig } from './config.js'

/** @type {import('payload').Access} */
const ownOrAll = ({ req }) => {
  if (!req.user) return false
  return /** @type {any} */ (req.user).role === 'admin' || { seller: { equals: /** @type {any} */ (req.user).name } }
}

/** @type {import('payload').CollectionConfig[]} */
const collections = [
  {
    slug: 'orders',
    access: { read: ownOrAll },
    defaultSort: 'number',
    fields: [
      { name: 'number', type: 'number' },
      { name: 'status', type: 'text' },
      { name: 'seller', type: 'text' },
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
    ],
  },
  {
    slug: 'customers',
    access: { read: ({ req }) => (req.user ? { hidden: { not_equals: true } } : false) },
    fields: [
      { name: 'name', type: 'text' },
      { name: 'hidden', type: 'checkbox' },
    ],
  },
  { slug: 'logs', access: { read: () => true }, fields: [{ name: 'text', type: 'text' }] },
  {
    slug: 'users',
    auth: true,
    fields: [
      { name: 'name', type: 'text' },
      { name: 'role', type: 'text' },
    ],
  },
]

/** @type {import('payload').GlobalConfig} */
const settings = {
  slug: 'settings',
  access: { read: () => true },
  fields: [
    { name: 'motto', type: 'text' },
    { name: 'address', type: 'group', fields: [{ name: 'city', type: 'text' }, { name: 'zip', type: 'text' }] },
    { name: 'featured', type: 'relationship', relationTo: 'orders' },
  ],
}

export async function openShopWithUsers() {
  const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-next-'))
  const config = await testConfig({
    collections,
    globals: [settings],
    db: sqliteAdapter({
      client: { url: pathToFileURL(path.join(folder, 'shop.db')).href },
      transactionOptions: {},
      wal: true,
    }),
    plugins: [
      optimisticCache({ name: `next-${process.pid}`, collections: { orders: true }, globals: { settings: true } }),
    ],
  })
  const payload = /** @type {any} */ (await getPayload({ config }))
  const cache = cacheOf(payload)
  /** @type {Record<string, any>} */
  const users = {}
  for (const [name, role] of [['ada', 'staff'], ['grace', 'staff'], ['root', 'admin']]) {
    const data = { name, role, email: `${name}@example.com`, password: 'a password' }
    users[name] = { ...(await payload.create({ collection: 'users', data })), collection: 'users' }
  }
  const customer = await payload.create({ collection: 'customers', data: { name: 'Amara Dahl' } })
  const orders = []
  for (const [number, seller] of [[1, 'ada'], [2, 'ada'], [3, 'grace']]) {
    const data = { number, seller, status: 'pending', customer: customer.id }
    orders.push(await payload.create({ collection: 'orders', data, depth: 0 }))
  }
  return {
    cache,
    customer,
    orders,
    payload,
    users,

    /**
     * What `openView` makes of a request.
     * @param {string} [name] nobody when missing
     * @param {string[]} [tokens]
     */
    as(name, tokens = []) {
      const user = name ? users[name] : null
      return new ServerView({ payload, user, cache, view: cache.view({ principal: principalOf(user), tokens }), tokens })
    },

    /** @param {() => Promise<unknown>} read @returns {Promise<'hit' | 'miss' | 'past'>} where its answer came from */
    async sourceOf(read) {
      const before = cache.stats()
      await read()
      const after = cache.stats()
      if (after.misses > before.misses) return 'miss'
      return after.hits > before.hits ? 'hit' : 'past'
    },

    async close() {
      await payload.destroy()
      await rm(folder, { recursive: true })
    },
  }
}
