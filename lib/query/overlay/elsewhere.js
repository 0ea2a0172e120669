/**
 * Lists are read one by one, and somebody else may move a document between two of the reads: the first shows it where
 * it was, the second where it is. The newer answer is right. (In the other order it is in neither: see `beside.js`.)
 */
import { changes } from '../layer.js'
import { recounted, whereOf } from './membership.js'
import { isAlike } from './sight.js'
import { matches } from './where.js'

/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('../layer.js').Operation} Operation */
/** @typedef {import('../../cache/types.js').DocumentOperation} DocumentOperation */

/** What of a query's arguments makes a document have other values than in another answer. */
const READING = ['locale', 'fallbackLocale', 'draft', 'scope']

/**
 * Takes out of a list what other lists show, as newer answers of theirs have it, not to belong there any more.
 * @param {any} shown the answer with the operations over it
 * @param {any} answer
 * @param {import('../query-key.js').QueryDescription} description
 * @param {Operation[]} operations
 * @param {import('../../cache/types.js').Shapes} shapes
 * @param {import('./documents.js').Knows} known
 * @returns {any}
 */
export function withoutMoved(shown, answer, description, operations, shapes, known) {
  const { type, collection, args } = description
  if (type !== 'find' || !args.where || !shown?.docs) return shown
  /** @type {(sources: import('./where.js').Source[]) => import('./where.js').Truth} */
  const belongs = (sources) => matches(whereOf(args, shapes[collection]), sources, shapes[collection] ?? {})
  /** @type {(document: Document) => boolean} */
  const isMoved = (document) => {
    const own = answer.docs.find((/** @type {Document} */ { id }) => id === document.id)
    // It stays where the database had it until another list shows it.
    const copy = known(collection, document.id).find(
      ({ age = 0, description: one }) => age > 0 && (!own || one.args.where) && isAlike(one, description, READING)
    )
    // Where the list's own copy would not either, what is shown is not what the database decides on.
    if (!copy || (own && belongs([{ document: own }]) === false)) return false
    const isLater = (/** @type {Operation} */ one) =>
      changes([one], collection, document.id) && copy.missed?.(one).includes(one)
    const later = operations.filter(isLater).reverse()
    const written = later.map((one) => ({ document: /** @type {DocumentOperation} */ (one).data }))
    return belongs([...written, { document: copy.document }]) === false
  }
  return shown.docs.filter(isMoved).reduce(
    (/** @type {any} */ page, /** @type {Document} */ moved) =>
      recounted(page, page.docs.filter((/** @type {Document} */ other) => other !== moved), args, true, false),
    shown
  )
}
