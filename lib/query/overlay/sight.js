import { changes } from '../layer.js'
import { isObject, share } from '../share.js'
import { mapPath } from './documents.js'
import { merge } from './merge.js'

/** @typedef {import('../query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('../../cache/types.js').Operation} Operation */
/** @typedef {import('../../cache/types.js').Shapes} Shapes */
/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('./documents.js').Known} Known */

/** What Payload populates unless asked otherwise. */
const DEFAULT_DEPTH = 2

/** @type {(description: QueryDescription) => number} */
const depthOf = ({ args }) => args.depth ?? DEFAULT_DEPTH

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
      bare: left <= 0,
      isLocale: (locale ?? null) === (description.args.locale ?? null),
      populate: (related, id) => this.populated(related, id, left - 1),
    })
  }

  /**
   * @param {string} collection
   * @param {unknown} id
   * @param {number} left how many relations further on are populated
   */
  populated(collection, id, left) {
    return this.find(collection, id, ({ description, level }) => level > 0 && depthOf(description) - level === left)
  }

  /**
   * @param {string} collection
   * @param {unknown} id
   * @param {(known: Known) => boolean} fits
   * @returns {Document | undefined} the newest that fits, with the operations on it
   */
  find(collection, id, fits) {
    const found = this.known(collection, id).find(fits)
    return (
      found &&
      this.on(collection, id).reduce(
        (document, operation) =>
          operation.type === 'update' ? this.merged({ ...found, document }, collection, operation) : document,
        found.document
      )
    )
  }

  /** @type {(collection: string, id: any) => DocumentOperation[]} */
  on(collection, id) {
    return /** @type {any} */ (this.operations.filter((operation) => changes([operation], collection, id)))
  }

  /**
   * @param {DocumentOperation} operation the last one
   * @param {any} page that it is laid over
   * @param {Document} [top] its document in that
   * @returns {import('./membership.js').Facts}
   */
  facts(operation, page, top) {
    const { description } = this
    const { collection, id, type, data, doc, previous } = operation
    const shape = this.shapes[collection] ?? {}
    const copies = this.known(collection, id).filter(
      (copy) => copy.description.args.locale === description.args.locale
    )
    const start = Object.assign({}, ...copies.map(({ document }) => document).reverse())
    const earlier = this.on(collection, id).slice(0, -1)
    const before = {
      ...earlier.reduce((document, { data, doc }) => patched({ ...document, ...doc }, data, shape), start),
      ...top,
      ...previous,
    }
    const isNew = type === 'create'
    const after = patched({ ...(isNew ? { id, deletedAt: null } : before), ...doc }, data, shape)
    const created = [...earlier, operation].find(({ type }) => type === 'create')
    return {
      before,
      after,
      shown: () =>
        this.find(collection, id, (copy) => copy.level === 0 && isAlike(copy.description, description)) ??
        this.fitted(
          doc ?? (created && patched({ id, ...created.doc, ...created.data }, isNew ? {} : data, shape)),
          page.docs,
          collection,
          isNew
        ),
    }
  }

  /**
   * @param {Document | undefined} document at depth 0
   * @param {Document[]} others that the page shows
   * @param {string} collection
   * @param {boolean} keepsIds where a relation cannot be populated
   * @returns {Document | undefined} the document as the page would show it
   */
  fitted(document, others, collection, keepsIds) {
    const { hidden = [], relations = {} } = this.shapes[collection] ?? {}
    let isWhole = true
    let shown = document && Object.fromEntries(
      Object.entries(document).filter(
        ([name]) => !hidden.includes(name) && (others.length === 0 || others.some((other) => name in other))
      )
    )
    const left = depthOf(this.description) - 1
    for (const [path, related] of left < 0 ? [] : Object.entries(relations)) {
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
 * Do two answers show documents in the same shape?
 * @param {QueryDescription} one
 * @param {QueryDescription} other
 */
function isAlike(one, other) {
  const [shape, wanted] = [one, other].map(({ collection, args }) => {
    const { select, populate, locale, joins } = args
    return { collection, depth: depthOf({ collection, type: 'find', args }), select, populate, locale, joins }
  })
  return share(shape, wanted) === shape
}
