// What browsers and edge runtimes get instead of `payload-optimistic-cache`, `…/payload` and `…/next`. The names are
// exported so that a bundler links the import, and this message, not the bundler's, tells what is wrong.
const explanation =
  'payload-optimistic-cache, payload-optimistic-cache/payload and payload-optimistic-cache/next hold a native addon, ' +
  'which runs only on Node.js. In code for the browser import payload-optimistic-cache/query (query and mutation ' +
  "definitions) or payload-optimistic-cache/react (hooks) instead; on the server set `export const runtime = 'nodejs'`."

/** @returns {never} */
function unavailable() {
  throw Object.assign(new Error(explanation), { code: 'ERR_OPTIMISTIC_UNAVAILABLE' })
}

export const cacheOf = unavailable
export const openCache = unavailable
export const openView = unavailable
export const optimisticCache = unavailable
export const OptimisticCacheError = unavailable

unavailable()
