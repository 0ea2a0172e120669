import { OptimisticCacheError } from '../errors.js'

/**
 * @param {unknown} value
 * @param {string} name of the argument, for the error
 * @returns {string}
 */
export function toJSON(value, name) {
  let text
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    const message = `${name} cannot be written as JSON; leave out cycles and BigInts, and see the cause`
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message, { cause })
  }
  if (text === undefined) {
    const message = `${name} must be something that JSON can hold, not ${typeof value}; use null for nothing`
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
  }
  return text
}

/**
 * Deep-frozen, because one parsed object is handed to every reader of the thread.
 * @param {string} text
 */
export const frozenFromJSON = (text) => deepFreeze(JSON.parse(text))

/** @param {any} value */
export function deepFreeze(value) {
  if (typeof value !== 'object' || value === null) return value
  for (const key of Object.keys(value)) deepFreeze(value[key])
  return Object.freeze(value)
}
