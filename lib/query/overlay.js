/**
 * Lays operations over an answer: what the server does on bytes (src/), here on objects. The rules are Payload's own
 * for an update, and never guess at what the answer cannot show:
 *
 * - a group merges, every other value replaces, arrays and rich text whole; null sets null;
 * - a member that the document does not have is not added: it was deselected, or hidden from this user;
 * - a localized field stays in an answer of a chosen locale: updates are made in the default one;
 * - a populated relation never turns into a bare id. When the new document is not there, the field stays as it was;
 * - membership of lists stays as it is.
 *
 * What an operation does not touch keeps its identity, and an answer that nothing touches is returned itself.
 */
import { changes } from './layer.js'
import { isObject, share } from './share.js'

/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../cache/types.js').Operation} Operation */
/** @typedef {import('../cache/types.js').Shape} Shape */
/** @typedef {import('../cache/types.js').Shapes} Shapes */
/** @typedef {Record<string, any>} Document */

/** @typedef {Shape & { bare: boolean, hasLocale: boolean }} AnswerShape `hasLocale`: was a locale asked for? */

/** The field's value cannot be shown, so it stays. */
const LEAVE = Symbol('leave')

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Operation[]} operations later ones lie over earlier ones
 * @param {Shapes} shapes
 * @returns {any}
 */
export function overlay(answer, description, operations, shapes) {
  const updates = operations.flatMap((operation) => (operation.type === 'update' && operation.data ? [operation] : []))
  if (updates.length === 0) return answer
  const bare = description.args.depth === 0
  const hasLocale = (description.args.locale ?? null) !== null
  return mapDocuments(answer, description, shapes, (document, collection) => {
    let merged = document
    for (const { collection: changed, id, data } of updates) {
      if (changed === collection && String(id) === String(document.id)) {
        merged = merge(merged, /** @type {Document} */ (data), { ...shapes[collection], bare, hasLocale }, '')
      }
    }
    return merged
  })
}

/**
 * Does the answer hold one of the documents that the operations name, at whatever depth?
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Operation[]} operations
 * @param {Shapes} shapes
 */
export function holdsDocumentOf(answer, description, operations, shapes) {
  let holds = false
  mapDocuments(answer, description, shapes, (document, collection) => {
    holds ||= changes(operations, collection, document.id)
    return document
  })
  return holds
}

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Shapes} shapes
 * @param {(document: Document, collection: string) => Document} change
 */
function mapDocuments(answer, { type, collection }, shapes, change) {
  /** @type {(value: any, collection: string) => any} */
  const mapDocument = (value, collection) => {
    if (!isObject(value)) return value
    let document = change(value, collection)
    for (const [path, related] of Object.entries(shapes[collection]?.relations ?? {})) {
      document = mapPath(document, path.split('.'), (value) => mapDocument(value, related))
    }
    return document
  }
  if (type === 'findByID') return mapDocument(answer, collection)
  if (type === 'find') return mapPath(answer, ['docs'], (value) => mapDocument(value, collection))
  return answer
}

/**
 * Maps the values at a path, through the rows of arrays on the way.
 * @param {any} value
 * @param {string[]} path
 * @param {(value: any) => any} change
 * @returns {any}
 */
function mapPath(value, path, change) {
  if (Array.isArray(value)) {
    const items = value.map((item) => mapPath(item, path, change))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  if (path.length === 0) return change(value)
  const [name, ...rest] = path
  if (!isObject(value) || !Object.hasOwn(value, name)) return value
  const member = mapPath(value[name], rest, change)
  return member === value[name] ? value : { ...value, [name]: member }
}

/**
 * @param {Document} document a document, or a group in it
 * @param {Document} data
 * @param {AnswerShape} shape
 * @param {string} prefix path of the group, with its dot
 */
function merge(document, data, shape, prefix) {
  let merged = document
  for (const name of Object.keys(data)) {
    if (!Object.hasOwn(document, name)) continue
    const shown = document[name]
    const path = prefix + name
    const isGroup = isObject(shown) && isObject(data[name]) && shape.groups?.includes(path)
    const value = isGroup ? merge(shown, data[name], shape, `${path}.`) : replacement(shown, data[name], shape, path)
    if (value !== LEAVE && share(shown, value) !== shown) {
      if (merged === document) merged = { ...document }
      merged[name] = share(shown, value)
    }
  }
  return merged
}

/**
 * The new value of a field, with relations populated as in the shown one.
 * @param {any} shown undefined for a member of a row that was not there
 * @param {any} next
 * @param {AnswerShape} shape
 * @param {string} path
 * @returns {any} or LEAVE
 */
function replacement(shown, next, shape, path) {
  if (shape.hasLocale && shape.localized?.some((other) => other === path || other.startsWith(`${path}.`))) return LEAVE
  const relations = Object.keys(shape.relations ?? {})
  if (relations.includes(path)) return relation(shown, next, shape.bare)
  if (next === null || typeof next !== 'object' || !relations.some((other) => other.startsWith(`${path}.`))) return next
  if (Array.isArray(next)) {
    const rows = next.map((row) => replacement(itemWithId(shown, row?.id), row, shape, path))
    return rows.includes(LEAVE) ? LEAVE : rows
  }
  const members = Object.entries(next).map(([name, value]) => [
    name,
    replacement(shown?.[name], value, shape, `${path}.${name}`),
  ])
  return members.some(([, value]) => value === LEAVE) ? LEAVE : Object.fromEntries(members)
}

/**
 * @param {any} shown
 * @param {any} next id, ids, or null
 * @param {boolean} bare are ids known to be shown as they are?
 * @returns {any} or LEAVE
 */
function relation(shown, next, bare) {
  if (Array.isArray(next)) {
    const showsIds = bare || (Array.isArray(shown) && shown.some((item) => !isObject(item)))
    const items = next.map((item) => relation(itemWithId(shown, item?.id ?? item), item, showsIds))
    return items.includes(LEAVE) ? LEAVE : items
  }
  if (next === null) return null
  if (isObject(shown)) return String(shown.id) === String(next.id ?? next) ? shown : LEAVE
  return isObject(next) || bare || (shown !== null && shown !== undefined) ? next : LEAVE
}

/** @type {(items: any, id: unknown) => any} */
const itemWithId = (items, id) =>
  Array.isArray(items) && id !== undefined
    ? items.find((item) => isObject(item) && String(item.id) === String(id))
    : undefined
