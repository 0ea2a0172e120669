/** Web Locks, which Node.js has from 24 on: one after another for each name. */
export function newLocks() {
  const last = new Map()
  return {
    request(name, { signal }, run) {
      const free = last.get(name) ?? Promise.resolve()
      const left = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      const next = Promise.race([free, left]).then(run)
      last.set(name, Promise.allSettled([free, next]))
      return next
    },
  }
}
