/**
 * Where and sort, decided on what is known of one document: true, false, or undefined where that is not enough. The
 * rules are those of Payload's SQL adapters: a condition on rows is met when one row meets it, no rows count as one
 * that is null, and null meets only what asks for it. Text is compared as SQLite does.
 */
import { isObject } from '../share.js'

/** @typedef {boolean | undefined} Truth */

/** @type {(values: Truth[]) => Truth} */
const any = (values) => values.includes(true) || (values.includes(undefined) ? undefined : false)
/** @type {(value: Truth) => Truth} */
const not = (value) => (value === undefined ? value : !value)
/** @type {(values: Truth[]) => Truth} */
const all = (values) => not(any(values.map(not)))

/** @type {(operand: any) => any[]} */
const list = (operand) => (Array.isArray(operand) ? operand : String(operand).split(','))
/** @type {(value: any) => string} */
const lower = (value) => String(value).toLowerCase()
/** @type {(value: any, word: any) => boolean} */
const holds = (value, word) =>
  typeof value === 'string' ? lower(value).includes(lower(word)) : value !== null && equals(value, word)
/** @type {(value: any, operand: any) => boolean} */
const isOneOf = (value, operand) => list(operand).some((item) => equals(value, item))
/** @type {(test: (order: number) => boolean) => (value: any, operand: any) => Truth} */
const ordered = (test) => (value, operand) => {
  const order = value === null || operand === null ? NaN : compare(value, operand)
  return order === undefined ? order : test(order)
}

/**
 * Each asks one value. `all` is not there: no SQL adapter has it.
 * @type {Record<string, (value: any, operand: any, isRelation: boolean) => Truth>}
 */
const OPERATORS = {
  equals: (value, operand) => equals(value, operand),
  not_equals: (value, operand) => !equals(value, operand),
  in: isOneOf,
  not_in: (value, operand, isRelation) =>
    value === null ? isRelation : !isOneOf(value, operand) && !list(operand).includes(null),
  exists: (value, operand) => (value !== null) === (String(operand) === 'true'),
  greater_than: ordered((order) => order > 0),
  greater_than_equal: ordered((order) => order >= 0),
  less_than: ordered((order) => order < 0),
  less_than_equal: ordered((order) => order <= 0),
  contains: holds,
  like: (value, operand) => value !== null && String(operand).split(' ').every((word) => holds(value, word)),
  not_like: (value, operand) => value !== null && lower(value) !== lower(operand),
}

/**
 * @param {any} where
 * @param {Record<string, any>} document
 * @param {Record<string, unknown>} relations of its shape
 * @returns {Truth}
 */
export function matches(where, document, relations) {
  return all(
    Object.entries(where ?? {}).map(([path, asked]) => {
      if (Array.isArray(asked)) {
        const parts = asked.map((part) => matches(part, document, relations))
        return lower(path) === 'and' || parts.length === 0 ? all(parts) : any(parts)
      }
      const values = valuesAt(document, path.split('.'))
      return all(
        Object.entries(asked).map(([name, operand]) =>
          any(values.map((value) => value === undefined ? value : OPERATORS[name]?.(value, operand, path in relations)))
        )
      )
    })
  )
}

/**
 * The top-level members that a where looks at.
 * @param {any} where
 * @returns {string[]}
 */
export function membersOf(where) {
  return Object.entries(where ?? {}).flatMap(([path, asked]) =>
    Array.isArray(asked) ? asked.flatMap(membersOf) : [path.split('.')[0]]
  )
}

/**
 * The values at a path, through the rows of arrays on the way.
 * @param {any} value
 * @param {string[]} path
 * @returns {any[]} undefined is a value that is not shown
 */
export function valuesAt(value, path) {
  if (Array.isArray(value)) return value.length ? value.flatMap((item) => valuesAt(item, path)) : [null]
  if (value === null || path.length === 0) return [value]
  if (isObject(value)) return valuesAt(value[path[0]], path.slice(1))
  return [path[0] === 'id' ? value : undefined]
}

/**
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
function equals(one, other) {
  if (one === null || other === null) return one === other
  if (isObject(other) && other.relationTo !== undefined && other.relationTo !== one.relationTo) return false
  return String(plain(one)) === String(plain(other))
}

/**
 * @param {any} one
 * @param {any} other
 * @returns {number | undefined} as for `Array.prototype.sort`; null comes first
 */
export function compare(one, other) {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null)
  const [a, b] = [plain(one), plain(other)]
  if (a === undefined || b === undefined) return undefined
  const right = typeof a === 'number' && b !== '' ? Number(b) : b
  if (typeof a !== typeof right || right !== right) return undefined
  return a < right ? -1 : Number(a > right)
}

const DATE = /^\d{4}-\d\d-\d\d(T|$)/

/** @type {(value: any) => any} an id instead of a document, a number instead of a date */
function plain(value) {
  if (isObject(value)) return plain(value.value ?? value.id)
  return (DATE.test(value) && Date.parse(value)) || value
}
