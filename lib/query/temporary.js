/**
 * A document that is being created has a temporary id, its mutation's token, until the server has given it one. What
 * was said of the temporary id in the meantime, by mutations behind the create and by components that hold it, means
 * the real one from then on. Kept for the life of the page, as are its React keys.
 */

/** @type {Map<unknown, string | number>} */
const realIDs = new Map()
/** @type {Map<string, string>} */
const temporaryIDs = new Map()

/**
 * @param {string} collection
 * @param {string} temporaryID
 * @param {string | number} id
 */
export function noteRealID(collection, temporaryID, id) {
  realIDs.set(temporaryID, id)
  temporaryIDs.set(`${collection}:${id}`, temporaryID)
}

/**
 * @template T
 * @param {T} id
 */
export const realIDOf = (id) => /** @type {T} */ (realIDs.get(id) ?? id)

/**
 * @param {string} collection
 * @param {string | number} id
 * @returns {string | number} the same before and after a create that this page made
 */
export const keyOf = (collection, id) => temporaryIDs.get(`${collection}:${id}`) ?? id
