/**
 * Random requests at once against the order board's collections and its SQLite adapter, which runs one write
 * transaction at a time and begins it late, so that mutations overlap. After each round the cache must answer what the
 * database does.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { getPayload, handleEndpoints } from 'payload'
import { v7 as newToken } from 'uuid'
import { customers } from '../../examples/order-board/src/collections/customers.js'
import { orders } from '../../examples/order-board/src/collections/orders.js'
import { users } from '../../examples/order-board/src/collections/users.js'
import { migrations } from '../../examples/order-board/src/migrations/index.js'
import { sqlite } from '../../examples/order-board/src/sqlite.js'
import { cacheOf, optimisticCache } from '../../lib/payload/index.js'
import { Random } from './schedules-random.js'
import { failure, tokenHeader } from './support/payload.js'
import { openAccess as access, testConfig } from './support/config.js'

const ROUNDS = 40
const AT_ONCE = 6
const CUSTOMERS = 3
const STATUSES = ['pending', 'processing', 'shipped']


const LISTS = [
  { depth: 1, sort: 'orderNumber', limit: 100 },
  { depth: 0, sort: 'orderNumber', limit: 100, where: { status: { equals: 'pending' } } },
  { depth: 0, sort: '-updatedAt', limit: 3 },
]

/** @type {any} */
let config
/** @type {any} */
let payload
/** @type {import('../../lib/index.js').Cache} */
let cache
/** @type {string} */
let folder
let random = new Random(1)
let orderNumber = 0

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'optimistic-random-'))
  const failsSometimes = (/** @type {any} */ { operation }) => {
    if (operation === 'update' && random.chance(0.25)) throw failure('No.')
  }
  config = await testConfig({
    collections: [{ ...orders, access, hooks: { afterChange: [failsSometimes] } }, { ...customers, access }, users],
    db: sqlite({ file: path.join(folder, 'board.db'), migrations }),
    plugins: [optimisticCache({ name: `random-${process.pid}`, collections: { orders: true } })],
  })
  payload = await getPayload({ config })
  cache = cacheOf(payload)
  for (let i = 0; i < CUSTOMERS; i++) {
    await payload.create({ collection: 'customers', data: { name: `c${i}`, email: `c${i}@example.com` } })
  }
  for (let i = 0; i < 8; i++) await create()
})

after(async () => {
  await payload.destroy()
  await rm(folder, { recursive: true })
})

const create = () =>
  payload.create({
    collection: 'orders',
    data: {
      orderNumber: ++orderNumber,
      total: 1,
      customer: 1 + random.below(CUSTOMERS),
      items: [{ product: 'tea', quantity: 1, price: 1 }],
    },
  })

const readThrough = () =>
  Promise.all(
    LISTS.map((args, index) => {
      const query = /** @type {any} */ ({ type: 'find', collection: 'orders', ...args })
      return cache.fetch(`list:${index}`, { query }, () => payload.find({ collection: 'orders', ...args }))
    }),
  )

const readTruth = () => Promise.all(LISTS.map((args) => payload.find({ collection: 'orders', ...args })))

/** @param {string} method @param {string} route @param {object} [data] */
async function send(method, route, data) {
  const token = newToken()
  const headers = { ...tokenHeader(token), 'Content-Type': 'application/json' }
  const body = data && JSON.stringify(data)
  const request = new Request(`http://localhost/api${route}`, { method, headers, body })
  const { status } = await handleEndpoints({ config, request })
  const state = cache.status(token, 'anonymous')?.state
  assert.ok(
    state === 'committed' || (state === 'rolledBack' && status >= 400),
    `${method} ${route}: ${status}, ${state}`,
  )
}

/** @param {number[]} ids @returns {Promise<unknown>} */
function act(ids) {
  const id = () => ids[random.below(ids.length)]
  const note = `n${random.below(1000)}`
  switch (random.below(8)) {
    case 0:
    case 1:
      return send('PATCH', `/orders/${id()}`, { note })
    case 2:
      return send('PATCH', `/orders/${id()}`, { status: STATUSES[random.below(3)] })
    case 3:
      return send('PATCH', `/orders?where[id][in]=${id()},${id()}`, { note })
    case 4:
      return send('PATCH', `/customers/${1 + random.below(CUSTOMERS)}`, { name: note })
    case 5:
      return ids.length > 4 ? send('DELETE', `/orders/${id()}`) : create()
    case 6:
      return create()
    default:
      return readThrough()
  }
}

for (const seed of [1, 2, 3]) {
  test(`after ${ROUNDS} rounds of random requests at once, seed ${seed}, no answer was ever stale`, async () => {
    random = new Random(seed)
    for (let round = 0; round < ROUNDS; round++) {
      const { docs } = await payload.find({ collection: 'orders', limit: 100, depth: 0 })
      const ids = docs.map((/** @type {any} */ { id }) => id)
      await Promise.all([...Array.from({ length: AT_ONCE }, () => act(ids)), readThrough()])
      assert.deepEqual(await readThrough(), await readTruth(), `round ${round}`)
    }
    assert.equal(cache.stats().mutationsPending, 0)
  })
}

test('the random requests left something to replay', () => {
  assert.ok(cache.stats().replays > 0)
})
