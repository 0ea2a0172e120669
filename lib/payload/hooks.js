/**
 * The plugin's hooks: they learn of a mutation before anything else does, and of its failure when it has an answer.
 */
import { runtimeOf } from './runtime.js'
import { OWN_HOOK } from './shapes.js'
import { globalPlanOf, isWrite, planOf, withTemporaryID } from './plans.js'
import { GLOBALS } from './targets.js'
import { isOwnError, retryAfter } from './errors.js'
import { keepRefusal } from './idempotency.js'
import { expose, ownRequest, principalOf, setVersionHeader, tokenOf, VERSION_HEADER } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('./request.js').PayloadRequest} PayloadRequest */
/** @typedef {import('./plans.js').Plan} Plan */

const READS = new Set(['read', 'count'])

/**
 * Goes before all other hooks, so that a change is seen from the earliest moment on.
 * @type {import('payload').CollectionBeforeOperationHook}
 */
export async function beforeOperation({ args, collection, operation, req }) {
  const runtime = runtimeOf(req.payload)
  if (!runtime.isBracketed(collection.slug)) return
  if (READS.has(operation)) await noteVersion(runtime, req)
  else if (isWrite(operation) && !(await isRefused(req, collection, args, operation))) {
    await enter(runtime, req, () => planOf(runtime, collection, args, operation))
  }
}

/**
 * The same for globals.
 * @type {import('payload').GlobalBeforeOperationHook}
 */
export async function beforeGlobalOperation({ args, global, operation, req }) {
  const runtime = runtimeOf(req.payload)
  if (!runtime.isBracketed(GLOBALS, global.slug)) return
  if (READS.has(operation)) await noteVersion(runtime, req)
  else if (isWrite(operation)) await enter(runtime, req, () => globalPlanOf(global, args, operation))
}

/**
 * Ends a client's mutation of a global where no transaction does; nothing comes after it.
 * @type {import('payload').GlobalAfterChangeHook}
 */
export function afterGlobalChange({ doc, req }) {
  leave(runtimeOf(req.payload), req)
  return doc
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
export function afterError({ error, graphqlResult, req, result }) {
  sayWhen(req, error)
  settleFailed(req, graphqlResult ?? /** @type {any} */ (result)?.errors?.[0])
  return graphqlResult === undefined ? withData(error, result) : undefined
}

/**
 * @param {PayloadRequest | undefined} req
 * @param {any} error
 */
function sayWhen(req, error) {
  const seconds = retryAfter(error?.originalError ?? error)
  if (seconds === undefined || req === undefined) return
  req.responseHeaders ??= new Headers()
  req.responseHeaders.set('Retry-After', seconds)
  expose(req, 'Retry-After')
}

/**
 * Payload prints the data of an error only when it is of its own class, of which a bundled server has several.
 * @param {any} error
 * @param {any} result
 */
function withData(error, result) {
  const { data, message, name } = error
  const [first] = result?.errors ?? []
  if (!isOwnError(error) || data === undefined || first?.data || first?.message !== message) return
  return { response: { ...result, errors: [{ name, data, message }] } }
}

/**
 * @param {PayloadRequest | undefined} req
 * @param {any} answer
 */
function settleFailed(req, answer) {
  const headers = req?.headers
  if (!req?.payload || !headers) return
  const { claims, transactions } = runtimeOf(req.payload)
  const bracket = claims.get(headers)?.bracket
  if (bracket === undefined) return
  const reason = typeof answer?.message === 'string' ? answer.message : 'The request failed.'
  if (transactions.isFailing(bracket)) transactions.fail(bracket, reason)
  else if (bracket.open && claims.get(headers)?.operations) {
    if (bracket.completed > 0) bracket.commit()
    else bracket.rollback(reason)
  }
}

/**
 * Goes last: keeps what the client of a request that failed is answered.
 * @type {import('payload').AfterErrorHook}
 */
export function afterAnswer({ error, graphqlResult, req, result }) {
  if (!req?.payload) return
  const runtime = runtimeOf(req.payload)
  if (graphqlResult !== undefined) runtime.turns.get(req.headers)?.fail?.(error, graphqlResult)
  else keepRefusal(runtime, req, /** @type {any} */ (error).status || 500, JSON.stringify(result))
}

const HOOKS = [beforeOperation, afterOperation, afterError, afterAnswer, beforeGlobalOperation, afterGlobalChange]
for (const hook of HOOKS) {
  Object.assign(hook, { [OWN_HOOK]: true })
}

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
 * By operation, which function of a collection's `access` decides.
 * @type {Record<string, 'create' | 'update' | 'delete'>}
 */
const ASKED = { update: 'update', updateByID: 'update', delete: 'delete', deleteByID: 'delete', create: 'create' }

/**
 * Is nobody logged in, and access control going to refuse it for that? The token stays unused then, for whom it is: a
 * session that has expired must not spend what its user can send after the next log-in.
 * @param {PayloadRequest} req
 * @param {import('payload').SanitizedCollectionConfig} collection
 * @param {any} args
 * @param {string} operation
 */
async function isRefused(req, { access }, { id, data, overrideAccess }, operation) {
  const asked = ASKED[operation]
  if (req.user || overrideAccess || !asked || tokenOf(req) === undefined) return false
  try {
    return (await access[asked]({ req: ownRequest(req), id, data })) === false
  } catch {
    // Payload asks again, and hears it, too.
    return false
  }
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {() => Plan} planFor
 */
async function enter(runtime, req, planFor) {
  const { claims, transactions } = runtime
  const transactionID = await req.transactionID
  const token = tokenOf(req)
  if (token === undefined) return
  const { operations, bulk } = planFor()
  const claim = claims.get(req.headers)
  if (claim === undefined) {
    const bracket = transactionID ? transactions.open(transactionID) : runtime.newBracket()
    bracket.take(token, principalOf(req.user), operations.map(withTemporaryID(token)), req)
    claims.set(req.headers, { token, bracket, operations: transactionID ? 0 : 1 })
    if (bulk !== undefined) bracket.bulkData.set(operations[0].collection, bulk)
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
