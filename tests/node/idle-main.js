// A process that does nothing for a while, with or without a cache; to be run under strace. Prints the ids of its
// threads as JSON: its own, and those that came with the cache.
import fs from 'node:fs'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'

const [what, name, milliseconds] = process.argv.slice(2)

const threads = () => fs.readdirSync('/proc/self/task').map(Number)

function open() {
  const cache = openCache({ name, memory: 'shared', maxBytes: 2 << 20 })
  cache.set('key', { some: 'value' }, { tags: ['tag'], ttl: 3_600_000 })
  globalThis.kept = [cache, cache.view()]
  return cache
}

/** By what idles: what is done before. What a function returns is done afterwards. */
const beginnings = {
  nothing: () => {},
  'an open cache': open,
  'a cache with listeners': () => {
    const cache = open()
    for (const type of ['commit', 'rollback', 'expire', 'invalidate', 'evict']) cache.on(type, () => {})
  },
  'a cache with somebody who waits': () => {
    const cache = open()
    const token = v7()
    cache.begin(token, { principal: 'users:1', operations: [], ttl: 3_600_000 })
    const settled = cache.settled(token, 'users:1', { timeout: 3_600_000 })
    return async () => {
      cache.commit(token)
      await settled
    }
  },
}

const before = new Set(threads())
const end = beginnings[what]()
console.log(JSON.stringify({ main: process.pid, ours: threads().filter((id) => !before.has(id)) }))
await delay(100) // what Node.js still has to do after its start
fs.existsSync('idle: begin')
await delay(Number(milliseconds))
fs.existsSync('idle: end')
if (typeof end === 'function') await end()
setTimeout(() => process.exit(3), 60_000).unref() // it should have ended by itself long ago
