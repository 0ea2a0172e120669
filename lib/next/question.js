/**
 * From the arguments of a read to what the cache needs to know of it: a key that differs wherever the answer could, a
 * description from which the core finds documents, tags and membership, and whether it may be kept at all.
 *
 * The answer depends on the arguments, on who asks, and on what access control says to that one. So the scope is in
 * the key, and with it what the access functions answer now, for this collection and for those whose documents the
 * answer shows: a function that looks at more than the user (the time, memberships) leads to another key when it
 * changes its mind.
 */
import { createHash, randomUUID } from 'node:crypto'
import { serialize } from 'node:v8'
import { createLocalReq, executeAccess } from 'payload'
import { globalRulesOf, readRulesOf, scopeOf, shapesOf } from '../payload/cacheOf.js'
import { localeOf } from '../payload/locales.js'
import { ownRequest } from '../payload/request.js'
import { definedMembers, namesIn } from '../payload/shapes.js'
import { draftsOf, globalNamed } from '../payload/targets.js'
import { typedWhere } from './where.js'

/** @typedef {import('payload').BasePayload} Payload */
/** @typedef {'find' | 'findByID' | 'count'} ReadType */
/** @typedef {Record<string, any> & { collection: string }} ReadArgs */
/** @typedef {Record<string, any> & { slug: string }} GlobalArgs */

/**
 * @typedef {object} Question
 * @property {string} key
 * @property {string[]} tags
 * @property {import('../cache/types.js').Query} [query] absent when the core could not say what an operation does to
 *   the answer: any operation on its tags drops it then
 */

/** Arguments that the key and the description do justice to. Any other makes a read go past the cache. */
const KNOWN = new Set([
  'collection', 'depth', 'disableErrors', 'draft', 'fallbackLocale', 'id', 'limit', 'locale', 'overrideAccess', 'page',
  'pagination', 'populate', 'select', 'slug', 'sort', 'trash', 'where',
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
 * @param {import('payload').PayloadRequest} [req] that access control is to be asked with; one of the Local API unless
 *   given
 * @returns {Promise<Question | undefined>} undefined for a read that goes past the cache
 */
export async function questionOf(payload, user, principal, type, args, req) {
  const { collection } = args
  const config = payload.collections[/** @type {any} */ (collection)]?.config
  if (config === undefined || !isKeepable(args)) return undefined
  const depth = depthOf(payload, args)
  const rules = readRulesOf(payload, collection, type === 'count' ? 0 : depth)
  if (!rules.cacheable) return undefined

  // Whose documents it shows, or tells of by their ids alone.
  const related = type === 'count' ? [] : [...relatedCollections(payload, collection, depth), ...rules.joined]
  // Through whose documents it asks, of which Payload takes those that the user may read.
  const through = leadsAway(args.where) ? reachedFrom(payload, [collection], Infinity) : []
  const asked = new Set([collection, ...related, ...through, ...(type === 'count' ? [] : rules.tags)])
  const rights = args.overrideAccess ? {} : await accessOf(payload, user, asked, args.id, req)
  // Payload says no in its own words.
  if (rights[collection] === false) return undefined

  const scope = args.overrideAccess ? 'everything' : scopeOf(payload, user, [collection, ...related])
  const asks = both(args.where, rights[collection])
  const where = asks && typedWhere(payload, collection, asks)
  const isUnsaid = asks !== undefined && where === undefined
  const query = {
    type,
    // A draft is another document than what is published; and when that changes, so does the draft.
    collection: args.draft && hasDrafts(config) ? draftsOf(collection) : collection,
    id: args.id,
    where,
    sort: withDots(args.sort || config.defaultSort || DEFAULT_SORT),
    limit: args.limit ?? (args.pagination === false ? 0 : DEFAULT_LIMIT),
    page: args.page,
    pagination: args.pagination,
    depth,
    select: args.select,
    populate: args.populate,
    locale: localeOf({ payload, locale: args.locale }),
    fallbackLocale: args.fallbackLocale,
    trash: args.trash,
    scope,
    unstable: isUnstable(payload, config),
  }
  return {
    key: keyOf(`${collection}/${type}`, { ...args, depth }, whoOf(user, principal, scope), rights),
    tags: [
      ...rules.tags,
      ...guardedBy(rights, related),
      ...(args.draft ? withDrafts([collection, ...related]) : []),
      ...(scope === principal && user ? [principal] : []),
      // What it asks of which collection is not known either.
      ...(isUnsaid ? everythingFrom(payload, [collection], Infinity) : []),
    ],
    query: isUnsaid ? undefined : definedMembers(query),
  }
}

/**
 * Payload takes less than nothing for nothing.
 * @param {Payload} payload
 * @param {Record<string, any>} args
 */
const depthOf = ({ config }, args) => Math.max(0, Math.min(args.depth ?? config.defaultDepth, config.maxDepth))

/**
 * Paths may be written with underscores, for GraphQL.
 * @param {any} sort
 * @returns {any}
 */
function withDots(sort) {
  if (Array.isArray(sort)) return sort.map(withDots)
  return typeof sort === 'string' ? sort.replaceAll('__', '.') : sort
}

/**
 * The same for a global. No operation is ever replayed on one; what is in flight is laid over.
 * @param {Payload} payload
 * @param {any} user
 * @param {string} principal
 * @param {GlobalArgs} args
 * @returns {Promise<Question | undefined>}
 */
export async function globalQuestionOf(payload, user, principal, args) {
  const { slug } = args
  const config = payload.globals.config.find((global) => global.slug === slug)
  if (config === undefined || !isKeepable(args)) return undefined
  const depth = depthOf(payload, args)
  const rules = globalRulesOf(payload, slug, depth)
  if (!rules.cacheable) return undefined

  const name = globalNamed(slug)
  const related = [...relatedCollections(payload, name, depth), ...rules.joined]
  const rights = args.overrideAccess ? {} : await accessOf(payload, user, new Set([...related, ...rules.tags]))
  if (!args.overrideAccess) rights[name] = await answerOf(payload, user, config.access.read)
  if (rights[name] === false) return undefined

  const scope = args.overrideAccess ? 'everything' : principal
  const isDraft = args.draft && hasDrafts(config)
  const query = {
    type: /** @type {const} */ ('findGlobal'),
    global: slug,
    depth,
    select: args.select,
    populate: args.populate,
    locale: localeOf({ payload, locale: args.locale }),
    fallbackLocale: args.fallbackLocale,
    scope,
  }
  return {
    key: keyOf(`${name}/findGlobal`, { ...args, depth }, whoOf(user, principal, scope), rights),
    tags: [
      ...rules.tags,
      ...guardedBy(rights, related),
      ...(args.draft ? withDrafts([name, ...related]) : []),
      ...(scope === principal && user ? [principal] : []),
    ],
    // A draft is another document than what is published.
    query: isDraft ? undefined : definedMembers(query),
  }
}

/**
 * What a user may read of all that is cached, as access control says now: two users, or the same one at two times, of
 * whom it is the same text get the same answers.
 * @param {Payload} payload
 * @param {any} user
 * @param {string} principal
 */
export async function rightsOf(payload, user, principal) {
  const collections = Object.keys(payload.collections).filter((slug) => readRulesOf(payload, slug, 0).cacheable)
  const globals = payload.globals.config.filter(({ slug }) => globalRulesOf(payload, slug, 0).cacheable)
  // One that throws makes reads throw, too.
  const says = (/** @type {any} */ access) => answerOf(payload, user, access.read).catch(() => false)
  const rights = await Promise.all([
    ...collections.map((slug) => says(payload.collections[/** @type {any} */ (slug)].config.access)),
    ...globals.map(({ access }) => says(access)),
  ])
  return stableJSON([whoOf(user, principal), rights])
}

/** @param {string} rights of rightsOf() @param {string} key */
export const keyOfDerived = (rights, key) => shortened(`derived ${rights} ${key}`)

/**
 * Who may be shown an answer. A strategy of the app's may tell of one user with other rights each time, so where an
 * answer belongs to a user it is the whole user that counts, but for what tells the sessions of one user apart.
 * @param {any} user
 * @param {string} principal
 * @param {string} [scope]
 * @returns {string}
 */
export function whoOf(user, principal, scope = principal) {
  if (scope !== principal || !user) return scope
  const { _sid, ...told } = user
  return `${principal} ${createHash('sha256').update(serialized(told)).digest('base64url')}`
}

/**
 * As what is like nothing else, where it has functions: what they do, nobody can tell.
 * @param {object} user
 */
function serialized(user) {
  try {
    return serialize(user)
  } catch {
    return randomUUID()
  }
}

/**
 * @param {string} what is asked for
 * @param {Record<string, unknown>} args
 * @param {string} who of whoOf()
 * @param {object} rights
 */
function keyOf(what, args, who, rights) {
  const asked = Object.entries(args).filter(([name, value]) => KNOWN.has(name) && !(OFF.has(name) && !value))
  return shortened(`${what} ${stableJSON([Object.fromEntries(asked), who, rights])}`)
}

/**
 * Whether a related document is shown, or only its id, depends on what it holds, and no span of the answer tells: any
 * change in that collection drops the answer.
 * @param {Record<string, unknown>} rights
 * @param {string[]} related
 */
const guardedBy = (rights, related) => related.filter((slug) => typeof rights[slug] === 'object')

/**
 * SQLite keeps rows in the order of their ids, unless it finds them by an index of several fields, of which one may be
 * written; PostgreSQL puts one that is written to another place.
 * @param {Payload} payload
 * @param {{ indexes?: unknown[] }} config
 * @returns {true | undefined}
 */
const isUnstable = ({ db }, { indexes }) => (/sqlite/.test(db.packageName) && !indexes?.length ? undefined : true)

/** @param {string[]} collections */
const withDrafts = (collections) => collections.flatMap((slug) => [slug, draftsOf(slug)])

/** @param {{ versions?: any }} config */
const hasDrafts = ({ versions }) => Boolean(versions?.drafts)

/** @param {Record<string, any>} args */
function isKeepable(args) {
  if (args.locale === 'all' || args.locale === '*') return false
  // A query string can say anything.
  if (![args.select, args.populate].every((given) => given === undefined || isObject(given))) return false
  if (args.page < 0 || args.limit < 0) return false
  const isHarmless = (/** @type {string} */ name, /** @type {unknown} */ value) =>
    KNOWN.has(name) || value === undefined || (OFF.has(name) && !value)
  return Object.entries(args).every(([name, value]) => isHarmless(name, value))
}

/** Paths may be written with underscores, for GraphQL. @param {unknown} where */
const leadsAway = (where) => namesIn(where).some((name) => /\.|__/.test(name))

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && !Array.isArray(value)

/**
 * @param {Payload} payload
 * @param {string} collection or a global, as its shape is named
 * @param {number} depth
 * @returns {string[]} the collections whose documents an answer can show through relations; the asked one only if it
 *   leads back to itself
 */
export const relatedCollections = (payload, collection, depth) => reachedFrom(payload, [collection], depth)

/**
 * @param {Payload} payload
 * @param {string[]} collections
 * @param {number} depth
 */
function reachedFrom(payload, collections, depth) {
  const shapes = shapesOf(payload)
  /** @type {Set<string>} */
  const related = new Set()
  for (let level = collections, left = depth; level.length > 0 && left > 0; left--) {
    const reached = level.flatMap((slug) => Object.values(shapes[slug]?.relations ?? {}).flat())
    level = reached.filter((slug) => !related.has(slug))
    for (const slug of level) related.add(slug)
  }
  return [...related]
}

/**
 * The tags of all documents, also as drafts, of collections and of those that relations lead to from there.
 * @param {Payload} payload
 * @param {string[]} collections
 * @param {number} depth
 */
export const everythingFrom = (payload, collections, depth) =>
  withDrafts([...new Set([...collections, ...reachedFrom(payload, collections, depth)])])

/**
 * What access control answers to the user, as Payload will ask it for this read.
 * @param {Payload} payload
 * @param {any} user
 * @param {Set<string>} collections the first is the one that is asked
 * @param {string | number} [id]
 * @param {import('payload').PayloadRequest} [req]
 * @returns {Promise<Record<string, boolean | import('payload').Where>>}
 */
export async function accessOf(payload, user, collections, id, req) {
  const answers = [...collections].map(async (slug, index) => {
    const { access } = payload.collections[/** @type {any} */ (slug)].config
    return [slug, await answerOf(payload, user, access.read, index === 0 ? id : undefined, req)]
  })
  return Object.fromEntries(await Promise.all(answers))
}

/**
 * @param {Payload} payload
 * @param {any} user
 * @param {any} access
 * @param {string | number} [id]
 * @param {import('payload').PayloadRequest} [given]
 */
async function answerOf(payload, user, access, id, given) {
  const req = given ? ownRequest(given) : await createLocalReq({ user }, /** @type {any} */ (payload))
  return executeAccess({ id, disableErrors: true, req }, access)
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
