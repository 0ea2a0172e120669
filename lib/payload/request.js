/** What the plugin reads from a request, and the one header it writes. */
import { isolateObjectProperty } from 'payload'
import { validate, version } from 'uuid'
import { tokenMalformedError } from './errors.js'

/** @typedef {import('payload').PayloadRequest} PayloadRequest */

export const TOKEN_HEADER = 'Idempotency-Key'
export const AFTER_HEADER = 'Optimistic-After'
export const VERSION_HEADER = 'optimistic-version'
export const PRINCIPAL_HEADER = 'optimistic-principal'
/** More than a page has in flight. */
const AFTER_MOST = 64
const EXPOSE = 'Access-Control-Expose-Headers'

/** What the Local API, and who calls it, may set on a request. @type {any} */
const OWN_MEMBERS = ['context', 'fallbackLocale', 'locale', 'query', 'responseHeaders', 'transactionID', 'user']

/**
 * A request for what the plugin asks in between, of access functions or of the Local API: what that sets on it (the
 * depth in its query, say) is none of the operation's that goes on with the other.
 * @param {PayloadRequest} req
 * @returns {PayloadRequest}
 */
export const ownRequest = (req) =>
  Object.assign(isolateObjectProperty(req, OWN_MEMBERS), { context: { ...req.context }, query: { ...req.query } })

/**
 * Whose mutations a user's are.
 * @param {{ collection?: string, id?: string | number } | null | undefined} user
 */
export const principalOf = (user) => (user ? `${user.collection}:${user.id}` : 'anonymous')

/**
 * @param {string} text a UUIDv7, with or without the quotes of an RFC 8941 string
 * @returns {string} as the cache spells it
 * @throws {import('./errors.js').OptimisticRequestError} 400
 */
export function parseToken(text) {
  const token = /^"[^"]*"$/.test(text) ? text.slice(1, -1) : text
  if (!isToken(token)) throw tokenMalformedError()
  return token.toLowerCase()
}

/** @param {unknown} id */
export const isToken = (id) => validate(id) && version(/** @type {string} */ (id)) === 7

/**
 * The token that a mutation request carries.
 * @param {PayloadRequest} req
 * @throws {import('./errors.js').OptimisticRequestError} 400
 */
export function tokenOf(req) {
  const text = req.headers?.get(TOKEN_HEADER)
  return text === null || text === undefined ? undefined : parseToken(text.trim())
}

/**
 * Which mutations a request wants to be settled before it is run. Only what is older than it can be: two never wait for
 * each other.
 * @param {PayloadRequest} req
 * @param {string} token its own
 * @throws {import('./errors.js').OptimisticRequestError} 400
 */
export function earlierTokensOf(req, token) {
  const tokens = req.headers.get(AFTER_HEADER)?.split(',').slice(-AFTER_MOST) ?? []
  return tokens.flatMap((text) => (text.trim() ? parseToken(text.trim()) : [])).filter((one) => one < token)
}

/**
 * @param {PayloadRequest} req
 * @param {{ generation: string }} cache
 * @param {number} version
 */
export function setVersionHeader(req, cache, version) {
  req.responseHeaders ??= new Headers()
  req.responseHeaders.set(VERSION_HEADER, `${cache.generation};${version}`)
  expose(req, VERSION_HEADER)
}

/**
 * Lets the scripts of other origins, where Payload's `cors` allows any, read a header of the answer.
 * @param {PayloadRequest} req
 * @param {string} name
 */
export function expose(req, name) {
  const cors = /** @type {any} */ (req.payload?.config?.cors)
  if (!cors || cors.length === 0) return
  req.responseHeaders ??= new Headers()
  const exposed = req.responseHeaders.get(EXPOSE)
  if (!exposed?.split(', ').includes(name)) req.responseHeaders.append(EXPOSE, name)
}
