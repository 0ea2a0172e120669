/**
 * Temporary ids in requests of Payload's REST API. Until a browser has heard which id the database gave a document, it
 * calls it by the token of the mutation that creates it; what it sends while its page is left, and what it asks for
 * after a reload, may still do so. Such a request gets the document that was created.
 *
 * Where there is none, it is 404. Payload takes for the number that an id is whatever digits the text begins with: the
 * request would change document 1, or read it.
 */
import { notCreatedError } from './errors.js'
import { isToken, principalOf, tokenOf } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('payload').PayloadRequest} PayloadRequest */

const WRAPPED = Symbol.for('payload-optimistic-cache.named')
const NAMED = /^\/:id(\/|$)/

/**
 * @param {import('payload').SanitizedConfig} config
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 */
export function wrapNamed(config, runtimeOf) {
  for (const { endpoints, slug } of config.collections) {
    for (const [index, endpoint] of (endpoints || []).entries()) {
      if (!NAMED.test(endpoint.path) || WRAPPED in endpoint) continue
      const handler = (/** @type {PayloadRequest} */ req) => {
        nameDocument(runtimeOf(req), req, slug)
        return endpoint.handler(req)
      }
      const list = /** @type {import('payload').Endpoint[]} */ (endpoints)
      list[index] = Object.assign({ ...endpoint, handler }, { [WRAPPED]: true })
    }
  }
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} collection
 * @throws {import('./errors.js').OptimisticRequestError} 404
 */
function nameDocument(runtime, req, collection) {
  const id = String(req.routeParams?.id)
  if (!isToken(id)) return
  const created = createdOf(runtime, principalOf(req.user), id)
  if (created !== undefined) req.routeParams = { ...req.routeParams, id: String(created) }
  else if (runtime.hasNumbers(collection)) refuse(runtime, req, id)
}

/**
 * Payload's answer to the error settles the mutation, which a page may be shown already.
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} id
 */
function refuse(runtime, req, id) {
  const token = tokenOf(req)
  if (token !== undefined) {
    const bracket = runtime.newBracket()
    bracket.take(token, principalOf(req.user), [], req)
    runtime.claims.set(req.headers, { token, bracket, operations: 1 })
  }
  throw notCreatedError(id)
}

/**
 * @param {Runtime} runtime
 * @param {string} principal
 * @param {string | number} id a temporary one, or any other
 * @returns {string | number | undefined} the real id of a document that this principal created
 */
export const createdOf = ({ answers }, principal, id) =>
  isToken(id) ? answers.created(principal, String(id).toLowerCase()) : undefined
