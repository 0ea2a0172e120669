/** The overlay, for every kind of query: globals, and those of the user's own, are put as what it knows. */
import { holdsDocumentOf, overlay } from './overlay.js'

/** @typedef {import('./layer.js').Operation} Operation */
/** @typedef {import('../cache/types.js').Shapes} Shapes */
/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */

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
