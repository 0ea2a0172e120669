/**
 * Brackets around every write of the database adapter, whoever asked for it: REST, GraphQL, the Local API, the admin
 * panel, a job, a hook, or code that calls `payload.db` itself.
 *
 * In a transaction the documents join its bracket, and what a write did to a document is learnt by reading it before
 * and after, in the same transaction, as `payload.find` would: then, and only then, entries are replayed instead of
 * dropped. These reads are reads of the Local API, which the collection's hooks see. Outside of a transaction a write
 * is true the moment it returns, so it has a bracket of its own.
 */
import { isDeepStrictEqual } from 'node:util'
import { changesBetween, translationsIn } from './changes.js'
import { localeMember, localeOf } from './locales.js'
import { idsOfWhere } from './operations.js'
import { ownRequest } from './request.js'
import { WRITES } from './targets.js'
import { isVirtual } from './transactions.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('./bracket.js').Bracket} Bracket */
/** @typedef {import('./bracket.js').Touched} Touched */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('./targets.js').WriteArgs} WriteArgs */
/** @typedef {(args: WriteArgs) => Promise<any>} Write */

/** Values that every database takes in one list: SQLite stops at 32,766. */
const IDS_MOST = 30_000

/**
 * @param {any} db Payload's database adapter
 * @param {() => Runtime} runtimeOf
 */
export function wrapWrites(db, runtimeOf) {
  for (const [name, targetOf] of Object.entries(WRITES)) {
    const write = db[name]
    if (typeof write !== 'function') continue
    db[name] = async function (/** @type {WriteArgs} */ args) {
      const runtime = runtimeOf()
      const target = targetOf(args)
      const run = (/** @type {WriteArgs} */ given) => write.call(this, given)
      return runtime.isBracketed(target.collection, target.id) ? bracketed(runtime, db, target, args, run) : run(args)
    }
  }
}

/**
 * @param {Runtime} runtime
 * @param {any} db
 * @param {Target} target
 * @param {WriteArgs} args
 * @param {Write} write
 */
async function bracketed(runtime, db, target, args, write) {
  const id = await args.req?.transactionID
  // A session that is over is no transaction any more: the adapter writes straight to the database then.
  const inTransaction = id !== undefined && !isVirtual(id) && (db.sessions === undefined || id in db.sessions)
  const { ids, narrowed } = await documentsOf(runtime, db, target, args)
  const run = () => write(narrowed)
  if (inTransaction) return joined(runtime, runtime.transactions.open(id), target, ids, args.req, run)
  const around = runtime.bracketOf(args.req, id)
  const touched = around && touchAll(around, target, ids, args.req)
  const result = await alone(runtime, target, ids, run)
  if (around !== undefined && touched !== undefined) {
    for (const document of touched) document.writes++
    noteResult(runtime, around, target, result)
  }
  return result
}

/**
 * A write as part of a transaction.
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Target} target
 * @param {(string | number)[]} ids
 * @param {WriteArgs['req']} req
 * @param {() => Promise<any>} run
 */
async function joined(runtime, bracket, target, ids, req, run) {
  const learns = !runtime.isOpaque(target.collection)
  const touched = touchAll(bracket, target, ids, req)
  if (learns && target.type === 'update') {
    for (const document of touched) await learnBefore(runtime, bracket, document, req)
  }
  for (const document of touched) {
    // Counted although it may fail: Payload goes on after some failures, and commits.
    document.writes++
    document.changes = document.after = undefined
  }
  const result = await run()
  const created = noteResult(runtime, bracket, target, result)
  if (learns) for (const document of [...touched, ...created]) await learnAfter(runtime, bracket, document, req)
  return result
}

/**
 * A write that is its own transaction.
 * @param {Runtime} runtime
 * @param {Target} target
 * @param {(string | number)[]} ids
 * @param {() => Promise<any>} run
 */
async function alone(runtime, target, ids, run) {
  const bracket = runtime.newBracket()
  for (const document of touchAll(bracket, target, ids)) document.writes++
  try {
    const result = await run()
    noteResult(runtime, bracket, target, result)
    bracket.commit()
    return result
  } catch (error) {
    // It takes more than one statement to write a document; how many were done is not known.
    bracket.expire('The write failed.')
    throw error
  }
}

/**
 * @param {Bracket} bracket
 * @param {Target} target
 * @param {(string | number)[]} ids
 * @param {WriteArgs['req']} [req]
 * @returns {Touched[]}
 */
function touchAll(bracket, { type, collection, finds }, ids, req) {
  if (type === 'create' || (!finds && ids.length === 0)) return [bracket.touch({ type, collection })]
  // An update without a document creates one, when it is an upsert.
  if (ids.length === 0) bracket.touch({ type: 'create', collection })
  const data = type === 'update' ? bracket.bulkData.get(collection) : undefined
  const locale = data && req && localeMember(/** @type {any} */ (req))
  return ids.map((id) => bracket.touch({ type, collection, id, data, ...locale }))
}

/**
 * The documents that a write turns out to have touched, besides those known before.
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Target} target
 * @param {any} result
 * @returns {Touched[]} those that it made
 */
function noteResult(runtime, bracket, { type, collection, result: member }, result) {
  bracket.completed++
  if (member === undefined || type === 'delete') return []
  const known = [result].flat().filter((document) => document?.[member] !== undefined)
  const written = known.map((document) =>
    bracket.touch({ type, collection, id: runtime.idOf(collection, document[member]) }),
  )
  for (const document of written) if (document.writes === 0) document.writes++
  if (type !== 'create' || written.length === 0 || written.some(({ id }) => id === undefined)) return []
  // It has a name now, and need not stand for any document that may have been made.
  bracket.touch({ type, collection }).writes--
  return written
}

/**
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 */
async function learnBefore(runtime, bracket, document, req) {
  if (document.type !== 'update' || document.writes > 0 || !bracket.mayLearn(document)) return
  document.locale = writtenLocale(runtime, req)
  document.before = await readFlat(runtime, document, req)
  document.translations = await readTranslations(runtime, document, req)
}

/**
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 */
async function learnAfter(runtime, bracket, document, req) {
  const { before, collection, id, type, writes } = document
  const isKnown = type === 'update' ? before !== undefined : type === 'create' && bracket.mayLearn(document)
  if (id === undefined || !isKnown) return
  if (before === undefined) document.locale = writtenLocale(runtime, req)
  const after = await readFlat(runtime, document, req)
  const translations = before && (await readTranslations(runtime, document, req))
  // Another write of the same document, in parallel, may be in what was just read, or not.
  if (after === undefined || document.writes !== writes) return
  document.after = after
  // What changed in two locales at once, an operation does not say.
  if (before === undefined || !isDeepStrictEqual(document.translations, translations)) return
  document.changes = changesBetween(before, after, runtime.groupsOf(collection))
}

/**
 * @param {Runtime} runtime
 * @param {WriteArgs['req']} req
 * @returns {string | undefined} the locale that a write is about; undefined for the default one
 */
function writtenLocale({ payload }, req) {
  const locale = localeOf({ payload, locale: req?.locale })
  return locale && /** @type {any} */ (payload.config.localization).localeCodes.includes(locale) ? locale : undefined
}

/**
 * The localized fields of a document in all locales but the one that its write is about.
 * @param {Runtime} runtime
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 */
async function readTranslations(runtime, document, req) {
  const paths = runtime.localizedOf(document.collection)
  const { localization } = runtime.payload.config
  if (!localization || paths.length === 0) return undefined
  const all = await readFlat(runtime, document, req, 'all')
  return all && translationsIn(all, paths, document.locale ?? localization.defaultLocale)
}

/**
 * A document as `payload.find` answers it, of which entries are made, but without what it does not hold itself, and
 * with hidden members, which entries of other scopes may show.
 * @param {Runtime} runtime
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 * @param {string} [locale] that of its write unless given; where it says nothing, no other is shown instead
 * @returns {Promise<Record<string, unknown> | undefined>} undefined when there is none, or a hook threw
 */
async function readFlat({ payload }, { collection, id, locale: written }, req, locale = written) {
  const { localization } = payload.config
  try {
    const document = await payload.findByID({
      collection: /** @type {any} */ (collection),
      id: /** @type {string | number} */ (id),
      depth: 0,
      disableErrors: true,
      joins: false,
      ...(localization && { locale: /** @type {any} */ (locale ?? localization.defaultLocale), fallbackLocale: false }),
      overrideAccess: true,
      req: readRequest(req),
      showHiddenFields: true,
      trash: true,
    })
    return document ? JSON.parse(JSON.stringify(document)) : undefined
  } catch {
    return undefined
  }
}

/**
 * A request for the plugin's own reads in the transaction. As a promise, the transaction is not Payload's to end when
 * such a read fails: the write after it would go on without one.
 * @param {WriteArgs['req']} req
 * @returns {any}
 */
function readRequest(req) {
  const transactionID = req?.transactionID && Promise.resolve(req.transactionID)
  if (req?.payload === undefined) return { transactionID }
  return Object.assign(ownRequest(/** @type {any} */ (req)), { query: {}, transactionID })
}

/**
 * All documents that a write may touch, and its arguments so narrowed that it touches no other: a document that begins
 * to match the where between this look and the write would be written without anybody knowing.
 * @param {Runtime} runtime
 * @param {any} db
 * @param {Target} target
 * @param {WriteArgs} args
 * @returns {Promise<{ ids: (string | number)[], narrowed: WriteArgs }>}
 */
async function documentsOf(runtime, db, { type, collection, id: named, finds, many }, args) {
  if (type === 'create') return { ids: [], narrowed: args }
  if (!finds) return { ids: named === undefined ? [] : [runtime.idOf(collection, named)], narrowed: args }
  const { id, limit, locale, req, sort, where } = args
  const given = id === undefined || id === null ? idsOfWhere(where) : [id]
  if (given !== undefined) return { ids: given.map((one) => runtime.idOf(collection, one)), narrowed: args }
  const question = { collection, joins: false, limit: limit ?? 0, locale, pagination: false, req, sort, where }
  const { docs } = await db.find(question)
  const ids = docs.map((/** @type {{ id: string | number }} */ document) => document.id)
  // What is found by none of them, an upsert makes.
  if (ids.length > IDS_MOST || (ids.length === 0 && type === 'update' && !many)) return { ids, narrowed: args }
  return { ids, narrowed: { ...args, where: { and: [...(where ? [where] : []), { id: { in: ids } }] } } }
}
