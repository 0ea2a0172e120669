/**
 * The plugin's hooks: they learn of a mutation before anything else does, and of its failure when it has an answer.
 */
import { runtimeOf } from './runtime.js'
import { OWN_HOOK } from './shapes.js'
import { idsOfWhere, overlayData } from './operations.js'
import { principalOf, setVersionHeader, tokenOf, VERSION_HEADER } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('./request.js').PayloadRequest} PayloadRequest */
/** @typedef {import('../cache/types.js').DocumentOperation} DocumentOperation */

const READS = new Set(['read', 'count'])
/** @type {Record<string, 'create' | 'update' | 'delete'>} */
const WRITES = { create: 'create', update: 'update', delete: 'delete', restoreVersion: 'update' }

/**
 * Goes before all other hooks, so that a change is seen from the earliest moment on.
 * @type {import('payload').CollectionBeforeOperationHook}
 */
export async function beforeOperation({ args, collection, operation, req }) {
  const runtime = runtimeOf(req.payload)
  if (!runtime.isBracketed(collection.slug)) return
  const type = WRITES[operation]
  if (READS.has(operation)) await noteVersion(runtime, req)
  else if (type !== undefined) await enter(runtime, type, collection, args, req, operation)
}

/**
 * Ends a client's mutation where no transaction does (`disableTransaction`).
 * @type {import('payload').CollectionAfterOperationHook}
 */
export function afterOperation({ operation, req, result }) {
  if (operation in ENDS) leave(runtimeOf(req.payload), req)
  return result
}

const ENDS = { create: true, update: true, updateByID: true, delete: true, deleteByID: true, restoreVersion: true }

/**
 * Goes first, too: what is told here is the reason that a mutation's owner reads. It is the text of the answer, in
 * which Payload has hidden what is not for clients.
 * @type {import('payload').AfterErrorHook}
 */
export function afterError({ graphqlResult, req, result }) {
  const headers = req?.headers
  if (!req?.payload || !headers) return
  const { claims, transactions } = runtimeOf(req.payload)
  const bracket = claims.get(headers)?.bracket
  if (bracket === undefined) return
  const answer = /** @type {any} */ (graphqlResult ?? /** @type {any} */ (result)?.errors?.[0])
  const reason = typeof answer?.message === 'string' ? answer.message : 'The request failed.'
  if (transactions.isFailing(bracket)) transactions.fail(bracket, reason)
  else if (bracket.open && claims.get(headers)?.operations) {
    if (bracket.completed > 0) bracket.commit()
    else bracket.rollback(reason)
  }
}

for (const hook of [beforeOperation, afterOperation, afterError]) Object.assign(hook, { [OWN_HOOK]: true })

/**
 * Tells a reader at which version its answer begins. The first read of a request counts, and a mutation's version more.
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 */
async function noteVersion({ cache, transactions }, req) {
  if (req.responseHeaders?.has(VERSION_HEADER)) return
  if (transactions.get(await req.transactionID) !== undefined) return
  setVersionHeader(req, cache, cache.version)
}

/**
 * @param {Runtime} runtime
 * @param {'create' | 'update' | 'delete'} type
 * @param {import('payload').SanitizedCollectionConfig} collection
 * @param {any} args of the operation
 * @param {PayloadRequest} req
 * @param {string} operation
 */
async function enter(runtime, type, collection, args, req, operation) {
  const { claims, transactions } = runtime
  const transactionID = await req.transactionID
  const token = tokenOf(req)
  if (token === undefined) return
  const operations = operationsOf(runtime, type, collection, args, operation)
  const claim = claims.get(req.headers)
  if (claim === undefined) {
    const bracket = transactionID ? transactions.open(transactionID) : runtime.newBracket()
    bracket.take(token, principalOf(req.user), operations, req)
    claims.set(req.headers, { token, bracket, operations: transactionID ? 0 : 1 })
    noteBulk(bracket, type, collection, args)
  } else if (claim.bracket.open && (claim.operations > 0 || transactions.get(transactionID) === claim.bracket)) {
    // An operation of a hook's, as part of the one that claimed the token.
    if (claim.operations > 0) claim.operations++
    for (const one of operations) claim.bracket.touch(one)
  }
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 */
function leave({ claims }, req) {
  const claim = claims.get(req.headers)
  if (!claim || claim.operations === 0 || --claim.operations > 0) return
  claim.bracket.commit()
}

/**
 * What the request is about to do, as far as it says so itself. A bulk operation's documents follow one by one, when it
 * comes to them: to look for them here, before the access checks, would tell the user which there are.
 * @param {Runtime} runtime
 * @param {'create' | 'update' | 'delete'} type
 * @param {import('payload').SanitizedCollectionConfig} config
 * @param {any} args
 * @param {string} operation
 * @returns {DocumentOperation[]}
 */
function operationsOf(runtime, type, config, args, operation) {
  const collection = config.slug
  const named = args.id === undefined ? idsOfWhere(args.where) : [args.id]
  if (operation === 'restoreVersion' || type === 'create' || !named?.length) return [{ type, collection }]
  const data = type === 'update' ? overlayData(args.data, config.flattenedFields) : undefined
  return named.map((id) => ({ type, collection, id: runtime.idOf(collection, id), ...(data && { data }) }))
}

/**
 * @param {import('./bracket.js').Bracket} bracket
 * @param {string} type
 * @param {import('payload').SanitizedCollectionConfig} config
 * @param {any} args
 */
function noteBulk(bracket, type, config, args) {
  if (type !== 'update' || args.id !== undefined) return
  bracket.bulkData.set(config.slug, overlayData(args.data, config.flattenedFields))
}
