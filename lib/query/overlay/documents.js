import { isObject } from '../share.js'

/** @typedef {import('../query-key.js').QueryDescription} QueryDescription */
/** @typedef {import('../../cache/types.js').Shapes} Shapes */
/** @typedef {import('../../cache/types.js').Operation} Operation */
/** @typedef {Record<string, any>} Document */

/**
 * A document as an answer shows it.
 * @typedef {object} Known
 * @property {Document} document
 * @property {QueryDescription} description of the answer
 * @property {number} level how many relations lead to it
 * @property {any} [answer]
 * @property {(last: Operation) => Operation[]} [missed] the operations up to this one that it is from before; on whichever
 *   document
 * @property {number} [age] below 0: it is certainly from before the answer that operations are laid over; above 0: from after it
 */

/** @typedef {Pick<Known, 'description' | 'missed'> & { answer: any }} Source */
/** @typedef {(collection: string, id: unknown) => Known[]} Knows the newest first */

/** What Payload populates unless asked otherwise. */
export const DEFAULT_DEPTH = 2

/** @type {(description: Pick<QueryDescription, 'args'>) => number} */
export const depthOf = ({ args }) => args.depth ?? DEFAULT_DEPTH

/**
 * The level of documents that one at `level` shows in a join, or else in a relation. Those of a join are as deep as
 * they would be were the depth the join's own.
 * @param {import('../../cache/types.js').Join | undefined} join
 * @param {Pick<QueryDescription, 'args'>} description
 * @param {number} level
 */
export const levelIn = (join, description, level) =>
  level + 1 + (join ? Math.max(0, depthOf(description) - (join.maxDepth ?? 1)) : 0)

/**
 * @param {import('../../cache/types.js').Shape | undefined} shape
 * @param {string} path of a relation
 */
export const joinAt = (shape, path) => (path.endsWith('.docs') ? shape?.joins?.[path.slice(0, -5)] : undefined)

/**
 * Maps the documents of an answer, those in relations after the one that holds them. One that becomes undefined is
 * taken out of its array, or leaves null behind.
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Shapes} shapes
 * @param {(document: Document, collection: string, level: number) => Document | undefined} change
 * @returns {any}
 */
export function mapDocuments(answer, description, shapes, change) {
  const { type, collection } = description
  /** @type {(value: any, collection: string, level: number) => any} */
  const mapDocument = (value, collection, level) => {
    if (!isObject(value)) return value
    let document = change(value, collection, level)
    for (const [path, related] of Object.entries(shapes[collection]?.relations ?? {})) {
      const below = levelIn(joinAt(shapes[collection], path), description, level)
      document = mapPath(document, path.split('.'), (value) => {
        if (!Array.isArray(related)) return mapDocument(value, related, below)
        if (!isObject(value)) return value
        const inner = mapDocument(value.value, value.relationTo, below)
        return inner === value.value ? value : inner && { ...value, value: inner }
      })
    }
    return document
  }
  if (type === 'count') return answer
  return type === 'find'
    ? mapPath(answer, ['docs'], (value) => mapDocument(value, collection, 0))
    : mapDocument(answer, collection, 0)
}

/**
 * Maps the values at a path, through the rows of arrays on the way.
 * @param {any} value
 * @param {string[]} path
 * @param {(value: any) => any} change
 * @returns {any}
 */
export function mapPath(value, path, change) {
  if (Array.isArray(value)) {
    const items = value.map((item) => mapPath(item, path, change))
    return items.some((item, index) => item !== value[index]) ? items.filter((item) => item !== undefined) : value
  }
  if (path.length === 0) return change(value)
  const [name, ...rest] = path
  if (!isObject(value) || !Object.hasOwn(value, name)) return value
  const member = mapPath(value[name], rest, change) ?? null
  return member === value[name] ? value : { ...value, [name]: member }
}

/**
 * The documents in an answer, by `collection:id`. Looked for once.
 * @typedef {Map<string, { document: Document, level: number }[]>} Index
 * @type {WeakMap<any, { index: Index, description: QueryDescription, shapes: Shapes }>}
 */
const indexes = new WeakMap()

/**
 * @param {any} answer
 * @param {QueryDescription} description
 * @param {Shapes} shapes
 */
function indexOf(answer, description, shapes) {
  const made = indexes.get(answer)
  if (made?.description === description && made.shapes === shapes) return made.index
  /** @type {Index} */
  const index = new Map()
  mapDocuments(answer, description, shapes, (document, collection, level) => {
    const key = `${collection}:${document.id}`
    index.set(key, [...(index.get(key) ?? []), { document, level }])
    return document
  })
  if (Object(answer) === answer) indexes.set(answer, { index, description, shapes })
  return index
}

/**
 * Finds documents in answers; puts together what these show at the first question.
 * @param {Source[]} answers the newest first
 * @param {Shapes} shapes
 * @returns {Knows}
 */
export function knownIn(answers, shapes) {
  /** @type {Map<string, Known[]> | undefined} */
  let known
  return (collection, id) => (known ??= putTogether(answers, shapes)).get(`${collection}:${id}`) ?? []
}

/**
 * @param {Source[]} answers
 * @param {Shapes} shapes
 */
function putTogether(answers, shapes) {
  /** @type {Map<string, Known[]>} */
  const known = new Map()
  for (const { answer, description, missed } of answers) {
    for (const [key, copies] of indexOf(answer, description, shapes)) {
      const all = known.get(key) ?? []
      if (all.length === 0) known.set(key, all)
      for (const { document, level } of copies) all.push({ document, level, answer, description, missed })
    }
  }
  return known
}

/**
 * @param {Source[]} answers
 * @param {Shapes} shapes
 * @returns {Set<string>} which documents they show
 */
export const shownIn = (answers, shapes) =>
  new Set(answers.flatMap(({ answer, description }) => [...indexOf(answer, description, shapes).keys()]))

/**
 * @param {Source[]} answers
 * @param {Iterable<string>} documents
 * @param {Shapes} shapes
 * @returns {boolean} do they show one of the documents?
 */
export const showsAny = (answers, documents, shapes) =>
  answers.some(({ answer, description }) => {
    const index = indexOf(answer, description, shapes)
    for (const document of documents) if (index.has(document)) return true
    return false
  })

/**
 * @param {Operation[]} operations
 * @param {Shapes} shapes
 * @returns {string[]} the documents that they change, and those that they make them refer to
 */
export const namedIn = (operations, shapes) =>
  operations.flatMap((operation) => {
    if (operation.type === 'invalidate') return []
    const { collection, data, id } = operation
    const named = [`${collection}:${id}`]
    for (const [path, related] of Object.entries(shapes[collection]?.relations ?? {})) {
      mapPath(data, path.split('.'), (value) => {
        named.push(isObject(value) ? `${value.relationTo}:${value.value}` : `${related}:${value}`)
        return value
      })
    }
    return named
  })
