/**
 * Who belongs to a list or a count after an operation, and at which place. The rules are in `tests/vectors/README.md`.
 */
import { compare, matches, membersOf, valuesAt } from './where.js'

/** @typedef {import('../query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('../../cache/types.js').Shape} Shape */
/** @typedef {import('./documents.js').Document} Document */
/** @typedef {Record<string, any>} Args of a query */

/**
 * What is known of the operation's document. Members that are not known are missing.
 * @typedef {object} Facts
 * @property {Document} before
 * @property {Document} after
 * @property {() => Document | undefined} shown as the list shows documents, when it is known like that
 */

/**
 * May the operation change who belongs to the answer, or the order?
 * @param {QueryDescription} description
 * @param {DocumentOperation} operation
 * @param {Shape} [shape]
 */
export function mayMove({ type, collection, args }, operation, shape) {
  const keys = type === 'find' ? sortKeys(args) : []
  const members = [...membersOf(whereOf(args, shape)), ...keys.map(({ path }) => path[0])]
  const { data, doc } = operation
  return (
    (type === 'find' || type === 'count') &&
    operation.collection === collection &&
    (operation.type !== 'update' || members.some((name) => name in { updatedAt: 1, ...data, ...doc }))
  )
}

/**
 * @param {any} answer in which the operation's data is merged already
 * @param {QueryDescription} description of a `find` or `count`
 * @param {DocumentOperation} operation on a document of its collection
 * @param {Shape} shape
 * @param {Facts} facts
 * @returns {any}
 */
export function follow(answer, { type, args }, { type: change, id }, shape, { before, after, shown }) {
  /** @type {{ docs?: Document[], hasNextPage?: boolean, hasPrevPage?: boolean }} */
  const { docs = [], hasNextPage, hasPrevPage } = answer
  const at = docs.findIndex((item) => String(item.id) === String(id))
  const isShown = at >= 0
  if (change === 'create' && isShown) return answer
  const judge = (/** @type {Document} */ document) => matches(whereOf(args, shape), document, shape.relations ?? {})
  const showsAll = type === 'find' && !hasNextPage && !hasPrevPage

  const asked = change === 'create' ? false : judge(before)
  const was = isShown || (!showsAll && asked)
  const is = change === 'delete' ? false : judge(after)
  if (type === 'count' || !(isShown || is)) return recounted(answer, docs, args, was, is)
  // One that a page of all there is should have shown is hidden from this user.
  if (!isShown && (was === undefined || (showsAll && asked))) return answer

  const others = docs.filter((_, index) => index !== at)
  if (is === false) return recounted(answer, others, args, was, is)
  if (isShown && (!is || haveSameKeys(before, after, args))) return answer
  const place = placeOf(after, others, args, change === 'create')
  if (place === undefined) return answer
  const isInside = !(place === 0 && hasPrevPage) && !(place === others.length && hasNextPage)
  const document = isShown ? docs[at] : isInside && shown()
  if (document && isInside) others.splice(place, 0, document)
  return recounted(answer, answer.limit > 0 ? others.slice(0, answer.limit) : others, args, was, is)
}

/**
 * @param {Args} args
 * @param {Shape} [shape]
 */
const whereOf = ({ where, trash }, shape) =>
  shape?.trash && !trash ? { and: [where ?? {}, { deletedAt: { exists: false } }] } : where

/**
 * @param {Args} args
 * @returns {{ path: string[], descending: boolean }[]} with the one that Payload adds, to settle a tie
 */
function sortKeys({ sort }) {
  const names = [sort || []].flat().flatMap((/** @type {string} */ text) => text.split(','))
  return [...names, '-createdAt'].map((name) => {
    return { path: name.replace('-', '').split('.'), descending: name[0] === '-' }
  })
}

/** @type {(document: Document, path: string[]) => any} */
const sortValue = (document, path) => valuesAt(document, path)[0]

/** @type {(one: Document, other: Document, args: Args) => boolean} */
const haveSameKeys = (one, other, args) =>
  sortKeys(args).every(({ path }) => sortValue(one, path) === sortValue(other, path))

/**
 * Where a document belongs among others: behind those that come before it, or are its equals.
 * @param {Document} document
 * @param {Document[]} others
 * @param {Args} args
 * @param {boolean} isNew then what the database will say of its time is later than all there is
 * @returns {number | undefined} undefined when an order is not known
 */
function placeOf(document, others, args, isNew) {
  let place = 0
  for (const other of others) {
    const order = orderOf(document, other, args, isNew)
    if (order === undefined) return undefined
    if (order >= 0) place++
  }
  return place
}

/** @type {(document: Document, other: Document, args: Args, isNew: boolean) => number | undefined} */
function orderOf(document, other, args, isNew) {
  for (const { path, descending } of sortKeys(args)) {
    const [own, theirs] = [document, other].map((one) => sortValue(one, path))
    const isLatest = isNew && own === undefined && /^(cre|upd)atedAt$/.test(path[0])
    if (own === undefined && theirs === undefined && !isLatest) continue
    const order = isLatest ? 1 : compare(own, theirs)
    if (order !== 0) return order && (descending ? -order : order)
  }
  return 0
}

/**
 * @param {any} answer
 * @param {Document[]} docs
 * @param {Args} args
 * @param {import('./where.js').Truth} was
 * @param {import('./where.js').Truth} is
 * @returns {any} with those documents, and the numbers that follow
 */
function recounted(answer, docs, { pagination }, was, is) {
  const { limit, page } = answer
  const change = was === undefined || is === undefined ? 0 : Number(is) - Number(was)
  const totalDocs = answer.totalDocs + change
  if (!answer.docs) return change ? { ...answer, totalDocs } : answer
  const isSame = docs.length === answer.docs.length && docs.every((item, index) => item === answer.docs[index])
  if (isSame && !change) return answer
  if (!limit || pagination === false) return { ...answer, docs, totalDocs: docs.length }
  const totalPages = Math.max(1, Math.ceil(totalDocs / limit))
  const hasNextPage = page < totalPages
  const pagingCounter = (page - 1) * limit + 1
  return { ...answer, docs, totalDocs, totalPages, hasNextPage, nextPage: hasNextPage ? page + 1 : null, pagingCounter }
}
