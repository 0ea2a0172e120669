/**
 * From the arguments of a read to what the cache needs to know of it: a key that differs wherever the answer could, a
 * description from which the core finds documents, tags and membership, and whether it may be kept at all.
 *
 * The answer depends on the arguments, on who asks, and on what access control says to that one. So the scope is in
 * the key, and with it what the access functions answer now, for this collection and for those whose documents the
 * answer shows: a function that looks at more than the user (the time, memberships) leads to another key when it
 * changes its mind.
 */
import { createHash } from 'node:crypto'
import { createLocalReq, executeAccess } from 'payload'
import { readRulesOf, shapesOf } from '../payload/cacheOf.js'

/** @typedef {import('payload').BasePayload} Payload */
/** @typedef {'find' | 'findByID' | 'count'} ReadType */
/** @typedef {Record<string, any> & { collection: string }} ReadArgs */

/**
 * @typedef {object} Question
 * @property {string} key
 * @property {string[]} tags
 * @property {import('../cache/types.js').Query} [query] absent when the core could not say what an operation does to
 *   the answer: any operation on its tags drops it then
 */

/** Arguments that the key and the description do justice to. Any other makes a read go past the cache. */
const KNOWN = new Set([
  'collection', 'depth', 'disableErrors', 'fallbackLocale', 'id', 'limit', 'locale', 'overrideAccess', 'page', 'pagination',
  'populate', 'select', 'sort', 'where',
])
/** Arguments that may be spelled out as what they are by default. */
const OFF = new Set(['draft', 'includeLockStatus', 'showHiddenFields', 'trash'])

const LONGEST_KEY = 1024
const DEFAULT_LIMIT = 10
const DEFAULT_SORT = '-createdAt'

/**
 * @param {Payload} payload
 * @param {any} user
 * @param {string} principal
 * @param {ReadType} type
 * @param {ReadArgs} args `where` and the like as plain JSON
 * @returns {Promise<Question | undefined>} undefined for a read that goes past the cache
 */
export async function questionOf(payload, user, principal, type, args) {
  const { collection } = args
  const config = payload.collections[/** @type {any} */ (collection)]?.config
  if (config === undefined || !isKeepable(args)) return undefined
  const depth = Math.min(args.depth ?? payload.config.defaultDepth, payload.config.maxDepth)
  const rules = readRulesOf(payload, collection, type === 'count' ? 0 : depth)
  if (!rules.cacheable) return undefined

  const related = type === 'count' ? [] : relatedCollections(payload, collection, depth)
  const access = args.overrideAccess ? {} : await accessOf(payload, user, new Set([collection, ...related]), args.id)
  // Payload says no in its own words.
  if (access[collection] === false) return undefined

  const scope = args.overrideAccess ? 'everything' : principal
  const asked = Object.fromEntries(Object.entries({ ...args, depth }).filter(([name]) => KNOWN.has(name)))
  const key = shortened(`${collection}/${type} ${stableJSON([asked, scope, access])}`)
  const own = scope === principal && user ? [principal] : []
  // Whether a related document is shown, or only its id, depends on what it holds, and no span of the answer tells: any
  // change in that collection drops the answer.
  const guarded = related.filter((slug) => typeof access[slug] === 'object')
  const query = {
    type,
    collection,
    id: args.id,
    where: both(args.where, access[collection]),
    sort: args.sort || config.defaultSort || DEFAULT_SORT,
    limit: args.limit ?? (args.pagination === false ? 0 : DEFAULT_LIMIT),
    page: args.page,
    depth,
    select: args.select,
    locale: args.locale,
    scope,
  }
  return { key, tags: [...rules.tags, ...guarded, ...own], query: definedMembers(query) }
}

/** @param {ReadArgs} args */
function isKeepable(args) {
  if (args.locale === 'all' || args.locale === '*') return false
  return Object.entries(args).every(([name, value]) => KNOWN.has(name) || value === undefined || (OFF.has(name) && !value))
}

/**
 * @param {Payload} payload
 * @param {string} collection
 * @param {number} depth
 * @returns {string[]} the collections whose documents an answer can show through relations; the asked one only if it leads
 *   back to itself
 */
export function relatedCollections(payload, collection, depth) {
  const shapes = shapesOf(payload)
  /** @type {Set<string>} */
  const related = new Set()
  for (let level = [collection], left = depth; level.length > 0 && left > 0; left--) {
    level = level.flatMap((slug) => Object.values(shapes[slug]?.relations ?? {}).flat()).filter((slug) => !related.has(slug))
    for (const slug of level) related.add(slug)
  }
  return [...related]
}

/**
 * What access control answers to the user, as Payload will ask it for this read.
 * @param {Payload} payload
 * @param {any} user
 * @param {Set<string>} collections the first is the one that is asked
 * @param {string | number | undefined} id
 * @returns {Promise<Record<string, boolean | import('payload').Where>>}
 */
async function accessOf(payload, user, collections, id) {
  const answers = [...collections].map(async (slug, index) => {
    const req = await createLocalReq({ user }, /** @type {any} */ (payload))
    const { access } = payload.collections[/** @type {any} */ (slug)].config
    return [slug, await executeAccess({ id: index === 0 ? id : undefined, disableErrors: true, req }, access.read)]
  })
  return Object.fromEntries(await Promise.all(answers))
}

/**
 * @param {object | undefined} where
 * @param {boolean | object | undefined} access
 */
function both(where, access) {
  if (typeof access !== 'object') return where
  return where === undefined ? access : { and: [where, access] }
}

/**
 * JSON with members in the order of their names, so that equal arguments have one text.
 * @param {unknown} value
 * @returns {string}
 */
export function stableJSON(value) {
  return JSON.stringify(value, (_name, member) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  )
}

/** @param {string} key */
function shortened(key) {
  if (key.length <= LONGEST_KEY) return key
  return `${key.slice(0, key.indexOf(' '))} sha256:${createHash('sha256').update(key).digest('hex')}`
}

/**
 * @template {object} T
 * @param {T} object
 * @returns {T}
 */
const definedMembers = (object) =>
  /** @type {T} */ (Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)))
