import { OptimisticCacheError } from './errors.js'

/** Of this package, as package.json has it. */
export const VERSION = '0.1.0'

const LOADED = Symbol.for('payload-optimistic-cache.version')

/**
 * Bundlers make several copies of these modules, which serve one Payload together. That they are of one version is
 * looked at before they do.
 * @throws {OptimisticCacheError} `_ARGUMENT`
 */
export function assertOneVersion() {
  const shared = /** @type {any} */ (globalThis)
  shared[LOADED] ??= VERSION
  if (shared[LOADED] === VERSION) return
  throw new OptimisticCacheError(
    'ERR_OPTIMISTIC_ARGUMENT',
    `two versions of payload-optimistic-cache are loaded, ${shared[LOADED]} and ${VERSION}; leave only one in ` +
      'node_modules (npm ls payload-optimistic-cache, npm dedupe)',
  )
}
