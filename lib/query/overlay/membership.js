/**
 * Who belongs to a list or a count after an operation, and at which place. The rules are in `tests/vectors/README.md`.
 */
import { compare, matches, membersOf, valuesOf } from './where.js'

/** @typedef {import('../query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('../../cache/types.js').Shape} Shape */
/** @typedef {import('./documents.js').Document} Document */
/** @typedef {Record<string, any>} Args of a query */

/** @typedef {import('./where.js').Source} Source */

/**
 * What is known of the operation's document.
 * @typedef {object} Facts
 * @property {Source[]} before
 * @property {Source[]} after
 * @property {() => Document | undefined} shown as the list shows documents, when it is known like that
 */

/**
 * May the operation change who belongs to the answer, or the order?
 * @param {QueryDescription} description
 * @param {DocumentOperation} operation
 * @param {Document | undefined} written by an update
 * @param {Shape} [shape]
 */
export function mayMove({ type, collection, args }, operation, written = {}, shape) {
  const keys = type === 'find' ? sortKeys(args) : []
  const members = [...membersOf(whereOf(args, shape)), ...keys.map(({ path }) => path.split('.')[0])]
  return (
    (type === 'find' || type === 'count') &&
    operation.collection === collection &&
    (operation.type !== 'update' || members.some((name) => name in written))
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
  /** @type {{ docs?: Document[], hasNextPage?: boolean, limit?: number, page?: number }} */
  const { docs = [], hasNextPage, limit = 0, page = 1 } = answer
  // Of one beyond the last, and without pagination, `hasPrevPage` does not say so.
  const isLater = limit > 0 && page > 1
  const at = docs.findIndex((item) => String(item.id) === String(id))
  const isShown = at >= 0
  if (change === 'create' && isShown) return answer
  const judge = (/** @type {Source[]} */ known) => matches(whereOf(args, shape), known, shape)
  const showsAll = type === 'find' && !hasNextPage && !isLater

  const asked = change === 'create' ? false : judge(before)
  const was = isShown || (!showsAll && asked)
  const is = change === 'delete' ? false : judge(after)
  if (type === 'count' || !(isShown || is)) return recounted(answer, docs, args, was, is)
  // One that a page of all there is should have shown is hidden from this user.
  if (!isShown && (was === undefined || (showsAll && asked))) return answer

  const others = docs.filter((_, index) => index !== at)
  if (is === false) return recounted(answer, others, args, was, is)
  if (isShown && (!is || haveSameKeys(before, after, args, shape))) return answer
  const place = placeOf(after, others, args, shape, change === 'create')
  if (place === undefined) return answer
  const isInside = !(place === 0 && isLater) && !(place === others.length && hasNextPage)
  const document = isShown ? docs[at] : isInside && shown()
  if (document && isInside) others.splice(place, 0, document)
  return recounted(answer, limit > 0 ? others.slice(0, limit) : others, args, was, is)
}

/**
 * @param {Args} args
 * @param {Shape} [shape]
 */
export const whereOf = ({ where, trash }, shape) =>
  shape?.trash && !trash ? { and: [where ?? {}, { deletedAt: { exists: false } }] } : where

/**
 * @param {Args} args
 * @returns {{ path: string, descending: boolean }[]} with the one that Payload adds, to settle a tie
 */
function sortKeys({ sort }) {
  const names = [sort || []].flat().flatMap((/** @type {string} */ text) => text.split(','))
  return [...names, '-createdAt'].map((name) => ({ path: name.replace('-', ''), descending: name[0] === '-' }))
}

/** @type {(one: Source[], other: Source[], args: Args, shape: Shape) => boolean} */
const haveSameKeys = (one, other, args, shape) =>
  sortKeys(args).every(({ path }) => {
    const [a, b] = [one, other].map((known) => valuesOf(known, path, shape)[0])
    return (a?.id ?? a) === (b?.id ?? b)
  })

/**
 * Where a document belongs among others: behind those that come before it, or are its equals.
 * @param {Source[]} known of it
 * @param {Document[]} others
 * @param {Args} args
 * @param {Shape} shape
 * @param {boolean} isNew then what the database will say of its time is later than all there is
 * @returns {number | undefined} undefined when an order is not known
 */
function placeOf(known, others, args, shape, isNew) {
  let [low, high] = [0, others.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const order = orderOf(known, [{ document: others[middle] }], args, shape, isNew)
    if (order === undefined) return undefined
    if (order < 0) high = middle
    else low = middle + 1
  }
  return low
}

/** @type {(known: Source[], other: Source[], args: Args, shape: Shape, isNew: boolean) => number | undefined} */
function orderOf(known, other, args, shape, isNew) {
  for (const { path, descending } of sortKeys(args)) {
    const [own, theirs] = [known, other].map((sources) => valuesOf(sources, path, shape))
    const isLatest = isNew && own.length === 0 && /^(cre|upd)atedAt$/.test(path)
    if (own.length === 0 && theirs.length === 0 && !isLatest) continue
    const order = isLatest ? 1 : compare(own[0], theirs[0])
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
export function recounted(answer, docs, { pagination }, was, is) {
  const { limit, page } = answer
  const change = was === undefined || is === undefined ? 0 : Number(is) - Number(was)
  const totalDocs = Math.max(0, answer.totalDocs + change)
  if (!answer.docs) return totalDocs !== answer.totalDocs ? { ...answer, totalDocs } : answer
  const isSame = docs.length === answer.docs.length && docs.every((item, index) => item === answer.docs[index])
  const isWhole = !limit || pagination === false
  if (isSame && (isWhole || !change)) return answer
  if (isWhole) return { ...answer, docs, totalDocs: docs.length }
  const totalPages = Math.max(1, Math.ceil(totalDocs / limit))
  const hasNextPage = page < totalPages
  const hasPrevPage = totalDocs > 0 && page > 1
  return {
    ...answer,
    docs,
    totalDocs,
    totalPages,
    hasNextPage,
    nextPage: hasNextPage ? page + 1 : null,
    hasPrevPage,
    prevPage: hasPrevPage ? page - 1 : null,
    pagingCounter: totalDocs > 0 ? (page - 1) * limit + 1 : 1,
  }
}
