import { versionOfResponse } from './version.js'

/** @typedef {import('./version.js').Version} Version */

/**
 * The version of each answer, kept beside the answer: a query's data has exactly the shape that Payload gives it.
 * @type {WeakMap<object, Version>}
 */
const versions = new WeakMap()

/**
 * @param {any} answer parsed
 * @param {Response} response
 * @returns {any} the answer
 */
export function noteVersion(answer, response) {
  const version = versionOfResponse(response)
  if (version) versions.set(answer, version)
  return answer
}

/**
 * @param {unknown} answer
 * @returns {Version | undefined}
 */
export const versionOfAnswer = (answer) => versions.get(/** @type {object} */ (answer))
