import { compareVersions, versionOfResponse } from './version.js'

/** @typedef {import('./version.js').Version} Version */
/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */

/**
 * The version of each answer, kept beside the answer: a query's data has exactly the shape that Payload gives it.
 * @type {WeakMap<object, Version | undefined>}
 */
const versions = new WeakMap()

/**
 * @param {any} answer
 * @param {Version | undefined} version
 * @returns {any} the answer
 */
export function noteVersion(answer, version) {
  if (Object(answer) === answer) versions.set(answer, version)
  return answer
}

/**
 * @param {any} answer parsed
 * @param {Response} response
 * @returns {any} the answer
 */
export const noteResponse = (answer, response) => noteVersion(answer, versionOfResponse(response))

/**
 * @param {any} answer
 * @returns {Version | undefined}
 */
export const versionOfAnswer = (answer) => versions.get(answer)

/**
 * @param {any} one
 * @param {any} other
 * @returns {boolean} is it certainly older?
 */
export const isOlder = (one, other) => (compareVersions(versions.get(one), versions.get(other)) ?? 0) < 0

/**
 * The answers that a query's data is made of: the pages of an infinite query, else the data.
 * @param {any} data
 * @param {QueryDescription} description
 * @returns {any[]}
 */
export const answersIn = (data, { isInfinite }) => (data === undefined ? [] : isInfinite ? data.pages : [data])

/**
 * @param {any} data
 * @param {QueryDescription} description
 * @param {(answer: any, pageParam?: any) => any} change
 * @returns {any}
 */
export function mapAnswers(data, { isInfinite }, change) {
  if (data === undefined || !isInfinite) return data && change(data)
  const { pages, pageParams } = data
  const changed = pages.map((/** @type {any} */ page, /** @type {number} */ at) => change(page, pageParams[at]))
  return { ...data, pages: changed }
}
