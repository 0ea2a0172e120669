import { Cache } from './cache.js'

/**
 * Opens a cache, or joins the one of that name: other threads of the process, other copies of this module, and with
 * shared memory or a file other processes, share its entries, its mutations and its versions. Each `Cache` is to be
 * closed; the last one gives the memory back, or marks the file as whole.
 *
 * @param {import('./types.js').CacheOptions} [options]
 * @returns {Cache}
 * @throws {import('../errors.js').OptimisticCacheError} `_ARGUMENT`, `_SHAPES`, `_FOREIGN`, `_DIFFERS`, `_SPACE`,
 *   `_FULL`, `_MEMORY`, `_SYSTEM`
 */
export const openCache = (options = {}) => new Cache(options)
