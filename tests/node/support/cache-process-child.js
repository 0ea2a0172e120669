// The other side of cache-process.js.
import process from 'node:process'
import { openCache } from '../../../lib/index.js'

let cache

const methods = {
  open: (options) => {
    cache = openCache(options)
  },
  generation: () => cache.generation,
}

process.on('message', async ({ id, method, args }) => {
  try {
    const act = methods[method] ?? cache[method].bind(cache)
    process.send({ id, result: await act(...args) })
  } catch ({ code, message }) {
    process.send({ id, error: { code, message } })
  }
})
