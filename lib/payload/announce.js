/**
 * `POST {api}/optimistic/announce`: what a mutation is going to do whose own request has to wait, behind another of the
 * same document, say. The pages of its user show it from then on.
 *
 * ```
 * Idempotency-Key: "<the token that its request will carry>"
 * { "operations": [{ "type": "update", "collection": "orders", "id": 7, "data": { "status": "shipped" } }] }
 * ```
 *
 * An announcement stands for as long as a mutation may be pending (the option `ttl`); announced again, it stands anew,
 * with what is said then. The database is not asked: access control says its word when the request comes. What is
 * announced is shown to nobody but who announced it, and only in places that are shown to that user anyway.
 */
import { onlyAllowed } from './access.js'
import { jsonOf } from './body.js'
import { statusBody } from './endpoints.js'
import { bodyError, toRequestError, tokenMalformedError } from './errors.js'
import { globalPlanOf, isWrite, planOf, withTemporaryID } from './plans.js'
import { principalOf, tokenOf } from './request.js'
import { GLOBALS } from './targets.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('../cache/types.js').DocumentOperation} DocumentOperation */

const BODY_MOST = 262_144
const UNSHOWABLE = /^ERR_OPTIMISTIC_(JSON|UTF8)/

/** @type {import('payload').Endpoint} */
export const announceEndpoint = {
  method: 'post',
  path: '/optimistic/announce',
  handler: onlyAllowed('announce', async (runtime, req) => {
    const token = tokenOf(req)
    if (token === undefined) throw tokenMalformedError()
    const body = await jsonOf(req, runtime.limits?.mutationBytes ?? BODY_MOST)
    if (!Array.isArray(body?.operations)) throw bodyError('operations must be an array')
    const operations = body.operations.flatMap((/** @type {unknown} */ one) => announced(runtime, one))
    const principal = principalOf(req.user)
    announce(runtime, token, principal, operations.map(withTemporaryID(token)))
    const answer = statusBody(runtime.cache, token, runtime.cache.status(token, principal))
    return Response.json(answer, { status: 202, headers: { 'Cache-Control': 'no-store' } })
  }),
}

/**
 * @param {Runtime} runtime
 * @param {string} token
 * @param {string} principal
 * @param {DocumentOperation[]} operations
 */
function announce({ cache, ttl }, token, principal, operations) {
  try {
    try {
      cache.announce(token, { principal, operations, ttl })
    } catch (error) {
      if (!UNSHOWABLE.test(String(/** @type {any} */ (error).code))) throw error
      cache.announce(token, { principal, operations: operations.map(({ data, ...one }) => one), ttl })
    }
  } catch (error) {
    // Its request was faster.
    if (/** @type {any} */ (error).code !== 'ERR_OPTIMISTIC_TOKEN_PENDING') throw toRequestError(error)
  }
}

/**
 * What its user is going to see of an operation: as much as of the request itself. Of a collection that is not
 * declared, nothing.
 * @param {Runtime} runtime
 * @param {any} operation
 * @returns {DocumentOperation[]}
 */
function announced(runtime, operation) {
  const { type, collection, id, data, draft } = operation ?? {}
  if (typeof collection !== 'string' || !isWrite(type) || type === 'restoreVersion') {
    throw bodyError('each operation must have a type (create, update or delete) and a collection')
  }
  if (type === 'create' ? id !== undefined && !isID(id) : !isID(id)) {
    throw bodyError('the id of an operation must be a text or a number')
  }
  if (!runtime.isBracketed(collection, id)) return []
  const args = { id: type === 'create' ? undefined : id, data, draft: draft === true }
  if (collection === GLOBALS) {
    const config = runtime.payload.globals.config.find(({ slug }) => slug === id)
    return config === undefined ? [] : globalPlanOf(config, args, type).operations
  }
  const { config } = runtime.payload.collections[/** @type {any} */ (collection)] ?? {}
  return config === undefined ? [] : planOf(runtime, config, args, type).operations
}

/** @param {unknown} id */
const isID = (id) => (typeof id === 'string' && id !== '') || Number.isFinite(id)
