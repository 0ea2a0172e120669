// What a cache is good for where people write: the order board's shop, nine reads to a change of an order's status.
// Half of the reads are lists, half single orders; of each, few are asked often and many rarely (Zipf). Counted are the
// SQL statements of the reads, from when each query was asked once.
import assert from 'node:assert/strict'
import { LISTS, openOrderBoard } from '../support/order-board.mjs'
import { randomOf } from '../support/random.mjs'
import { ratiosToFirst, rounded, spread } from '../support/rounds.mjs'
import { TagCache } from '../support/tag-cache.mjs'
import { OURS, ourVersion, versionOf } from '../support/versions.mjs'
import { statuses } from '../../examples/order-board/src/orders.js'
import { ServerView } from '../../lib/next/server-view.js'
import { cacheOf, optimisticCache } from '../../lib/payload/index.js'

const WRITES = 0.1

/** @typedef {Record<string, any> & { id?: number }} Args of a list, or with `id` of a single order */
/** @typedef {Awaited<ReturnType<typeof openOrderBoard>>} Board */
/** @typedef {{ board: Board, read: (args: Args) => Promise<unknown>, hits: () => number }} Reader */

/** @param {Board} board @param {Args} args @returns {Promise<unknown>} what the database says */
const ask = ({ payload, user }, args) =>
  payload[args.id === undefined ? 'find' : 'findByID']({ overrideAccess: false, user, ...structuredClone(args) })

/** @returns {Promise<Reader>} each read through a view of its own, as requests have it */
async function openOurs() {
  const plugins = [optimisticCache({ name: 'bench-usefulness', collections: { orders: true, customers: true } })]
  const board = await openOrderBoard('ours', { plugins })
  const cache = cacheOf(board.payload)
  const principal = `users:${board.user.id}`
  return {
    board,
    hits: () => cache.stats().hits,
    async read(args) {
      const view = new ServerView({ ...board, cache, view: cache.view({ principal, tokens: [] }) })
      try {
        const asked = /** @type {any} */ (args)
        return await (args.id === undefined ? view.find(asked) : view.findByID(asked))
      } finally {
        view.close()
      }
    },
  }
}

/** @returns {Promise<Reader>} lists have the tag of the collection, single orders that of their own */
async function openTagged() {
  const cache = new TagCache()
  const revalidate = (/** @type {any} */ { doc }) => {
    cache.revalidateTag('orders')
    cache.revalidateTag(`orders_${doc.id}`)
  }
  const board = await openOrderBoard('tags', { hooks: { afterChange: [revalidate] } })
  return {
    board,
    hits: () => cache.hits,
    read: (args) =>
      cache.read(JSON.stringify(args), [args.id === undefined ? 'orders' : `orders_${args.id}`, 'customers'], () =>
        ask(board, args),
      ),
  }
}

/** @returns {Promise<Reader>} */
async function openNone() {
  const board = await openOrderBoard('none')
  return { board, hits: () => 0, read: (args) => ask(board, args) }
}

/**
 * One of `items`, each as often as its place says: the second half as often as the first, the third a third as often.
 * @template T
 * @param {T[]} items
 * @param {number} random from 0 to 1
 */
function zipf(items, random) {
  const weights = items.map((_, index) => 1 / (index + 1))
  let left = random * weights.reduce((sum, weight) => sum + weight, 0)
  return items[weights.findIndex((weight) => (left -= weight) < 0)] ?? items[0]
}

/**
 * @param {Reader} reader
 * @param {number} seed
 * @param {number} operations
 */
async function run({ board, read, hits }, seed, operations) {
  const random = randomOf(seed)
  const before = hits()
  const counts = { reads: 0, readQueries: 0, writes: 0, writeQueries: 0 }
  for (let i = 0; i < operations; i++) {
    const { queries } = board.sql
    if (random() < WRITES) {
      const { collection, id } = zipf(board.details, random())
      const status = statuses[Math.floor(random() * statuses.length)]
      await board.payload.update({ collection, id, data: { status }, depth: 0 })
      counts.writes++
      counts.writeQueries += board.sql.queries - queries
    } else {
      await read(zipf(random() < 0.5 ? LISTS : board.details, random()))
      counts.reads++
      counts.readQueries += board.sql.queries - queries
    }
  }
  return { ...counts, hitRate: (hits() - before) / counts.reads }
}

/** @param {Reader} reader */
async function assertTrue({ board, read }) {
  for (const args of [...LISTS, ...board.details]) {
    assert.equal(JSON.stringify(await read(args)), JSON.stringify(await ask(board, args)), 'not what the database says')
  }
}

/** @param {Reader} reader */
const warm = async ({ board, read }) => {
  for (const args of [...LISTS, ...board.details]) await read(args)
}

/** @param {{ quick: boolean }} options */
export default async function usefulness({ quick }) {
  const [operations, rounds] = quick ? [500, 1] : [2000, 3]
  const kinds = [
    { name: OURS, version: ourVersion, open: openOurs },
    { name: 'tag invalidation', version: versionOf('payload'), open: openTagged },
    { name: 'no cache', version: versionOf('payload'), open: openNone },
  ]
  const subjects = []
  const notes = []
  for (const { name, version, open } of kinds) {
    const reader = await open()
    await warm(reader)
    const runs = []
    for (let seed = 1; seed <= rounds; seed++) runs.push(await run(reader, seed, operations))
    await assertTrue(reader)
    await reader.board.close()
    const { median: hitRate } = spread(runs.map((each) => each.hitRate))
    const { median: perWrite } = spread(runs.map((each) => each.writeQueries / each.writes))
    subjects.push({ name, version, ...spread(runs.map((each) => each.readQueries)), hitRate, queriesPerWrite: perWrite })
    notes.push(`${name}: ${rounded(hitRate * 100)} % of the reads were hits; ${perWrite} SQL statements a write`)
  }
  return {
    unit: `SQL statements of the reads in ${operations} operations`,
    better: 'lower',
    subjects,
    ratio: ratiosToFirst(subjects),
    notes,
  }
}
