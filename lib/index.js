/** @typedef {import('./cache/cache.js').Cache} Cache */
/** @typedef {import('./cache/view.js').View} View */
/** @typedef {import('./cache/types.js').Operation} Operation */
/** @typedef {import('./cache/types.js').Query} Query */
/** @typedef {import('./cache/types.js').Shapes} Shapes */
/** @typedef {import('./cache/types.js').CacheOptions} CacheOptions */
/** @typedef {import('./cache/types.js').MutationStatus} MutationStatus */

export { openCache } from './cache/open-cache.js'
export { OptimisticCacheError } from './errors.js'
