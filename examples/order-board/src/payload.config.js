import path from 'node:path'
import { buildConfig } from 'payload'
import { optimisticCache } from 'payload-optimistic-cache/payload'
import { isAdmin } from './collections/access.js'
import { customers } from './collections/customers.js'
import { forms } from './collections/forms.js'
import { orders } from './collections/orders.js'
import { users } from './collections/users.js'
import { delayReads } from './faults.js'
import { migrations } from './migrations/index.js'
import { sqlite } from './sqlite.js'

const file = path.resolve(/* turbopackIgnore: true */ process.env.ORDER_BOARD_DB ?? 'data/order-board.db')

const { ORDER_BOARD_CACHE } = process.env
const kept = { memory: { file: String(ORDER_BOARD_CACHE) }, maxBytes: 512 << 20 }

/** @param {ReturnType<typeof sqlite>} database */
function withSlowReads(database) {
  return {
    ...database,
    init(context) {
      const adapter = database.init(context)
      delayReads(adapter, 'orders')
      return adapter
    },
  }
}

export default buildConfig({
  secret: process.env.PAYLOAD_SECRET ?? '',
  collections: [orders, customers, users],
  db: withSlowReads(sqlite({ file, migrations })),
  plugins: [
    forms,
    optimisticCache({
      collections: { orders: true, customers: true, forms: true, 'form-submissions': true },
      access: { stats: isAdmin, entries: isAdmin, invalidate: isAdmin },
      ...(ORDER_BOARD_CACHE && kept),
    }),
  ],
  admin: {
    user: 'users',
    // The default asks gravatar.com.
    avatar: 'default',
    meta: { titleSuffix: ' · Order board' },
  },
  graphQL: { disablePlaygroundInProduction: true },
  telemetry: false,
  typescript: { autoGenerate: false },
})
