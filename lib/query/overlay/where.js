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
const lower = (value) => String(value).replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
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
 * Each asks one value; `all` asks as `equals` does for each of its own.
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
 * Something that has members of a document.
 * @typedef {object} Source
 * @property {Record<string, any> | undefined} document
 * @property {boolean} [isForeign] are its localized members of another locale?
 * @property {any} [isWhole] is what it does not have null?
 */

/** @typedef {import('../../cache/types.js').Shape} Shape */

/**
 * @param {any} where
 * @param {Source[]} known of the document; the first that has a member counts
 * @param {Shape} shape
 * @returns {Truth}
 */
export function matches(where, known, shape) {
  return all(
    Object.entries(where ?? {}).map(([path, asked]) => {
      if (Array.isArray(asked)) {
        const parts = asked.map((part) => matches(part, known, shape))
        return lower(path) === 'and' || parts.length === 0 ? all(parts) : any(parts)
      }
      const values = valuesOf(known, path, shape)
      if (values.length === 0) return undefined
      const isRelation = path in (shape.relations ?? {})
      /** @type {(name: string, operand: any) => Truth} */
      const meets = (name, operand) =>
        name === 'all' && Array.isArray(operand)
          ? all(operand.map((item) => meets('equals', item)))
          : any(values.map((value) => value === undefined ? value : OPERATORS[name]?.(value, operand, isRelation)))
      return all(Object.entries(asked).map(([name, operand]) => meets(name, operand)))
    })
  )
}

/**
 * The values of a member of a document.
 * @param {Source[]} known
 * @param {string} path
 * @param {Shape} shape
 * @returns {any[]} undefined is a value that is not known; empty when nothing is said of the member at all
 */
export function valuesOf(known, path, shape) {
  const names = path.split('.')
  const source = known.find((source) => says(source, names, shape))
  return source ? valuesAt(source.document, names) : []
}

/**
 * Does it have the member, or what should hold that and does not?
 * @param {Source} source
 * @param {string[]} names
 * @param {Shape} shape
 */
function says({ document, isForeign }, names, { relations = {}, localized = [] }) {
  /** @type {any} */
  let value = document ?? {}
  let path = ''
  return names.every((name) => {
    if (!isObject(value) || path in relations) return true
    path += path && '.'
    path += name
    if (!Object.hasOwn(value, name) || (isForeign && localized.includes(path))) return false
    value = value[name]
    return true
  })
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
function valuesAt(value, path) {
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
  const [a, b] = [plain(one), plain(other)]
  const areNumbers = [a, b].some((value) => typeof value === 'number') && [a, b].every(isNumber)
  return areNumbers ? Number(a) === Number(b) : String(a) === String(b)
}

/**
 * @param {any} one
 * @param {any} other
 * @returns {number | undefined} as for `Array.prototype.sort`; null comes first
 */
export function compare(one, other) {
  if (one === undefined || other === undefined) return undefined
  if (one === null || other === null) return Number(one !== null) - Number(other !== null)
  const [a, b] = [plain(one), plain(other)]
  if (a === undefined || b === undefined) return undefined
  const right = typeof a === 'number' && b !== '' ? Number(b) : b
  if (typeof a !== typeof right || right !== right) return undefined
  const [left, upper] = [a, right].map(byCodePoint)
  return left < upper ? -1 : Number(left > upper)
}

/** @type {typeof compare} the same of two documents: a number has a place beside the text of one, not among texts */
export const compareKeys = (one, other) => (compare(other, one) === undefined ? undefined : compare(one, other))

/**
 * JavaScript compares texts by UTF-16's units, of which those of surrogates are not the last.
 * @type {(value: any) => any}
 */
const byCodePoint = (value) =>
  typeof value === 'string'
    ? value.replace(/[\ud800-\uffff]/g, (unit) =>
        String.fromCharCode(unit.charCodeAt(0) + (unit < '\ue000' ? 0x2000 : -0x800))
      )
    : value

/** @type {(value: any) => boolean} a number, or the text of one, as query strings have it */
const isNumber = (value) =>
  typeof value === 'number' || (typeof value === 'string' && value !== '' && !isNaN(Number(value)))

const DATE = /^\d{4}-\d\d-\d\d(T|$)/

/** @type {(value: any) => any} an id instead of a document, a number instead of a date */
function plain(value) {
  if (isObject(value)) return plain(value.value ?? value.id)
  return (DATE.test(value) && Date.parse(value)) || value
}
