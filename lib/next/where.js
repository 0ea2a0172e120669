/**
 * Conditions as the core takes them: each operand of the type of its field. A query string has only texts, and
 * Payload's SQL adapters cast them by the field that is asked (`sanitizeQueryValue`), which the core does not know:
 * `''` as a date is null, and so is `'abc'` as a number; and in a list nothing is cast. What it would take more than a
 * cast to say is not said.
 */
import { createArrayFromCommaDelineated } from 'payload'
import { validate as isUUID } from 'uuid'

/** @typedef {import('payload').BasePayload} Payload */
/** @typedef {{ name?: string, type: string, relationTo?: string | string[], flattenedFields?: Field[] }} Field */
/** @typedef {(value: any, operator: string) => unknown} Cast undefined for what it cannot say */

const EQUALITY = new Set(['equals', 'not_equals', 'in', 'not_in'])
const ORDER = new Set(['greater_than', 'greater_than_equal', 'less_than', 'less_than_equal'])
const LISTS = new Set(['in', 'not_in'])
/** What the core does not decide on in any case. @type {Field} */
const UNDECIDED = { type: 'undecided' }

/**
 * @param {Payload} payload
 * @param {string} collection
 * @param {any} where as Payload takes it
 * @returns {object | undefined} the same for the core; undefined when there is none, as with adapters that are not
 *   built on drizzle: the core decides as SQL does
 */
export function typedWhere(payload, collection, where) {
  if (!isObject(where) || /** @type {any} */ (payload.db).drizzle === undefined) return undefined
  /** @type {Record<string, unknown>} */
  const typed = {}
  for (const [name, condition] of Object.entries(where)) {
    const isCombined = /^(and|or)$/i.test(name) && Array.isArray(condition)
    // Paths may be written with underscores, for GraphQL.
    const path = isCombined ? name : name.replaceAll('__', '.')
    if (Object.hasOwn(typed, path)) return undefined
    typed[path] = isCombined
      ? all(condition.map((part) => typedWhere(payload, collection, part)))
      : typedCondition(payload, fieldAt(payload, collection, path.split('.')), condition)
    if (typed[path] === undefined) return undefined
  }
  return typed
}

/**
 * @param {Payload} payload
 * @param {Field | undefined} field
 * @param {any} condition
 */
function typedCondition(payload, field, condition) {
  if (field === undefined || !isObject(condition)) return undefined
  const cast = castOf(payload, field)
  /** @type {Record<string, unknown>} */
  const typed = {}
  for (const [operator, operand] of Object.entries(condition)) {
    typed[operator] = operator === 'exists' ? operand === true || operand === 'true' : castAll(operand, operator, cast)
    if (typed[operator] === undefined) return undefined
  }
  return typed
}

/**
 * @param {any} operand
 * @param {string} operator
 * @param {Cast} cast
 */
function castAll(operand, operator, cast) {
  const list = LISTS.has(operator) && typeof operand === 'string' ? createArrayFromCommaDelineated(operand) : operand
  return Array.isArray(list) ? all(list.map((one) => cast(one, operator))) : cast(list, operator)
}

/**
 * @param {Payload} payload
 * @param {Field} field
 * @returns {Cast}
 */
function castOf(payload, { relationTo, type }) {
  switch (type) {
    case 'text':
    case 'textarea':
    case 'email':
    case 'code':
    case 'select':
    case 'radio':
      return (value, operator) => (!EQUALITY.has(operator) || typeof value === 'string' ? value : nullOr(value))
    case 'number':
      return toNumber
    case 'date':
      return toDate
    case 'checkbox':
      return toBoolean
    case 'relationship':
    case 'upload':
      return typeof relationTo === 'string' ? idCast(payload, relationTo) : (value) => value
    case 'id':
      return idCast(payload, /** @type {string} */ (relationTo))
    default:
      return (value) => value
  }
}

/** @param {unknown} value */
const nullOr = (value) => (value === null ? null : undefined)

/**
 * Other ways to write a number are read differently in a list and alone.
 * @type {Cast}
 */
function toNumber(value, operator) {
  if (!EQUALITY.has(operator) && !ORDER.has(operator)) return undefined
  const number = typeof value === 'string' && String(Number(value)) === value ? Number(value) : value
  return Number.isFinite(number) ? number : nullOr(value)
}

/** @type {Cast} */
function toDate(value, operator) {
  if (!EQUALITY.has(operator) && !ORDER.has(operator)) return value
  if (value === null) return null
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** @type {Cast} */
function toBoolean(value, operator) {
  if (typeof value === 'boolean' || value === null) return EQUALITY.has(operator) ? value : undefined
  const text = String(value).toLowerCase()
  return ['equals', 'not_equals'].includes(operator) && ['true', 'false'].includes(text) ? text === 'true' : undefined
}

/**
 * @param {Payload} payload
 * @param {string} collection
 * @returns {Cast}
 */
function idCast({ collections, db }, collection) {
  const type = collections[/** @type {any} */ (collection)]?.customIDType ?? db.defaultIDType
  if (type === 'number') return toNumber
  const isUUIDs = String(/** @type {any} */ (db).idType).startsWith('uuid')
  return (value, operator) => {
    if (!EQUALITY.has(operator) || typeof value === 'boolean' || value === 'null') return undefined
    if (value === null) return null
    return isUUIDs && !isUUID(value) ? undefined : String(value)
  }
}

/**
 * @param {Payload} payload
 * @param {string} collection
 * @param {string[]} path
 * @returns {Field | undefined}
 */
function fieldAt(payload, collection, path) {
  const config = payload.collections[/** @type {any} */ (collection)]?.config
  if (config === undefined) return undefined
  if (path.length === 1 && path[0] === 'id') return { type: 'id', relationTo: collection }
  return fieldIn(payload, /** @type {any} */ (config.flattenedFields), path)
}

/**
 * @param {Payload} payload
 * @param {Field[]} fields
 * @param {string[]} path
 * @returns {Field | undefined}
 */
function fieldIn(payload, fields, [name, ...rest]) {
  const field = fields.find((one) => one.name === name)
  if (field === undefined || rest.length === 0) return field
  switch (field.type) {
    case 'group':
    case 'tab':
    case 'array':
      return fieldIn(payload, field.flattenedFields ?? [], rest)
    case 'relationship':
    case 'upload':
      return typeof field.relationTo === 'string' ? fieldAt(payload, field.relationTo, rest) : UNDECIDED
    default:
      return UNDECIDED
  }
}

/**
 * @template T
 * @param {T[]} values
 * @returns {T[] | undefined} undefined when one of them is
 */
const all = (values) => (values.includes(/** @type {T} */ (undefined)) ? undefined : values)

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
