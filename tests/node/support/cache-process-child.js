// The other side of cache-process.js.
import assert from 'node:assert/strict'
import process from 'node:process'
import { openCache } from '../../../lib/index.js'

let cache
const heard = []

const methods = {
  /** Notes what is told of these types. */
  listen: (types) => {
    for (const type of types) cache.on(type, (event) => heard.push(event))
  },
  /** What was told, as soon as that are `count` events. */
  heard: async (count) => {
    while (heard.length < count) await new Promise(setImmediate)
    return heard
  },
  open: (options) => {
    cache = openCache(options)
  },
  generation: () => cache.generation,
  exit: () => process.exit(),
  fail: () => setImmediate(() => assert.fail('nobody catches this')),
}

process.on('message', async ({ id, method, args }) => {
  try {
    const act = methods[method] ?? cache[method].bind(cache)
    process.send({ id, result: await act(...args) })
  } catch ({ code, message }) {
    process.send({ id, error: { code, message } })
  }
})
