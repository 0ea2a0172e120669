import { OptimisticCacheError } from '../errors.js'
import { toJSON } from './json.js'

const SIZES = /** @type {const} */ (['maxBytes', 'maxEntries', 'maxTags', 'maxMutations', 'maxViews', 'maxLog'])
const LIMITS = /** @type {const} */ ([
  'keyBytes', 'valueBytes', 'tagBytes', 'tagsPerEntry', 'jsonDepth',
  'operationsPerMutation', 'mutationBytes', 'pendingPerPrincipal', 'viewAge',
])

/**
 * The one flat object that the addon's `open` takes.
 * @param {import('./types.js').CacheOptions} options
 * @returns {Record<string, unknown>}
 */
export function toOpenOptions(options) {
  if (typeof options !== 'object' || options === null || options.limits === null) {
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'options, and limits in it, must be objects')
  }
  const { name = 'default', memory = 'private', shapes, limits = {} } = options
  if (memory !== 'private') {
    const message = `memory must be 'private', not ${JSON.stringify(memory)}`
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
  }
  /** @type {Record<string, unknown>} */
  const flat = { name, shapes: shapes === undefined ? undefined : toJSON(shapes, 'shapes') }
  for (const size of SIZES) flat[size] = options[size]
  for (const limit of LIMITS) flat[limit] = limits[limit]
  return flat
}

/**
 * @param {import('./types.js').CacheOptions} options
 * @returns {number} how many parsed objects a thread keeps
 */
export function maxMemoOf({ maxMemo = 1024 }) {
  if (Number.isSafeInteger(maxMemo) && maxMemo >= 0) return maxMemo
  throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'maxMemo must be an integer that is not negative')
}
