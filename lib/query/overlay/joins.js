/**
 * What an operation does to the documents that join fields show: they are lists that lie in documents, of all documents
 * of a collection, or several, whose relation `on` points at the one that they lie in.
 */
import { isObject } from '../share.js'
import { depthOf, levelIn, mapPath } from './documents.js'
import { areSame, follow, isItself, looksAt, documentIn } from './membership.js'
import { valuesOf } from './where.js'

/** @typedef {import('../../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('../../cache/types.js').Join} Join */
/** @typedef {import('../../cache/types.js').Shapes} Shapes */
/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('./documents.js').Known} Known */

/**
 * Has the operation's document enter, leave, or move in the joins of a document.
 * @param {Known} shown
 * @param {string} collection
 * @param {DocumentOperation} operation
 * @param {import('./sight.js').Sight} sight
 * @returns {Document}
 */
export function followInJoins({ document, description, level }, collection, operation, sight) {
  const { shapes } = sight
  const shape = shapes[operation.collection] ?? {}
  return changedJoins(document, { description, level }, collection, operation, shapes, (value, join, asked) => {
    const page = pageOf(value, join, asked)
    const relationTo = relationOf(join, operation)
    const at = page.docs.findIndex((item) => isItself(item, operation.id, relationTo))
    const own = documentIn(page.docs[at], relationTo)
    if (isBinned(operation, shape)) {
      // What goes into the trash leaves null behind, of which nothing tells what it stands for when it comes out again.
      const isGone = operation.data?.deletedAt && isObject(own)
      return isGone ? { ...value, docs: value.docs.with(at, shownAs(null, relationTo)) } : value
    }
    const isPointing = at >= 0 && !(firstOf(join.on) in (operation.data ?? {}))
    const args = argsOf(document.id, collection, join, asked, operation, shapes, isPointing)
    const below = levelIn(join, description, level)
    const others = page.docs.filter((item) => item?.relationTo === relationTo)
    const like = others.map((item) => documentIn(item, relationTo))
    const shown = () => shownAs(sight.joined(operation, like, below), relationTo)
    const facts = sight.facts(operation, isObject(own) ? own : undefined, shown, relationTo)
    // For one in the trash null would be shown.
    const isKept = at < 0 && shape.trash && below <= depthOf(description)
    if (isKept && valuesOf(facts.after, 'deletedAt', shape)[0]) return value
    const { docs, hasNextPage, totalDocs } = follow(page, { type: 'join', args }, operation, shape, facts)
    const isSame = areSame(docs, page.docs) && hasNextPage === page.hasNextPage && totalDocs === value.totalDocs
    return isSame ? value : { ...value, docs, hasNextPage, ...(totalDocs !== undefined && { totalDocs }) }
  })
}

/**
 * May the operation change who belongs to a join of the document, or the order?
 * @param {Pick<Known, 'document' | 'description' | 'level'>} shown
 * @param {string} collection
 * @param {DocumentOperation} operation
 * @param {Shapes} shapes
 */
export function mayMoveInJoins({ document, description, level }, collection, operation, shapes) {
  let may = false
  changedJoins(document, { description, level }, collection, operation, shapes, (value) => {
    may = true
    return value
  })
  return may
}

/**
 * Maps the joins of a document in which the operation may move something.
 * @param {Document} document
 * @param {Pick<Known, 'description' | 'level'>} where it is shown
 * @param {string} collection
 * @param {DocumentOperation} operation
 * @param {Shapes} shapes
 * @param {(value: any, join: Join, asked: any) => any} change
 */
function changedJoins(document, { description, level }, collection, operation, shapes, change) {
  let changed = document
  for (const [path, join] of Object.entries(shapes[collection]?.joins ?? {})) {
    if (![join.collection].flat().includes(operation.collection)) continue
    const asked = (level === 0 && description.args.joins && description.args.joins[path]) || {}
    const args = argsOf(document.id, collection, join, asked, operation, shapes, false)
    if (!looksAt(args, operation, operation.data) && !isBinned(operation, shapes[operation.collection])) continue
    changed = mapPath(changed, path.split('.'), (value) =>
      isObject(value) && Array.isArray(value.docs) ? change(value, join, asked) : value
    )
  }
  return changed
}

/** @type {(path: string) => string} */
const firstOf = (path) => path.split('.')[0]

/** @type {(join: Join, operation: DocumentOperation) => string | undefined} of its documents, where it shows several */
const relationOf = ({ collection: joined }, { collection }) => (Array.isArray(joined) ? collection : undefined)

/** @type {(document: any, relationTo: string | undefined) => any} as a join of several collections shows it */
const shownAs = (document, relationTo) =>
  relationTo && document !== undefined ? { relationTo, value: document } : document

/**
 * Does it go into the trash, or come out of it?
 * @param {DocumentOperation} operation
 * @param {import('../../cache/types.js').Shape} [shape]
 */
const isBinned = ({ type, data }, shape) => type === 'update' && shape?.trash && data && 'deletedAt' in data

/** @type {(value: any, otherwise: number) => number} REST has numbers as text */
const numberOf = (value, otherwise) => (/^\d{1,9}$/.test(value) ? Number(value) : otherwise)

/**
 * @param {any} value
 * @param {Join} join
 * @param {any} asked
 * @returns {{ docs: any[], hasNextPage: boolean, totalDocs?: number, limit: number, page: number }}
 */
const pageOf = ({ docs, hasNextPage, totalDocs }, join, asked) => ({
  docs,
  hasNextPage,
  totalDocs,
  limit: numberOf(asked.limit, join.limit ?? 10),
  page: numberOf(asked.page, 1) || 1,
})

/**
 * @param {any} id of the document that the join lies in
 * @param {string} collection
 * @param {Join} join
 * @param {any} asked
 * @param {DocumentOperation} operation
 * @param {Shapes} shapes
 * @param {boolean} isPointing is the relation known to point at it?
 */
function argsOf(id, collection, join, asked, operation, shapes, isPointing) {
  const isPolymorphic = Array.isArray(shapes[operation.collection]?.relations?.[join.on])
  const parent = isPolymorphic ? { relationTo: collection, value: id } : id
  const conditions = [!isPointing && { [join.on]: { equals: parent } }, join.where, asked.where].filter(isObject)
  const sort = asked.sort ?? join.sort
  return { where: { and: conditions }, sort, trash: true, relationTo: relationOf(join, operation) }
}
