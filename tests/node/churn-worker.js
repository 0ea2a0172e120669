// A thread that does one kind of thing to a cache without end; to be terminated. It counts in `workerData.turns` how
// often it has done it.
import { workerData } from 'node:worker_threads'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'

const { options, kind, turns } = workerData
const ADA = `users:${v7()}` // whose pending mutations are limited
const OPERATION = { type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }
const QUERY = { type: 'findByID', collection: 'orders', id: 7, depth: 0 }
const ORDER = { id: 7, status: 'pending', text: 'x'.repeat(2000) }

const load = async () => {
  await new Promise(setImmediate)
  return ORDER
}

setInterval(() => {}, 60_000) // listeners and loads keep no event loop alive
const cache = openCache(options)

/** @type {Record<string, (turn: number) => unknown>} */
const kinds = {
  set: (turn) => cache.set(`key ${turn % 50}`, { turn, text: 'x'.repeat(turn % 3000) }, { tags: ['tag'], ttl: 1000 }),
  get: (turn) => {
    if (turn % 10 === 0) cache.set('order', ORDER, { query: QUERY })
    cache.get('order')
    cache.getBytes('order')
  },
  view: (turn) => {
    const token = v7()
    cache.begin(token, { principal: ADA, operations: [OPERATION], ttl: 1000 })
    const view = cache.view({ principal: ADA, tokens: [token] })
    cache.get('order', view)
    if (turn % 3) view.close()
    cache.rollback(token)
  },
  begin: (turn) => {
    const token = v7()
    cache.begin(token, { principal: ADA, operations: [OPERATION], ttl: 1000 })
    if (turn % 8 < 4) cache.commit(token)
    else if (turn % 8 < 7) cache.rollback(token)
  },
  fetch: (turn) => Promise.all([0, 1, 2].map((key) => cache.fetch(`key ${(turn + key) % 9}`, { ttl: 5 }, load))),
  wait: async () => {
    const token = v7()
    const known = cache.known([token], ADA, { timeout: 60_000 })
    cache.begin(token, { principal: ADA, operations: [OPERATION], ttl: 1000 })
    await known
    const settled = cache.settled(token, ADA, { timeout: 60_000 })
    cache.commit(token)
    await settled
  },
  listen: async () => {
    const told = new Promise((resolve) => {
      const listener = () => {
        cache.off('invalidate', listener)
        resolve(undefined)
      }
      cache.on('invalidate', listener)
    })
    cache.invalidate(['tag'])
    await told
  },
  open: (turn) => {
    const another = openCache({ ...options, name: `${options.name}-${turn % 2}` })
    another.set('key', turn)
    another.close()
  },
}

for (let turn = 0; ; turn++) {
  const done = kinds[kind](turn)
  if (done instanceof Promise) await done
  Atomics.add(turns, 0, 1)
  Atomics.notify(turns, 0)
}
