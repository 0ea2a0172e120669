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
/** By the method of the endpoint `/`: what changes several documents. */
const BULK = ['patch', 'delete']

/**
 * @param {import('payload').SanitizedConfig} config
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 */
export function wrapNamed(config, runtimeOf) {
  for (const { endpoints, slug } of config.collections) {
    for (const [index, endpoint] of (endpoints || []).entries()) {
      const { method, path } = endpoint
      const isBulk = path === '/' && BULK.includes(method)
      if (!(isBulk || NAMED.test(path)) || WRAPPED in endpoint) continue
      const name = isBulk ? nameDocuments : nameDocument
      const handler = (/** @type {PayloadRequest} */ req) => {
        name(runtimeOf(req), req, slug)
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
  const { id } = req.routeParams ?? {}
  const named = nameOf(runtime, req, collection, String(id))
  if (named !== id) req.routeParams = { ...req.routeParams, id: String(named) }
}

/**
 * The same for the documents that a where names. All of the request is refused with one that was not created: a bulk
 * operation is one change of its user's.
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} collection
 * @throws {import('./errors.js').OptimisticRequestError} 404
 */
function nameDocuments(runtime, req, collection) {
  const { query } = req
  // As Payload reads it.
  const where = typeof query?.where === 'string' && query.where ? JSON.parse(query.where) : query?.where
  if (where) query.where = namedWhere(where, (id) => nameOf(runtime, req, collection, id))
}

/**
 * @param {unknown} where
 * @param {(id: unknown) => unknown} nameOf
 * @returns {any} with the ids that it asks for named
 */
function namedWhere(where, nameOf) {
  if (Array.isArray(where)) return where.map((part) => namedWhere(part, nameOf))
  if (typeof where !== 'object' || where === null) return where
  /** @type {(value: unknown) => unknown} */
  const named = (value) =>
    Array.isArray(value) ? value.map(nameOf) : typeof value === 'string' ? value.split(',').map(nameOf).join() : value
  return Object.fromEntries(
    Object.entries(where).map(([name, asked]) => [
      name,
      name === 'id' && typeof asked === 'object' && asked !== null
        ? Object.fromEntries(Object.entries(asked).map(([operator, value]) => [operator, named(value)]))
        : namedWhere(asked, nameOf),
    ])
  )
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} collection
 * @param {unknown} id
 * @returns {unknown} of the document that was created under it, when it is a temporary one
 * @throws {import('./errors.js').OptimisticRequestError} 404
 */
function nameOf(runtime, req, collection, id) {
  if (!isToken(id)) return id
  const created = createdOf(runtime, principalOf(req.user), /** @type {string} */ (id))
  if (created === undefined && runtime.hasNumbers(collection)) refuse(runtime, req, /** @type {string} */ (id))
  return created ?? id
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
