// The order board's shop on a real Payload and a SQLite file of its own, and what people ask of it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { getPayload } from 'payload'
import { customers } from '../../examples/order-board/src/collections/customers.js'
import { orders } from '../../examples/order-board/src/collections/orders.js'
import { users } from '../../examples/order-board/src/collections/users.js'
import { statuses } from '../../examples/order-board/src/orders.js'
import * as shop from '../../examples/order-board/src/seed-data.js'
import { testConfig } from '../../tests/node/support/config.js'

const collection = 'orders'

const columns = statuses.map((status) => ({
  where: { status: { equals: status } },
  sort: '-orderNumber',
  limit: 100,
  select: { orderNumber: true, status: true, customer: true, total: true, createdAt: true },
  populate: { customers: { name: true } },
}))

const sorted = ['-createdAt', '-total', 'orderNumber'].flatMap((sort) =>
  [1, 2].flatMap((page) => statuses.map((status) => ({ where: { status: { equals: status } }, sort, page, limit: 25 }))),
)

const pages = Array.from({ length: 15 }, (_, index) => ({ sort: '-orderNumber', limit: 20, page: index + 1 }))

/**
 * 50 lists, the most asked first: the board's columns, the pages of all orders, and the orders of a status in other
 * orders.
 */
export const LISTS = [...columns, ...pages, ...sorted].map((args) => ({ collection, depth: 1, ...args }))

/**
 * @param {string} name
 * @param {{ plugins?: import('payload').Plugin[], hooks?: import('payload').CollectionConfig['hooks'] }} [of]
 *   `hooks`: of the orders
 */
export async function openOrderBoard(name, { plugins = [], hooks } = {}) {
  // Payload makes the tables of equal configs only once in a process.
  process.env.PAYLOAD_FORCE_DRIZZLE_PUSH = 'true'
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-order-board-'))
  const sql = { queries: 0 }
  const config = await testConfig({
    collections: [{ ...orders, hooks }, customers, users],
    db: sqliteAdapter({
      client: { url: pathToFileURL(path.join(folder, 'shop.db')).href },
      logger: { logQuery: () => void sql.queries++ },
      transactionOptions: {},
      wal: true,
    }),
    plugins,
  })
  const payload = /** @type {any} */ (await getPayload({ config, key: name }))
  const clerk = { ...shop.users[0], password: shop.password }
  const user = { ...(await payload.create({ collection: 'users', data: clerk })), collection: 'users' }
  const people = []
  for (const data of shop.customers) people.push((await payload.db.create({ collection: 'customers', data })).id)
  /** @type {number[]} */
  const ids = []
  for (const { customer, ...data } of shop.orders) {
    ids.push((await payload.db.create({ collection, data: { ...data, customer: people[customer] } })).id)
  }
  return {
    payload,
    user,
    sql,
    /** 300 single orders, the newest first. */
    details: ids.toReversed().map((id) => ({ collection, depth: 1, id })),
    async close() {
      await payload.destroy()
      await rm(folder, { recursive: true })
    },
  }
}
