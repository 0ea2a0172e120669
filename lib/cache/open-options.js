import path from 'node:path'
import { OptimisticCacheError } from '../errors.js'
import { toJSON } from './json.js'

/** oc_memory of include/optimistic_cache.h. */
const PRIVATE = 0
const SHARED = 1
const FILE = 2

const SIZES = /** @type {const} */ (['maxBytes', 'maxEntries', 'maxTags', 'maxMutations', 'maxViews', 'maxLog'])
const LIMITS = /** @type {const} */ ([
  'keyBytes', 'valueBytes', 'tagBytes', 'tagsPerEntry', 'jsonDepth',
  'operationsPerMutation', 'mutationBytes', 'pendingPerPrincipal', 'viewAge', 'maxShare',
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
  /** @type {Record<string, unknown>} */
  const flat = { name, shapes: shapes === undefined ? undefined : toJSON(shapes, 'shapes'), ...memoryOf(memory) }
  for (const size of SIZES) flat[size] = options[size]
  for (const limit of LIMITS) flat[limit] = limits[limit]
  return flat
}

/**
 * A relative path starts at the working directory of now, so that two spellings of a path are one cache.
 * @param {unknown} memory
 * @returns {{ memory: number, file?: string }}
 */
function memoryOf(memory) {
  if (memory === 'private') return { memory: PRIVATE }
  if (memory === 'shared') return { memory: SHARED }
  const file = /** @type {{ file?: unknown } | null | undefined} */ (memory)?.file
  if (typeof file === 'string' && file !== '' && !file.includes('\0')) return { memory: FILE, file: path.resolve(file) }
  throw new OptimisticCacheError(
    'ERR_OPTIMISTIC_ARGUMENT',
    "memory must be 'private', 'shared', or { file: path } with a path that is not empty",
  )
}

/**
 * @param {import('./types.js').CacheOptions} options
 * @returns {number} how many parsed objects a thread keeps
 */
export function maxMemoOf({ maxMemo = 1024 }) {
  if (Number.isSafeInteger(maxMemo) && maxMemo >= 0) return maxMemo
  throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'maxMemo must be an integer that is not negative')
}
