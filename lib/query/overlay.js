/**
 * Lays operations over an answer: what the server does on bytes (src/), here on objects. The rules are Payload's own
 * for an update, and never guess at what the answer cannot show:
 *
 * - a group merges, every other value replaces, arrays and rich text whole; null sets null;
 * - a member that the document does not have is not added: it was deselected, or hidden from this user;
 * - a localized field changes in answers of the locale that it was changed in;
 * - a populated relation never turns into a bare id. When the new document is not known in the same shape, the field
 *   stays as it was;
 * - a list follows its where and sort as far as they can be decided, and its numbers and the counts with it. A document
 *   enters a list when another answer shows it in the list's shape. Joins are lists that lie in documents.
 *
 * What an operation does not touch keeps its identity, and an answer that nothing touches is returned itself.
 */
import { changes } from './layer.js'
import { mapDocuments } from './overlay/documents.js'
import { mayMoveInJoins } from './overlay/joins.js'
import { follow, mayMove } from './overlay/membership.js'
import { Sight } from './overlay/sight.js'
import { isObject } from './share.js'

/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../cache/types.js').Operation} Operation */
/** @typedef {import('../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('../cache/types.js').Shapes} Shapes */
/** @typedef {import('./overlay/documents.js').Document} Document */
/** @typedef {import('./overlay/documents.js').Knows} Knows */

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Operation[]} operations later ones lie over earlier ones
 * @param {Shapes} shapes
 * @param {Knows} [known] what the cached answers (this one too) show without any overlay
 * @returns {any}
 */
export function overlay(answer, description, operations, shapes, known = () => []) {
  if (!isObject(answer)) return answer
  return operations.reduce((shown, operation, index) => {
    if (operation.type === 'invalidate' || isBlank(operation) || isRepeated(operations, index)) return shown
    return layOver(shown, description, operation, new Sight(description, operations.slice(0, index + 1), shapes, known))
  }, answer)
}

/**
 * Which document is written, or what, is not said (yet), so there is nothing to show.
 * @param {DocumentOperation} operation
 */
const isBlank = ({ type, id, data, doc }) =>
  id === undefined || (type === 'update' && !data) || (type === 'create' && !data && !doc)

/**
 * A document comes to be, and goes, once: who counts must not count it twice.
 * @param {Operation[]} operations
 * @param {number} index
 */
function isRepeated(operations, index) {
  const { collection, id, type } = /** @type {DocumentOperation} */ (operations[index])
  const last = operations.slice(0, index).findLast((operation) =>
    ['create', 'delete'].includes(operation.type) && changes([operation], collection, String(id))
  )
  return type !== 'update' && last?.type === type
}

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {DocumentOperation} operation
 * @param {Sight} sight
 */
function layOver(answer, description, operation, sight) {
  const { collection } = operation
  const { shapes } = sight
  /** @type {Document | undefined} */
  let top
  const merged = mapDocuments(answer, description, shapes, (document, shown, level) => {
    if (level === 0 && changes([operation], shown, document.id)) top = document
    return sight.changed({ document, description, level }, shown, operation)
  })
  if (!mayMove(description, operation, operation.data, shapes[collection])) return merged
  const facts = sight.facts(operation, top, () => sight.listed(operation, merged.docs))
  return follow(merged, description, operation, shapes[collection] ?? {}, facts)
}

/**
 * Does the answer hold one of the documents that the operations name, at whatever depth, or may the operations change
 * who belongs to it?
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Operation[]} operations
 * @param {Shapes} shapes
 */
export function holdsDocumentOf(answer, description, operations, shapes) {
  const written = operations.flatMap((operation) => {
    if (operation.type === 'invalidate') return []
    return [{ ...operation, data: { updatedAt: 1, ...operation.data, ...operation.doc } }]
  })
  let holds = written.some((operation) =>
    mayMove(description, operation, operation.data, shapes[description.collection])
  )
  mapDocuments(answer, description, shapes, (document, collection, level) => {
    const shown = { document, description, level }
    holds ||= changes(operations, collection, document.id)
    holds ||= written.some((operation) => mayMoveInJoins(shown, collection, operation, shapes))
    return document
  })
  return holds
}
