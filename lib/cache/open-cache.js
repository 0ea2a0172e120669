import { Cache } from './cache.js'

/**
 * Opens a cache, or joins the one of that name: other threads of the process, and other copies of this module, share
 * its entries, its mutations and its versions. Each `Cache` is to be closed; the last one gives the memory back.
 *
 * @param {import('./types.js').CacheOptions} [options]
 * @returns {Cache}
 * @throws {import('../errors.js').OptimisticCacheError} `_ARGUMENT`, `_SHAPES`, `_MEMORY`, `_SYSTEM`
 */
export const openCache = (options = {}) => new Cache(options)
