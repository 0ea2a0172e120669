/**
 * Who belongs to a list or a count after an operation, and at which place. The rules are in `tests/vectors/README.md`.
 */
import { isObject } from '../share.js'
import { compareKeys, matches, membersOf, valuesOf } from './where.js'

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
 * @property {Source[]} then as far as the answer must have known it
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
export function mayMove({ type, collection, args }, operation, written, shape) {
  return (
    (type === 'find' || type === 'count') &&
    operation.collection === collection &&
    looksAt(args, operation, written, shape, type === 'find')
  )
}

/**
 * Do where or sort look at what the operation writes?
 * @param {Args} args
 * @param {DocumentOperation} operation
 * @param {Document | undefined} written by an update
 * @param {Shape} [shape]
 * @param {boolean} [isSorted]
 */
export function looksAt(args, { type }, written = {}, shape, isSorted = true) {
  const keys = isSorted ? sortKeys(args) : []
  const members = [...membersOf(whereOf(args, shape)), ...keys.map(({ path }) => path.split('.')[0])]
  return type !== 'update' || members.some((name) => name in written)
}

/**
 * @param {any} answer in which the operation's data is merged already
 * @param {{ type: string, args: Args }} description of a `find` or `count`, or a `join`, whose documents may be ids
 * @param {DocumentOperation} operation on a document of its collection
 * @param {Shape} shape
 * @param {Facts} facts
 * @returns {any}
 */
export function follow(answer, { type, args }, { type: change, id }, shape, { before, then, after, shown }) {
  /** @type {{ docs?: Document[], hasNextPage?: boolean, limit?: number, page?: number }} */
  const { docs = [], hasNextPage, limit = 0, page = 1 } = answer
  // Of one beyond the last, and without pagination, `hasPrevPage` does not say so.
  const isLater = limit > 0 && page > 1
  const at = docs.findIndex((item) => isItself(item, id, args.relationTo))
  const isShown = at >= 0
  if (change === 'create' && isShown) return answer
  const judge = (/** @type {Source[]} */ known) => matches(whereOf(args, shape), known, shape)
  const showsAll = type !== 'count' && !hasNextPage && !isLater
  const recount = type === 'join' ? recountedJoin : recounted

  const asked = change === 'create' ? false : judge(showsAll ? then : before)
  const was = isShown || (!showsAll && asked)
  const is = change === 'delete' ? false : judge(after)
  if (type === 'count' || !(isShown || is)) return recount(answer, docs, args, was, is)
  // One that a page of all there is should have shown is hidden from this user.
  if (!isShown && (was === undefined || (showsAll && asked))) return answer

  const others = docs.filter((_, index) => index !== at)
  if (is === false) return recount(answer, others, args, was, is)
  if (isShown && (!is || haveSameKeys(before, after, args, shape))) return answer
  const place = placeOf(after, others, args, shape, change === 'create')
  if (place === undefined) return answer
  const isInside = !(place === 0 && isLater) && !(place === others.length && hasNextPage)
  const isFull = limit > 0 && others.length >= limit
  const document = isShown ? docs[at] : isInside && shown()
  if (document && isInside) others.splice(place, 0, document)
  return recount(answer, limit > 0 ? others.slice(0, limit) : others, args, was, is, isFull)
}

/** @type {(item: any, relationTo: string | undefined) => any} the document, or id, that a join shows */
export const documentIn = (item, relationTo) => (relationTo && item ? item.value : item)

/**
 * @param {any} item that a list shows
 * @param {unknown} id
 * @param {string} [relationTo] of what a join of several collections shows
 * @returns {boolean}
 */
export const isItself = (item, id, relationTo) =>
  relationTo
    ? item.relationTo === relationTo && isItself(item.value, id)
    : item !== null && String(shownBy(item).id) === String(id)

/** @type {(item: any) => Document} */
const shownBy = (item) => (isObject(item) ? item : { id: item })

/**
 * @param {Args} args
 * @param {Shape} [shape]
 */
export const whereOf = ({ where, trash }, shape) =>
  shape?.trash && !trash ? { and: [where ?? {}, { deletedAt: { exists: false } }] } : where

/**
 * @param {Args} args
 * @returns {{ path: string, descending: boolean }[]} with the one that Payload adds, to settle a tie, except in joins
 *   of several collections
 */
function sortKeys({ sort, relationTo }) {
  const names = [sort || []].flat().flatMap((/** @type {string} */ text) => text.split(','))
  return [...names, '-createdAt']
    .slice(0, relationTo ? 1 : undefined)
    .map((name) => ({ path: name.replace('-', ''), descending: name[0] === '-' }))
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
  const { relationTo } = args
  const shown = others.map((item) => documentIn(item, relationTo))
  // SQLite gives what joins of several collections show in its own order when it answers for several parents at once.
  const isAfterNext = (/** @type {any} */ item, /** @type {number} */ index) =>
    index + 1 < shown.length && !(Number(orderOf(sourcesOf(item, relationTo), shown[index + 1], args, shape)) <= 0)
  if (relationTo && shown.some(isAfterNext)) return undefined
  let [low, high] = [0, others.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const order = orderOf(known, shown[middle], args, shape, isNew)
    if (order === undefined) return undefined
    if (order < 0) high = middle
    else low = middle + 1
  }
  return low
}

/** @type {(item: any, relationTo: string | undefined) => Source[]} what one among other collections' lacks is null */
const sourcesOf = (item, relationTo) => [{ document: shownBy(item), isWhole: relationTo && isObject(item) }]

/** @type {(known: Source[], other: any, args: Args, shape: Shape, isNew?: boolean) => number | undefined} */
function orderOf(known, other, args, shape, isNew) {
  for (const { path, descending } of sortKeys(args)) {
    const [own, theirs] = [known, sourcesOf(other, args.relationTo)].map((sources) => {
      const values = valuesOf(sources, path, shape)
      return values.length === 0 && sources[0]?.isWhole ? [null] : values
    })
    const isLatest = isNew && own.length === 0 && /^(cre|upd)atedAt$/.test(path)
    if (own.length === 0 && theirs.length === 0 && !isLatest) continue
    const order = isLatest ? 1 : compareKeys(own[0], theirs[0])
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
  const change = changeOf(was, is)
  const totalDocs = Math.max(0, answer.totalDocs + change)
  if (!answer.docs) return totalDocs !== answer.totalDocs ? { ...answer, totalDocs } : answer
  const isSame = areSame(docs, answer.docs)
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

/**
 * The same of what a join shows.
 * @param {any} answer
 * @param {Document[]} docs
 * @param {Args} _args
 * @param {import('./where.js').Truth} was
 * @param {import('./where.js').Truth} is
 * @param {boolean} [isFull] was there no room for one more?
 * @returns {any}
 */
function recountedJoin(answer, docs, _args, was, is, isFull) {
  const { limit, page } = answer
  const change = changeOf(was, is)
  if (change === 0 || answer.totalDocs === undefined) {
    return { ...answer, docs, ...(change > 0 && isFull && { hasNextPage: true }) }
  }
  const totalDocs = Math.max(0, answer.totalDocs + change)
  return { ...answer, docs, hasNextPage: limit > 0 && totalDocs > page * limit, totalDocs }
}

/** @type {(one: any[], other: any[]) => boolean} */
export const areSame = (one, other) => one.length === other.length && one.every((item, index) => item === other[index])

/** @type {(was: import('./where.js').Truth, is: import('./where.js').Truth) => number} */
const changeOf = (was, is) => (was === undefined || is === undefined ? 0 : Number(is) - Number(was))
