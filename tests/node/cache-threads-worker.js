// A thread that does to a cache what it is told. Methods of the cache by name; views by number.
import { parentPort, workerData } from 'node:worker_threads'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'

const cache = openCache({ name: workerData.name })
const views = []

const methods = {
  view: (options) => views.push(cache.view(options)) - 1,
  get: (key, view) => cache.get(key, views[view]),
  torn: (view) => views[view].torn,
  /** Sets order 7 and customer 1 to the same number in one mutation, again and again, until `stop[0]` is not 0. */
  commitWithoutPause: (stop) => {
    for (let number = 1; Atomics.load(stop, 0) === 0; number++) {
      const token = v7()
      const operations = [
        { type: 'update', collection: 'orders', id: 7, data: { status: number } },
        { type: 'update', collection: 'customers', id: 1, data: { name: number } },
      ]
      cache.begin(token, { principal: 'users:1', operations })
      cache.commit(token)
    }
  },
  /** Reads and writes without end; to be terminated. */
  churn: (id) => {
    for (let i = 0; ; i++) {
      const view = cache.view({ principal: 'users:1', tokens: workerData.tokens })
      cache.set(`churn ${i % 50}`, { i, text: 'x'.repeat(i % 500) }, { tags: ['churn'] })
      cache.getBytes('order', view)
      cache.get('order', view)
      if (i % 3) view.close()
      if (i === 100) parentPort.postMessage({ id, result: 'churning' })
    }
  },
}

parentPort.on('message', async ({ id, method, args }) => {
  try {
    const act = method === 'churn' ? () => methods.churn(id) : (methods[method] ?? cache[method].bind(cache))
    parentPort.postMessage({ id, result: await act(...args) })
  } catch ({ code, message }) {
    parentPort.postMessage({ id, error: { code, message } })
  }
})
