// Starts worker threads that use a cache, and terminates them while they do; prints as JSON what this process has after
// a tenth of them, and after all.
//
//   node --expose-gc churn-main.js <how many> <seed> <name> [kept]
//
// `kept`: this thread has the cache open all the time, and others use it two at a time. Otherwise it is opened and
// closed, and the addon loaded and unloaded, with each thread.
import fs from 'node:fs'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { random } from './kill-soak-random.js'

const [threads, seed] = process.argv.slice(2, 4).map(Number)
const [name, keeps] = process.argv.slice(4)
const draw = random(seed)
const KINDS = ['set', 'get', 'view', 'begin', 'fetch', 'wait', 'listen', 'open']
const MOST_TURNS = 60
const OPTIONS = { name, maxBytes: 4 << 20, maxMutations: 2048, shapes: { orders: {} } }

/** What this process has of what can leak. */
function possessions() {
  globalThis.gc?.()
  const maps = fs.readFileSync('/proc/self/maps', 'utf8').trimEnd().split('\n')
  return {
    files: fs.readdirSync('/proc/self/fd').length,
    threads: fs.readdirSync('/proc/self/task').length,
    arenas: maps.filter((line) => line.includes(name)).length,
    addons: maps.filter((line) => line.includes('optimistic_cache.node')).length,
    mappings: maps.length,
    bytes: process.memoryUsage.rss(),
  }
}

/** @param {string} kind of use; see churn-worker.js */
async function terminateInUse(kind) {
  const turns = new Int32Array(new SharedArrayBuffer(4))
  const options = { ...OPTIONS, memory: kept || draw(2) ? 'shared' : 'private' }
  const worker = new Worker(new URL('churn-worker.js', import.meta.url), { workerData: { options, kind, turns } })
  const failed = new Promise((_, reject) => {
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the thread for '${kind}' ended by itself with ${code}`)))
  })
  failed.catch(() => {}) // it is terminated in the end
  const until = draw(MOST_TURNS)
  for (let seen; (seen = Atomics.load(turns, 0)) < until; ) {
    await Promise.race([Atomics.waitAsync(turns, 0, seen).value, failed])
  }
  await worker.terminate()
}

let started = 0

/** @param {number} until starts threads, one after the other, until there have been so many */
async function churn(until) {
  while (started < until) await terminateInUse(KINDS[started++ % KINDS.length])
}

/** What terminated threads had begun expires. */
async function untilAllIsSettled() {
  const alive = setInterval(() => {}, 60_000) // a listener keeps no event loop alive
  for (;;) {
    const told = new Promise((resolve) => kept.on('expire', resolve))
    if (kept.stats().mutationsPending === 0) break
    await told
  }
  clearInterval(alive)
}

const kept = keeps && (await import('../../lib/index.js')).openCache({ ...OPTIONS, memory: 'shared' })
const lanes = kept ? [churn, churn] : [churn]
await Promise.all(lanes.map((lane) => lane(Math.ceil(threads / 10))))
const before = possessions()
await Promise.all(lanes.map((lane) => lane(threads)))
if (kept) await untilAllIsSettled()
console.log(JSON.stringify({ before, after: possessions(), stats: kept && kept.stats() }))
