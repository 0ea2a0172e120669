/**
 * The order board's collections on its SQLite adapter, without Next.js and without the cache.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { getPayload } from 'payload'
import { customers } from '../../../examples/order-board/src/collections/customers.js'
import { orders } from '../../../examples/order-board/src/collections/orders.js'
import { users } from '../../../examples/order-board/src/collections/users.js'
import { migrations } from '../../../examples/order-board/src/migrations/index.js'
import { sqlite } from '../../../examples/order-board/src/sqlite.js'
import { testConfig } from './config.js'

const account = { email: 'ada@example.com', password: 'order-board' }

/**
 * @typedef {object} Hooks of the orders; a test sets them
 * @property {((args: any) => any) | undefined} beforeOperation
 * @property {((args: any) => any) | undefined} afterChange
 */

/**
 * @param {object} [options]
 * @param {string} [options.file] of the database; a new one unless given
 * @param {number} [options.busyTimeout]
 * @param {number} [options.transactionTimeout]
 */
export async function openOrderBoard({ file, ...timeouts } = {}) {
  const folder = file === undefined ? await mkdtemp(path.join(tmpdir(), 'order-board-')) : undefined
  const database = file ?? path.join(/** @type {string} */ (folder), 'order-board.db')
  /** @type {Hooks} */
  const hooks = { beforeOperation: undefined, afterChange: undefined }
  const config = await testConfig({
    collections: [
      {
        ...orders,
        hooks: {
          beforeOperation: [(args) => hooks.beforeOperation?.(args)],
          afterChange: [(args) => hooks.afterChange?.(args)],
        },
      },
      customers,
      users,
    ],
    db: sqlite({ file: database, migrations, ...timeouts }),
  })
  const payload = await getPayload({ config, key: database })
  return {
    file: database,
    hooks,
    payload,

    /** @param {number} count @returns {Promise<number[]>} ids of new orders */
    async addOrders(count) {
      const customer = await payload.create({
        collection: 'customers',
        data: { name: 'Amara Dahl', email: `${Math.random()}@example.com` },
      })
      const items = [{ product: 'Travel cup', quantity: 1, price: 2250 }]
      const { totalDocs } = await payload.count({ collection: 'orders' })
      const ids = []
      for (let number = totalDocs + 1; number <= totalDocs + count; number++) {
        const data = { orderNumber: number, status: 'pending', customer: customer.id, items, total: 2250 }
        ids.push(Number((await payload.create({ collection: 'orders', data })).id))
      }
      return ids
    },

    addUser: () => payload.create({ collection: 'users', data: { ...account, name: 'Ada', role: 'staff' } }),

    logIn: () => payload.login({ collection: 'users', data: account }),

    /** @param {number} id @param {Record<string, unknown>} data */
    update: (id, data) => payload.update({ collection: 'orders', id, data }),

    /** @param {number} id @returns {Promise<any>} */
    order: (id) => payload.findByID({ collection: 'orders', id, depth: 0 }),

    async close() {
      await payload.destroy()
      if (folder) await rm(folder, { recursive: true })
    },
  }
}
