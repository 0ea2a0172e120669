import process from 'node:process'

/** @typedef {import('./cache.js').Cache} Cache */

/** Of all copies of this module in a thread, of which a server under development makes more and more. */
const OPENED = Symbol.for('payload-optimistic-cache.opened')

/**
 * Closes a cache when the process ends by `process.exit()`, or by an error that nobody caught: the addon's own clean-up
 * runs only at the end of a process that has nothing left to do. With a mutation in flight it stays open, so that the
 * others learn of a death: the database may still commit what this process asked for last.
 * @param {Cache} cache
 * @returns {() => void} to be called when it is closed
 */
export function closeAtExit(cache) {
  const opened = openedCaches()
  for (const reference of opened) if (reference.deref() === undefined) opened.delete(reference)
  const own = new WeakRef(cache)
  opened.add(own)
  return () => void opened.delete(own)
}

/** @returns {Set<WeakRef<Cache>>} those of this thread that are open, as long as somebody holds them */
function openedCaches() {
  const known = /** @type {any} */ (globalThis)[OPENED]
  if (known !== undefined) return known
  process.once('exit', closeAll)
  return (/** @type {any} */ (globalThis)[OPENED] = new Set())
}

function closeAll() {
  for (const reference of openedCaches()) {
    const cache = reference.deref()
    if (cache?.stats().mutationsPending === 0) cache.close()
  }
}
