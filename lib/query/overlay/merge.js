import { isObject, share } from '../share.js'

/** @typedef {import('../../cache/types.js').Shape} Shape */
/** @typedef {Record<string, any>} Document */

/**
 * @typedef {object} Answer what the document is shown in
 * @property {Shape} shape of the document's collection
 * @property {boolean} bare are ids known to be shown as they are?
 * @property {Record<string, any>} [select] of which members it shows what; all of all unless given
 * @property {boolean} isLocale is it in the locale that the data is in?
 * @property {(collection: string, id: unknown) => Document | undefined} populate a document as the answer shows it in
 *   a relation of this one, undefined when it is not known like that
 */

/** @type {(value: any) => boolean} */
const isContainer = (value) => value !== null && typeof value === 'object'

/** The field's value cannot be shown, so it stays. */
const LEAVE = Symbol('leave')

/**
 * @param {Document} document a document, or a group in it
 * @param {Document} data
 * @param {Answer} answer
 * @param {string} [prefix] path of the group, with its dot
 * @returns {Document}
 */
export function merge(document, data, answer, prefix = '') {
  let merged = document
  for (const name of Object.keys(data)) {
    const shown = document[name]
    if (!Object.hasOwn(document, name) || share(shown, data[name]) === shown) continue
    const path = prefix + name
    const isGroup = isObject(shown) && isObject(data[name]) && answer.shape.groups?.includes(path)
    const isPart = prefix === '' && isObject(answer.select?.[name]) && [shown, data[name]].some(isContainer)
    const value = isGroup
      ? merge(shown, data[name], answer, `${path}.`)
      : isPart ? LEAVE : replacement(shown, data[name], answer, path)
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
 * @param {Answer} answer
 * @param {string} path
 * @returns {any} or LEAVE
 */
function replacement(shown, next, answer, path) {
  const { localized, relations = {} } = answer.shape
  if (!answer.isLocale && localized?.some((other) => other === path || other.startsWith(`${path}.`))) return LEAVE
  if (path in relations) return relation(shown, next, answer, relations[path])
  const holdsRelation = Object.keys(relations).some((other) => other.startsWith(`${path}.`))
  if (next === null || typeof next !== 'object' || !holdsRelation) return next
  if (Array.isArray(next)) {
    const rows = next.map((row) => replacement(itemWithId(shown, row?.id), row, answer, path))
    return rows.includes(LEAVE) ? LEAVE : rows
  }
  const members = Object.entries(next).map(([name, value]) => [
    name,
    replacement(shown?.[name], value, answer, `${path}.${name}`),
  ])
  return members.some(([, value]) => value === LEAVE) ? LEAVE : Object.fromEntries(members)
}

/**
 * @param {any} shown
 * @param {any} next id, ids, `{ relationTo, value }` or several of those, or null
 * @param {Answer} answer
 * @param {string | string[]} collection
 * @param {boolean} keepsIds does one stay whose document is not known?
 * @returns {any} or LEAVE
 */
function relation(shown, next, answer, collection, keepsIds = isID(related(shown))) {
  if (Array.isArray(next)) {
    const others = Array.isArray(shown) ? shown : []
    const showsIds = others.some((item) => isID(related(item)))
    const items = next.map((item) => {
      const same = others.find((other) => isObject(related(other)) && keyOf(other) === keyOf(item))
      return relation(same, item, answer, collection, showsIds)
    })
    return items.includes(LEAVE) ? LEAVE : items
  }
  if (next === null) return null
  if (Array.isArray(collection)) {
    const { relationTo } = next
    const same = shown?.relationTo === relationTo ? shown.value : undefined
    const value = relation(same, next.value, answer, relationTo, keepsIds)
    return value === LEAVE ? LEAVE : { relationTo, value }
  }
  if (isObject(shown) && keyOf(shown) === keyOf(next)) return shown
  if (answer.bare || shown === next) return next
  return answer.populate(collection, next.id ?? next) ?? (keepsIds ? next : LEAVE)
}

/** @type {(value: any) => boolean} */
const isID = (value) => value !== null && value !== undefined && typeof value !== 'object'

/** @type {(item: any) => any} */
const related = (item) => (isObject(item) && 'relationTo' in item ? item.value : item)

/** @type {(item: any) => string} the same for a document and for its id */
const keyOf = (item) => `${item?.relationTo}:${related(item)?.id ?? related(item)}`

/** @type {(items: any, id: unknown) => any} */
const itemWithId = (items, id) =>
  Array.isArray(items) && id !== undefined
    ? items.find((item) => isObject(item) && keyOf(item) === keyOf(id))
    : undefined
