import { OptimisticCacheError } from '../errors.js'

/** The longest that setTimeout can wait. */
export const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * @param {{ ttl?: number, swr?: number }} options milliseconds
 * @returns {{ expiresAt: number, staleUntil: number }} milliseconds of the epoch; 0 for never
 */
export function expiryOf({ ttl, swr }) {
  if (ttl === undefined && swr !== undefined) {
    const message = 'swr needs a ttl: an entry that never expires is never stale'
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
  }
  if (ttl === undefined) return { expiresAt: 0, staleUntil: 0 }
  const expiresAt = Math.ceil(Date.now() + milliseconds(ttl, 'ttl'))
  return { expiresAt, staleUntil: swr === undefined ? 0 : Math.ceil(expiresAt + milliseconds(swr, 'swr')) }
}

/**
 * @param {number | undefined} timeout milliseconds
 * @param {number} otherwise
 */
export const timeoutOf = (timeout, otherwise) =>
  timeout === undefined ? otherwise : Math.min(milliseconds(timeout, 'timeout'), MAX_TIMEOUT)

const DEFAULT_LOAD_TIMEOUT = 30_000

/**
 * @param {{ loadTimeout?: number }} options milliseconds
 * @returns {number} a whole number, 1 at least
 */
export const loadTimeoutOf = ({ loadTimeout = DEFAULT_LOAD_TIMEOUT }) =>
  Math.max(Math.ceil(milliseconds(loadTimeout, 'loadTimeout')), 1)

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {number}
 */
function milliseconds(value, name) {
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER / 4) return value
  const message = `${name} must be a number of milliseconds that is not negative, not ${String(value)}`
  throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
}
