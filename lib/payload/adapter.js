/**
 * Brackets around every write of the database adapter, whoever asked for it: REST, GraphQL, the Local API, the admin
 * panel, a hook, or code that calls `payload.db` itself.
 *
 * In a transaction the documents join its bracket, and what an update changed is learnt by reading the document before
 * and after it, in the same transaction, as `payload.find` would: then, and only then, entries are replayed instead of
 * dropped. These reads are reads of the Local API, which the collection's hooks see. Outside of a transaction a write
 * is true the moment it returns, so it has a bracket of its own.
 */
import { isolateObjectProperty } from 'payload'
import { changesBetween } from './changes.js'
import { idsOfWhere } from './operations.js'
import { isVirtual } from './transactions.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('./bracket.js').Bracket} Bracket */
/** @typedef {import('./bracket.js').Touched} Touched */
/** @typedef {'create' | 'update' | 'delete'} Type */

/**
 * @typedef {object} WriteArgs of the adapter's write functions; each has some of them
 * @property {string} collection
 * @property {string | number} [id]
 * @property {any} [where]
 * @property {number} [limit]
 * @property {any} [data]
 * @property {string} [locale]
 * @property {Partial<import('payload').PayloadRequest>} [req]
 */

/** @type {Record<string, Type>} */
const WRITES = {
  create: 'create',
  updateOne: 'update',
  updateMany: 'update',
  upsert: 'update',
  deleteOne: 'delete',
  deleteMany: 'delete',
}

/** @type {any} */
const OWN_MEMBERS = ['context', 'fallbackLocale', 'locale', 'query', 'responseHeaders']

/** Documents of one transaction whose changes are learnt, at two reads each; those after them are invalidated. */
const LEARNT_MOST = 32

/**
 * @param {any} db Payload's database adapter
 * @param {() => Runtime} runtimeOf
 */
export function wrapWrites(db, runtimeOf) {
  for (const [name, type] of Object.entries(WRITES)) {
    const write = db[name]
    if (typeof write !== 'function') continue
    db[name] = async function (/** @type {WriteArgs} */ args) {
      const runtime = runtimeOf()
      const run = () => write.call(this, args)
      return runtime.isBracketed(args.collection) ? bracketed(runtime, db, type, args, run) : run()
    }
  }
}

/**
 * @param {Runtime} runtime
 * @param {any} db
 * @param {Type} type
 * @param {WriteArgs} args
 * @param {() => Promise<any>} run
 */
async function bracketed(runtime, db, type, args, run) {
  const id = await args.req?.transactionID
  // A session that is over is no transaction any more: the adapter writes straight to the database then.
  const inTransaction = id !== undefined && !isVirtual(id) && (db.sessions === undefined || id in db.sessions)
  const ids = type === 'create' ? [] : await idsOf(runtime, db, args)
  if (inTransaction) return joined(runtime, runtime.transactions.open(id), type, args, ids, run)
  const around = runtime.bracketOf(args.req, id)
  const touched = around && touchAll(around, type, args.collection, ids)
  const result = await alone(runtime, type, args.collection, ids, run)
  if (around !== undefined && touched !== undefined) {
    for (const document of touched) document.writes++
    noteResult(runtime, around, type, args.collection, result)
  }
  return result
}

/**
 * A write as part of a transaction.
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Type} type
 * @param {WriteArgs} args
 * @param {(string | number)[]} ids
 * @param {() => Promise<any>} run
 */
async function joined(runtime, bracket, type, { collection, req }, ids, run) {
  const touched = touchAll(bracket, type, collection, ids)
  const learnt = type === 'update' && !runtime.isOpaque(collection) ? touched : []
  for (const document of learnt) await learnBefore(runtime, bracket, document, req)
  for (const document of touched) {
    // Counted although it may fail: Payload goes on after some failures, and commits.
    document.writes++
    document.changes = undefined
  }
  const result = await run()
  noteResult(runtime, bracket, type, collection, result)
  for (const document of learnt) await learnChanges(runtime, document, req)
  return result
}

/**
 * A write that is its own transaction.
 * @param {Runtime} runtime
 * @param {Type} type
 * @param {string} collection
 * @param {(string | number)[]} ids
 * @param {() => Promise<any>} run
 */
async function alone(runtime, type, collection, ids, run) {
  const bracket = runtime.newBracket()
  for (const document of touchAll(bracket, type, collection, ids)) document.writes++
  try {
    const result = await run()
    noteResult(runtime, bracket, type, collection, result)
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
 * @param {Type} type
 * @param {string} collection
 * @param {(string | number)[]} ids
 * @returns {Touched[]}
 */
function touchAll(bracket, type, collection, ids) {
  // An update without a document creates one, when it is an upsert.
  if (ids.length === 0) bracket.touch({ type: 'create', collection })
  const data = type === 'update' ? bracket.bulkData.get(collection) : undefined
  return ids.map((id) => bracket.touch({ type, collection, id, data }))
}

/**
 * The documents that a write turns out to have touched, besides those known before.
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Type} type
 * @param {string} collection
 * @param {any} result
 */
function noteResult(runtime, bracket, type, collection, result) {
  bracket.completed++
  if (type === 'create' && result?.id === undefined) bracket.touch({ type, collection }).writes++
  for (const document of [result].flat()) {
    if (document?.id === undefined || type === 'delete') continue
    const written = bracket.touch({ type, collection, id: runtime.idOf(collection, document.id) })
    if (written.writes === 0) written.writes++
  }
}

/**
 * @param {Runtime} runtime
 * @param {Bracket} bracket
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 */
async function learnBefore(runtime, bracket, document, req) {
  if (document.type !== 'update' || document.writes > 0 || bracket.learnt >= LEARNT_MOST) return
  bracket.learnt++
  document.before = await readFlat(runtime, document, req)
}

/**
 * @param {Runtime} runtime
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 */
async function learnChanges(runtime, document, req) {
  const { before, collection, type, writes } = document
  if (type !== 'update' || before === undefined) return
  const after = await readFlat(runtime, document, req)
  // Another write of the same document, in parallel, may be in what was just read, or not.
  if (after === undefined || document.writes !== writes) return
  document.changes = changesBetween(before, after, runtime.groupsOf(collection))
}

/**
 * A document as `payload.find` answers it, of which entries are made, but with hidden members, which entries of other
 * scopes may show.
 * @param {Runtime} runtime
 * @param {Touched} document
 * @param {WriteArgs['req']} req
 * @returns {Promise<Record<string, unknown> | undefined>} undefined when there is none, or a hook threw
 */
async function readFlat({ payload }, { collection, id }, req) {
  try {
    const document = await payload.findByID({
      collection: /** @type {any} */ (collection),
      id: /** @type {string | number} */ (id),
      depth: 0,
      disableErrors: true,
      overrideAccess: true,
      req: ownRequest(req),
      showHiddenFields: true,
      trash: true,
    })
    return document ? JSON.parse(JSON.stringify(document)) : undefined
  } catch {
    return undefined
  }
}

/**
 * A request for the plugin's own reads: in the transaction, but what the Local API sets on it (the depth in its query,
 * say) is none of the operation's that goes on with the other.
 * @param {WriteArgs['req']} req
 * @returns {any}
 */
function ownRequest(req) {
  if (req?.payload === undefined) return { transactionID: req?.transactionID }
  const own = isolateObjectProperty(/** @type {any} */ (req), OWN_MEMBERS)
  return Object.assign(own, { context: { ...req.context }, query: {} })
}

/**
 * @param {Runtime} runtime
 * @param {any} db
 * @param {WriteArgs} args
 * @returns {Promise<(string | number)[]>} of all documents that the write may touch
 */
async function idsOf(runtime, db, { collection, id, limit, locale, req, where }) {
  const named = id === undefined || id === null ? idsOfWhere(where) : [id]
  if (named !== undefined) return named.map((one) => runtime.idOf(collection, one))
  const { docs } = await db.find({ collection, joins: false, limit: limit ?? 0, locale, pagination: false, req, where })
  return docs.map((/** @type {{ id: string | number }} */ document) => document.id)
}
