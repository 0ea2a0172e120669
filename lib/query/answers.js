import { holdsDocumentOf, overlay } from './overlay.js'
import { compareVersions, versionOfResponse } from './version.js'

/** @typedef {import('./version.js').Version} Version */
/** @typedef {import('./layer.js').Operation} Operation */
/** @typedef {import('../cache/types.js').Shapes} Shapes */
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

/** What a query of the user's own is taken for: a document whose relations are the documents in it. */
const ANY = ' '

/**
 * A description and shapes of which the overlay knows, for answers of which it does not.
 * @param {QueryDescription} description
 * @param {Shapes} shapes
 * @param {any} page
 * @returns {[QueryDescription, Shapes]}
 */
function known(description, shapes, page) {
  const { type, args, documents } = description
  if (documents) {
    return [{ type: 'findByID', collection: ANY, args: {} }, { ...shapes, [ANY]: { relations: documents } }]
  }
  if (type !== 'findGlobal') return [page ? { ...description, args: { ...args, page } } : description, shapes]
  const global = shapes[`global:${args.slug}`]
  return [{ ...description, type: 'findByID' }, { ...shapes, ...(global && { global }) }]
}

/**
 * A global is the document of its slug, whatever id the database gives it.
 * @param {any} answer
 * @param {QueryDescription} description
 */
const named = (answer, { type, args }) => (type === 'findGlobal' ? { ...answer, id: args.slug } : answer)

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Operation[]} operations
 * @param {Shapes} shapes
 * @param {any} [page]
 * @param {import('./overlay/documents.js').Knows} [knows] documents that other answers show
 * @returns {any}
 */
export function layOver(answer, description, operations, shapes, page, knows) {
  const [like, itsShapes] = known(description, shapes, page)
  const laid = overlay(named(answer, description), like, operations, itsShapes, knows)
  return description.type === 'findGlobal' ? { ...laid, id: answer.id } : laid
}

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Operation[]} operations
 * @param {Shapes} shapes
 */
export function holds(answer, description, operations, shapes) {
  const [like, itsShapes] = known(description, shapes, undefined)
  return holdsDocumentOf(named(answer, description), like, operations, itsShapes)
}
