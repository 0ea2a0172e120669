// What it costs to invalidate a tag and to read one entry that carries it, at two numbers of such entries.
//
// The handler that scans its tag table does what revalidateTag and get of @fortedigital/nextjs-cache-handler 3.3.0,
// handlers/redis-strings, do with the same client and server: HSCAN of all keys and their tags, JSON.parse of each,
// UNLINK and HDEL of those that carry the tag; the package itself wants a newer Node than this one.
import { performance } from 'node:perf_hooks'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { LRUCache } from 'lru-cache'
import { openCache } from '../../lib/index.js'
import { withRedis } from '../support/redis.mjs'
import { ratiosToFirst, spread } from '../support/rounds.mjs'
import { OURS, ourVersion, versionOf, versionOfServer } from '../support/versions.mjs'

const TAG = 'orders'
const keyOf = (/** @type {number} */ index) => `order:${index}`
const valueOf = (/** @type {number} */ index) => ({ id: index, status: 'pending', total: index * 7 })
const written = (/** @type {number} */ count) => count.toLocaleString('en')

/**
 * A subject's contents, made once for each number of entries: `turn` invalidates and reads once more, at most `most`
 * times, as what is gone cannot be invalidated again.
 * @typedef {{ turn: () => unknown, most: number, close?: () => unknown }} Filled
 */

const assertGone = (/** @type {unknown} */ value) => {
  if (value !== undefined && value !== null) throw new Error('an invalidated entry was still answered')
}

/** @param {number} count @returns {Filled} */
function fillOurs(count) {
  const maxBytes = Math.max(64 << 20, count * 768)
  const cache = openCache({ name: `bench-${count}`, maxBytes, maxEntries: count + 1, maxTags: 1024 })
  for (let i = 0; i < count; i++) cache.set(keyOf(i), valueOf(i), { tags: [TAG] })
  if (cache.stats().entries !== count) throw new Error(`only ${cache.stats().entries} entries were kept`)
  let next = 0
  const turn = () => {
    cache.invalidate([TAG])
    assertGone(cache.get(keyOf(next++)))
  }
  return { turn, most: Math.min(count / 2, 20_000), close: () => cache.close() }
}

/** @param {number} count @returns {Promise<Filled>} */
async function fillBento(count) {
  const store = bentostore().useL1Layer(memoryDriver({ maxItems: count + 1024 }))
  const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
  for (let i = 0; i < count; i++) await bento.set({ key: keyOf(i), value: valueOf(i), tags: [TAG] })
  let next = 0
  const turn = async () => {
    await bento.deleteByTag({ tags: [TAG] })
    assertGone(await bento.get({ key: keyOf(next++) }))
  }
  return { turn, most: Math.min(count / 2, 20_000), close: () => bento.disconnectAll() }
}

/** @param {number} count @returns {Filled} */
function fillLru(count) {
  const lru = new LRUCache({ max: count })
  const carriers = new Set()
  for (let i = 0; i < count; i++) {
    lru.set(keyOf(i), valueOf(i))
    carriers.add(keyOf(i))
  }
  const turn = () => {
    for (const key of carriers) lru.delete(key)
    carriers.clear()
    assertGone(lru.get(keyOf(0)))
  }
  return { turn, most: 1 }
}

const TAGS = 'tags'
const AT_ONCE = 10_000

/** @param {any} client @param {number} count @returns {Promise<Filled>} */
async function fillScanning(client, count) {
  await client.flushAll()
  for (let from = 0; from < count; from += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => from + i)
    const entries = indexes.map((i) => [keyOf(i), JSON.stringify({ value: valueOf(i), tags: [TAG] })])
    const tags = indexes.flatMap((i) => [keyOf(i), JSON.stringify([TAG])])
    await Promise.all([client.mSet(entries), client.hSet(TAGS, tags)])
  }
  return { turn: () => scanAndRead(client), most: 1 }
}

/** @param {any} client */
async function scanAndRead(client) {
  const keys = []
  let cursor = '0'
  do {
    const part = await client.hScan(TAGS, cursor, { COUNT: AT_ONCE })
    for (const { field, value } of part.entries) if (JSON.parse(value).includes(TAG)) keys.push(field)
    cursor = part.cursor
  } while (cursor !== '0')
  await Promise.all([client.unlink(keys), client.hDel(TAGS, keys)])
  assertGone(await client.get(keyOf(0)))
}

/**
 * @param {(count: number) => Filled | Promise<Filled>} fill
 * @param {number} count
 * @param {number} fills
 */
async function measure(fill, count, fills) {
  const samples = []
  for (let time = 0; time < fills; time++) {
    const filled = await fill(count)
    for (let turn = 0; turn < filled.most; turn++) {
      const start = performance.now()
      await filled.turn()
      // The first fifth is the warm-up, of those that have one.
      if (turn >= filled.most / 5 || filled.most === 1) samples.push(performance.now() - start)
    }
    await filled.close?.()
    globalThis.gc?.()
  }
  return spread(samples, 1000)
}

/** @param {{ quick: boolean }} options */
export default async function invalidate({ quick }) {
  const [few, many] = [1_000, quick ? 100_000 : 1_000_000]
  return withRedis(async (client) => {
    const bento = 'bentocache deleteByTag'
    const index = 'lru-cache with a tag index'
    const scan = 'redis, scanning its tag table'
    const kinds = [
      { name: OURS, version: ourVersion, fill: fillOurs, fills: [9, 1] },
      { name: bento, version: versionOf('bentocache'), fill: fillBento, fills: [9, 1] },
      { name: index, version: versionOf('lru-cache'), fill: fillLru, fills: [31, 3] },
      {
        name: scan,
        version: `${versionOfServer('redis-server')}, client ${versionOf('redis')}`,
        fill: (/** @type {number} */ count) => fillScanning(client, count),
        fills: [31, 3],
      },
    ]
    /** @type {any[]} */
    const atFew = []
    const atMany = []
    for (const { name, version, fill, fills } of kinds) {
      atFew.push({ name: `${name} at ${written(few)}`, version, ...(await measure(fill, few, fills[0])) })
      atMany.push({ name, version, ...(await measure(fill, many, fills[1])) })
    }
    const flatness = atMany[0].median / atFew[0].median
    return {
      unit: `µs an invalidation and a read, at ${written(many)} entries`,
      better: 'lower',
      subjects: [...atMany, ...atFew],
      ratio: ratiosToFirst(atMany),
      flatness,
      notes: [`at ${written(many)} it costs ${flatness.toFixed(2)} times what it does at ${written(few)}`],
    }
  })
}
