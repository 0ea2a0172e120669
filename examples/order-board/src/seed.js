// Fills the database with the shop of seed-data.js. What is there already stays as it is, so it can be run again, and
// takes up where it was killed: each step is one transaction.
import process from 'node:process'
import { getPayload } from 'payload'
import config from './payload.config.js'
import { customers, orders, password, users } from './seed-data.js'

/**
 * @param {import('payload').Payload} payload
 * @param {string} collection
 * @param {string} field by which a document is known
 * @param {object[]} wanted
 * @param {(data: any, transactionID: string | number) => Promise<unknown>} create
 */
async function add(payload, collection, field, wanted, create) {
  const { docs } = await payload.find({ collection, pagination: false, depth: 0, select: { [field]: true } })
  const present = new Set(docs.map((doc) => doc[field]))
  const missing = wanted.filter((data) => !present.has(data[field]))
  if (missing.length === 0) return
  const transactionID = await payload.db.beginTransaction()
  try {
    for (const data of missing) await create(data, transactionID)
  } catch (error) {
    await payload.db.rollbackTransaction(transactionID)
    throw error
  }
  await payload.db.commitTransaction(transactionID)
  payload.logger.info(`Seeded ${missing.length} ${collection}`)
}

/** @param {import('payload').Payload} payload */
export async function seed(payload) {
  // Users go through Payload, which hashes their passwords. The rest goes to the database as it is: that is a hundred
  // times less work, and a shop that is being set up has no pages to keep true.
  await add(payload, 'users', 'email', users, (data, transactionID) =>
    payload.create({ collection: 'users', data: { ...data, password }, req: { transactionID } }),
  )
  await add(payload, 'customers', 'email', customers, (data, transactionID) =>
    payload.db.create({ collection: 'customers', data, req: { transactionID } }),
  )
  const { docs } = await payload.find({ collection: 'customers', pagination: false, depth: 0, select: { email: true } })
  const idOf = new Map(docs.map(({ email, id }) => [email, id]))
  await add(payload, 'orders', 'orderNumber', orders, ({ customer, ...data }, transactionID) =>
    payload.db.create({
      collection: 'orders',
      data: { ...data, customer: idOf.get(customers[customer].email) },
      req: { transactionID },
    }),
  )
}

if (process.argv[1] === import.meta.filename) {
  const payload = await getPayload({ config })
  await seed(payload)
  // Everything into the one file, so that it can be moved.
  await payload.db.client.execute('PRAGMA wal_checkpoint(TRUNCATE)')
  // The database's native part keeps the process alive.
  process.exit(0)
}
