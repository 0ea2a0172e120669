/**
 * From what a request asks for to what its user sees while it is under way. The overlay is a guess: hooks may still
 * change or refuse the data. So it holds only what the user sent, for fields of which nothing is to be hidden from, or
 * kept out of reach of, anybody, and whose values need no more than a cast to be what the database will answer.
 */

/** @typedef {import('payload').FlattenedField} FlattenedField */
/** @typedef {Record<string, unknown>} Data */

const LEFT_OUT = new Set(['id', 'createdAt', 'updatedAt', 'deletedAt', '_status'])

/**
 * @param {unknown} data as the request has it
 * @param {FlattenedField[]} fields of the collection
 * @returns {Data | undefined} undefined when nothing of it can be shown
 */
export function overlayData(data, fields) {
  if (!isObject(data)) return undefined
  const shown = pick(
    data,
    fields.filter(({ name }) => !LEFT_OUT.has(name)),
  )
  return Object.keys(shown).length > 0 ? shown : undefined
}

/**
 * @param {Data} data
 * @param {FlattenedField[]} fields
 */
function pick(data, fields) {
  /** @type {Data} */
  const shown = {}
  for (const field of fields) {
    if (!Object.hasOwn(data, field.name) || isGuarded(field)) continue
    const value = cast(data[field.name], field)
    if (value !== undefined) shown[field.name] = value
  }
  return shown
}

/** @param {any} field */
function isGuarded(field) {
  const { access, hidden, hooks, virtual } = field
  const { create, read, update } = access ?? {}
  return Boolean(hidden || virtual || create || read || update || hooks?.afterRead?.length)
}

/**
 * @param {unknown} value
 * @param {any} field
 * @returns {unknown} undefined when it cannot be told what the database will make of it
 */
function cast(value, field) {
  if (value === null) return null
  switch (field.type) {
    case 'text':
    case 'number':
    case 'select':
      return field.hasMany ? castAll(value, field, castScalar) : castScalar(value, field)
    case 'textarea':
    case 'email':
    case 'code':
    case 'radio':
    case 'checkbox':
    case 'date':
      return castScalar(value, field)
    case 'relationship':
    case 'upload':
      if (Array.isArray(field.relationTo)) return undefined
      return field.hasMany ? castAll(value, field, castReference) : castReference(value)
    case 'group':
    case 'tab':
      return isObject(value) ? pick(value, field.flattenedFields) : undefined
    case 'array':
      return castRows(value, field)
    default:
      return undefined
  }
}

/**
 * @param {unknown} value
 * @param {any} field
 * @param {(value: unknown, field: any) => unknown} castOne
 */
function castAll(value, field, castOne) {
  if (!Array.isArray(value)) return undefined
  const all = value.map((item) => castOne(item, field))
  return all.includes(undefined) ? undefined : all
}

/**
 * @param {unknown} value
 * @param {any} field
 */
function castScalar(value, field) {
  switch (field.type) {
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      return Number.isFinite(number) ? number : undefined
    }
    case 'checkbox':
      return typeof value === 'boolean' ? value : undefined
    case 'date': {
      const date = new Date(/** @type {any} */ (value))
      return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
    }
    default:
      return typeof value === 'string' ? value : undefined
  }
}

/** @param {unknown} value */
const castReference = (value) => (typeof value === 'string' || typeof value === 'number' ? value : undefined)

/**
 * Rows replace the old ones whole, so one that cannot be shown whole hides them all.
 * @param {unknown} value
 * @param {any} field
 */
function castRows(value, field) {
  if (!Array.isArray(value)) return undefined
  const rows = value.map((row) => {
    if (!isObject(row)) return undefined
    const { id, ...members } = row
    const shown = pick(members, field.flattenedFields)
    if (Object.keys(shown).length < Object.keys(members).length) return undefined
    return id === undefined ? shown : { ...shown, id }
  })
  return rows.includes(undefined) ? undefined : rows
}

/**
 * The documents that a where names by nothing but their ids.
 * @param {any} where
 * @returns {unknown[] | undefined} undefined when it asks for more, or other, than ids
 */
export function idsOfWhere(where) {
  if (!isObject(where)) return undefined
  const conditions = Object.entries(where)
  if (conditions.length !== 1) return undefined
  const [[name, condition]] = /** @type {[[string, any]]} */ (conditions)
  if (name === 'and' && Array.isArray(condition) && condition.length === 1) return idsOfWhere(condition[0])
  if (name !== 'id' || !isObject(condition)) return undefined
  const operators = Object.keys(condition)
  if (operators.length !== 1) return undefined
  if (operators[0] === 'equals') return [condition.equals]
  if (operators[0] !== 'in') return undefined
  if (typeof condition.in === 'string') return condition.in.split(',')
  return Array.isArray(condition.in) ? condition.in : undefined
}

/** @param {unknown} value @returns {value is Data} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
