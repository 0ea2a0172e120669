import { changes } from '../layer.js'
import { isObject, share } from '../share.js'
import { DEFAULT_DEPTH, depthOf, joinAt, levelIn, mapDocuments, mapPath } from './documents.js'
import { followInJoins } from './joins.js'
import { merge } from './merge.js'

/** @typedef {import('../query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('../../cache/types.js').Operation} Operation */
/** @typedef {import('../../cache/types.js').Shapes} Shapes */
/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('./documents.js').Known} Known */
/** @typedef {import('./where.js').Source} Source */

/** What can be seen of documents when some operations, of which the last one is being laid over, are on them. */
export class Sight {
  /**
   * @param {QueryDescription} description of what they are laid over
   * @param {Operation[]} operations
   * @param {Shapes} shapes
   * @param {import('./documents.js').Knows} known
   */
  constructor(description, operations, shapes, known) {
    this.description = description
    this.operations = operations
    this.shapes = shapes
    this.known = known
  }

  /**
   * @param {Known} shown
   * @param {string} collection
   * @param {DocumentOperation} operation
   */
  merged({ document, description, level }, collection, { data, locale }) {
    const left = depthOf(description) - level
    return merge(document, /** @type {Document} */ (data), {
      shape: this.shapes[collection] ?? {},
      select: level === 0 ? description.args.select : undefined,
      bare: left <= 0,
      isLocale: isAlike({ args: { locale } }, description, ['locale']),
      populate: (related, id) => this.populated(related, id, left - 1),
    })
  }

  /**
   * @param {Known} shown
   * @param {string} collection
   * @param {DocumentOperation} operation
   * @returns {Document | undefined} the document after the operation, undefined when it is gone from a relation
   */
  changed(shown, collection, operation) {
    const { level } = shown
    const document = followInJoins(shown, collection, operation, this)
    if (!changes([operation], collection, document.id)) return document
    if (operation.type === 'delete') return level > 0 ? undefined : document
    return operation.type === 'update' ? this.merged({ ...shown, document }, collection, operation) : document
  }

  /**
   * @param {string} collection
   * @param {unknown} id
   * @param {number} left how many relations further on are populated
   */
  populated(collection, id, left) {
    const depth = depthOf(this.description)
    // How deep a join populates is counted from the answer's own documents.
    /** @type {(known: Known) => boolean} */
    const fits = ({ document, description, level }) =>
      level > 0 &&
      depthOf(description) - level === left &&
      isAlike(description, this.description, POPULATING) &&
      (depthOf(description) === depth || !showsJoins(document, collection, this.shapes))
    return this.find(collection, id, fits)
  }

  /**
   * @param {string} collection
   * @param {unknown} id
   * @param {(known: Known) => boolean} fits
   * @returns {Document | undefined} the newest that fits, with the operations on it
   */
  find(collection, id, fits) {
    const found = this.known(collection, id).find(fits)
    const operations = found ? this.missedBy(found) : []
    const isGone = this.on(collection, id, operations).some(({ type }) => type === 'delete')
    if (!found || isGone) return undefined
    const { description, document: start, level: above } = found
    const like = { ...description, type: /** @type {const} */ ('findByID'), collection }
    return operations.reduce((document, operation, index) => {
      if (operation.type === 'invalidate') return document
      const sight = new Sight(this.description, operations.slice(0, index + 1), this.shapes, this.known)
      return mapDocuments(document, like, this.shapes, (document, shown, level) =>
        sight.changed({ document, description, level: above + level }, shown, operation)
      )
    }, start)
  }

  /** @type {(collection: string, id: any, operations?: Operation[]) => DocumentOperation[]} */
  on(collection, id, operations = this.operations) {
    return /** @type {any} */ (operations.filter((operation) => changes([operation], collection, id)))
  }

  /**
   * What is laid over here, but what a copy shows already, and what an older copy does not show yet.
   * @param {Known} known
   * @returns {Operation[]}
   */
  missedBy({ missed }) {
    return missed?.(/** @type {Operation} */ (this.operations.at(-1))) ?? this.operations
  }

  /**
   * @param {DocumentOperation} operation the last one
   * @param {Document | undefined} top its document in the list
   * @param {() => Document | undefined} shown as the list would show it
   * @param {string} [relationTo] where the list is a join's of several collections
   * @returns {import('./membership.js').Facts}
   */
  facts(operation, top, shown, relationTo) {
    const { collection, id, type } = operation
    const isNew = type === 'create'
    const laid = this.on(collection, id)
    const earlier = laid.slice(0, -1).reverse()
    /** @type {(known: Known) => boolean} */
    const isOfReader = ({ description }) => isAlike(description, this.description, ['scope'])
    const copies = this.known(collection, id).filter(isOfReader)
    /** @type {(document: Document | undefined, of: { locale?: string | null }) => Source} */
    const source = (document, of) => ({ document, isForeign: !isAlike({ args: of }, this.description, ['locale']) })
    /** @type {(operation: DocumentOperation) => Source[]} */
    const written = (operation) => [source(operation.data, operation), source(operation.doc, operation)]
    /** @type {(known: Known) => Source[]} */
    const shownIn = (known) => {
      const missed = this.on(collection, id, this.missedBy(known)).reverse()
      if (missed[0] !== operation) return []
      return [...missed.slice(1).flatMap(written), source(known.document, known.description.args)]
    }
    const here = [source(operation.previous, operation), { document: top }, ...earlier.flatMap(written)]
    const named = { document: { id, ...(relationTo && { relationTo }) } }
    const before = [...here, ...copies.flatMap(shownIn), named]
    return {
      before,
      then: [...here, ...copies.filter(({ age }) => !age).flatMap(shownIn), named],
      after: [...written(operation), ...(isNew ? [named, { document: { deletedAt: null } }] : before)],
      shown,
    }
  }

  /**
   * @param {DocumentOperation} operation
   * @param {Document[]} others that the page shows
   * @returns {Document | undefined} its document as the page would show it
   */
  listed({ collection, id }, others) {
    const { select } = this.description.args
    return (
      this.find(collection, id, (copy) => copy.level === 0 && isAlike(copy.description, this.description)) ??
      this.fitted(collection, id, others, 0, (name) => selects(select, name))
    )
  }

  /**
   * @param {DocumentOperation} operation
   * @param {any[]} others that a join shows, or their ids
   * @param {number} level of them
   * @returns {any} its document as the join would show it, or the id
   */
  joined({ collection, id }, others, level) {
    const left = depthOf(this.description) - level
    if (left < 0) return id
    return this.populated(collection, id, left) ?? this.fitted(collection, id, others.filter(isObject), level)
  }

  /**
   * @param {string} collection
   * @param {unknown} id
   * @param {Document[]} others that are shown like that
   * @param {number} level
   * @param {(name: string) => boolean} [isSelected]
   * @returns {Document | undefined} the document, as operations have written it, as it would be shown
   */
  fitted(collection, id, others, level, isSelected = () => true) {
    const shape = this.shapes[collection] ?? {}
    const { hidden = [], relations = {} } = shape
    const laid = this.on(collection, id)
    const document = asWritten(laid, shape)
    const keepsIds = laid.some(({ type }) => type === 'create')
    let isWhole = true
    let shown = document && Object.fromEntries(
      Object.entries(document).filter(
        ([name]) =>
          !hidden.includes(name) &&
          isSelected(name) &&
          (others.length === 0 || others.some((other) => name in other))
      )
    )
    for (const [path, related] of Object.entries(relations)) {
      const left = depthOf(this.description) - levelIn(joinAt(shape, path), this.description, level)
      if (left < 0) continue
      shown = mapPath(shown, path.split('.'), (value) => {
        if (value === null) return value
        const [to, inner] = isObject(value) ? [value.relationTo, value.value] : [related, value]
        const populated = this.populated(to, inner, left)
        isWhole &&= populated !== undefined
        return isObject(value) ? { ...value, value: populated ?? inner } : populated ?? inner
      })
    }
    return isWhole || keepsIds ? shown : undefined
  }
}

/**
 * Has the document, or one in it, joins?
 * @param {Document} document
 * @param {string} collection
 * @param {Shapes} shapes
 */
function showsJoins(document, collection, shapes) {
  let shows = false
  mapDocuments(document, { type: 'findByID', collection, args: {} }, shapes, (document, shown) => {
    shows ||= shapes[shown]?.joins !== undefined
    return document
  })
  return shows
}

/** @type {(select: Record<string, any> | undefined, name: string) => boolean} */
const selects = (select, name) =>
  !select || name === 'id' || name in select !== Object.values(select).every((part) => part === false)

/**
 * @param {Document} document
 * @param {Document | undefined} data
 * @param {import('../../cache/types.js').Shape} shape
 * @param {string} [prefix]
 * @returns {Document} with the data, groups member by member
 */
function patched(document, data, shape, prefix = '') {
  const next = { ...document }
  for (const [name, value] of Object.entries(data ?? {})) {
    const isGroup = isObject(value) && isObject(document[name]) && shape.groups?.includes(prefix + name)
    next[name] = isGroup ? patched(document[name], value, shape, `${prefix + name}.`) : value
  }
  return next
}

/**
 * The document after some operations on it, by what they say: the last that has it whole, or creates it, and what came
 * over that.
 * @param {DocumentOperation[]} operations
 * @param {import('../../cache/types.js').Shape} shape
 * @returns {Document | undefined} undefined when none of them has it
 */
function asWritten(operations, shape) {
  const first = operations.findLastIndex(({ type, doc }) => doc || type === 'create')
  if (first < 0) return undefined
  const { id, data, doc } = operations[first]
  /** @type {Document} */
  const start = doc ?? { id, ...data }
  return operations.slice(first + 1).reduce((document, { data }) => patched(document, data, shape), start)
}

/** What of a query's arguments makes it show related documents as another does. */
const POPULATING = ['populate', 'locale', 'fallbackLocale', 'joins', 'draft', 'scope']
const RENDERING = ['depth', 'select', ...POPULATING]

/**
 * Have two queries the same arguments, as far as these matter? For documents in the same shape they must.
 * @param {Pick<QueryDescription, 'args'>} one
 * @param {Pick<QueryDescription, 'args'>} other
 * @param {string[]} names
 */
export const isAlike = ({ args: one }, { args: other }, names = RENDERING) =>
  names.every((name) => {
    const [shape, wanted] = [one, other].map((args) => args[name] ?? (name === 'depth' ? DEFAULT_DEPTH : null))
    return share(shape, wanted) === shape
  })
