// One subject of the job `memory`, in a process of its own: is filled, then meets a mixed load at a steady pace, and
// prints what that did to the event loop and to V8's heap.
//
//   node --expose-gc loaded.mjs <subject> <entries> <seconds>
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import process from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { LRUCache } from 'lru-cache'
import { openCache } from '../../lib/index.js'
import { randomOf } from './random.mjs'

const [subject, entries, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]

const OPERATIONS_PER_SECOND = 20_000
const WRITES = 0.1
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

const random = randomOf(1)
const keyOf = (/** @type {number} */ index) => `order:${index}`
/** Popular ones come first, about as Zipf's law has them. */
const anyIndex = () => Math.floor(entries ** random()) % entries
let made = 0

/** About a kilobyte of JSON, in ten members as an order has them. */
function valueOf(/** @type {number} */ index) {
  made++
  const word = LETTERS[made % 36] + LETTERS[index % 36]
  /** @type {Record<string, unknown>} */
  const value = { id: index, made, total: index * 7, status: 'pending' }
  for (let i = 0; i < 8; i++) value[`text${i}`] = Buffer.alloc(100, `${made}-${i}-${word}`).toString('latin1')
  return value
}

/** @returns {{ get: (key: string) => any, set: (key: string, value: unknown) => unknown, overhead: () => number }} */
function open() {
  if (subject === 'Map') return { ...bound(new Map()), overhead: () => 0 }
  if (subject === 'lru-cache') return { ...bound(new LRUCache({ max: entries })), overhead: () => 0 }
  const options = { maxBytes: Math.max(64 << 20, Math.ceil(entries * 1536)), maxTags: 1024 }
  const cache = openCache({ ...options, name: 'bench', maxEntries: entries + 1024 })
  const before = emptyBytes(options)
  const tags = ['orders']
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, { tags }),
    overhead: () => {
      const { usedBytes, entries: count, evictions } = cache.stats()
      if (count !== entries || evictions > 0) throw new Error(`${count} entries were kept of ${entries}`)
      return (usedBytes - before - contentBytes) / count
    },
  }
}

/** What an arena takes that has hardly room for an entry: the rest is there for the entries, be it in tables or not. */
function emptyBytes(/** @type {object} */ options) {
  const cache = openCache({ ...options, name: 'empty', maxEntries: 1024 })
  const { usedBytes } = cache.stats()
  cache.close()
  return usedBytes
}

/** @param {Map<any, any> | LRUCache<any, any>} map */
const bound = (map) => ({
  get: (/** @type {string} */ key) => map.get(key),
  set: (/** @type {string} */ key, /** @type {any} */ value) => map.set(key, value),
})

let contentBytes = 0

function fill(/** @type {ReturnType<typeof open>} */ cache) {
  for (let index = 0; index < entries; index++) {
    const value = valueOf(index)
    cache.set(keyOf(index), value)
    contentBytes += keyOf(index).length + JSON.stringify(value).length
  }
}

const heapMegabytes = () => getHeapStatistics().used_heap_size / 2 ** 20

/** @param {ReturnType<typeof open>} cache */
async function load(cache) {
  const start = performance.now()
  const end = start + seconds * 1000
  let done = 0
  let peak = 0
  for (let now = start; now < end; now = performance.now()) {
    const due = Math.min(((now - start) / 1000) * OPERATIONS_PER_SECOND, done + 100)
    for (; done < due; done++) {
      const index = anyIndex()
      if (random() < WRITES) cache.set(keyOf(index), valueOf(index))
      else if (cache.get(keyOf(index)).id !== index) throw new Error('another entry was answered')
    }
    peak = Math.max(peak, heapMegabytes())
    await nextTurn()
  }
  return { operations: done, peak }
}

const cache = open()
fill(cache)
const overhead = cache.overhead()
globalThis.gc?.()
const filled = heapMegabytes()
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const { operations, peak } = await load(cache)
delay.disable()
console.log(JSON.stringify({
  p99: delay.percentile(99) / 1e6,
  longest: delay.max / 1e6,
  heap: filled,
  peak,
  overhead,
  operations,
}))
