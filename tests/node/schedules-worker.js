// One thread of a schedule: does to the cache what it is told, one step at a time, and answers with plain values. Used
// directly by a schedule on one thread, and as a worker by one on several.
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openCache } from '../../lib/index.js'

export class Actor {
  #cache
  #views = new Map()

  open(options) {
    this.#cache = openCache(options)
  }

  close() {
    this.#cache.close()
    this.#views.clear()
  }

  version() {
    return this.#cache.version
  }

  stats() {
    return this.#cache.stats()
  }

  entries() {
    return this.#cache.entries()
  }

  set(key, value, options) {
    return this.#cache.set(key, value, options)
  }

  /** Reads as an object, and as bytes: they must be the same answer. */
  read(key, viewId, options) {
    const view = this.#views.get(viewId)
    const reading = this.#cache.read(key, view, options)
    const bytes = this.#cache.getBytes(key, view, options)?.toString()
    return { ...reading, value: reading && JSON.stringify(reading.value), bytes, torn: view?.torn ?? false }
  }

  /** Reads through a view, with `loaded` as what the database would say. */
  async fetch(key, viewId, loaded, options, readOptions) {
    const view = this.#views.get(viewId)
    const { value, hit, overlaid } = await this.#cache.fetchEntry(key, options, () => loaded, view, readOptions)
    return { bytes: JSON.stringify(value), hit, overlaid, torn: view.torn }
  }

  view(viewId, options) {
    const view = this.#cache.view(options)
    this.#views.set(viewId, view)
    return { version: view.version, pending: view.pending.map(({ token }) => token), unknown: view.unknown }
  }

  closeView(viewId) {
    this.#views.get(viewId).close()
    this.#views.delete(viewId)
  }

  begin(token, mutation) {
    this.#cache.begin(token, mutation)
  }

  commit(token, mutation) {
    return this.#cache.commit(token, mutation)
  }

  rollback(token) {
    this.#cache.rollback(token)
  }

  expire(token) {
    this.#cache.expire(token)
  }

  record(operations) {
    return this.#cache.record(operations)
  }

  invalidate(tags) {
    return this.#cache.invalidate(tags)
  }
}

if (!isMainThread && workerData?.actor) {
  const actor = new Actor()
  parentPort?.on('message', async ({ method, args }) => {
    try {
      parentPort?.postMessage({ result: await actor[method](...args) })
    } catch (error) {
      parentPort?.postMessage({ error })
    }
  })
}
