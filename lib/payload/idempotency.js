/**
 * Idempotency-Key as in draft-ietf-httpapi-idempotency-key-header-07, for every endpoint of Payload's REST API, and of
 * the user's, that changes something; graphql.js does the same for mutations of GraphQL:
 *
 *   the first request with a key    is run, and its answer kept
 *   again, while that is under way  409
 *   again, after that               the same answer, and nothing is run
 *   the key with another request    422
 *   a key that is none              400
 *
 * A page that is left cannot keep what it has queued in order any more: it sends all of it, and says with each which
 * others of the same documents are to be settled before (`Optimistic-After`).
 *
 * A key belongs to its principal. What is the same request is told by a fingerprint of its method, its URL and its
 * body. No answer is kept that could be another one tomorrow, because nothing was begun: a limit, a refusal before the
 * first write; nor one that sets a cookie, which is a secret.
 */
import { createHash } from 'node:crypto'
import { tokenReusedError } from './errors.js'
import { ARRIVAL_MOST, WAIT_MOST } from './endpoints.js'
import { earlierTokensOf, expose, principalOf, tokenOf, VERSION_HEADER } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('./answers.js').Answer} Answer */
/** @typedef {import('payload').PayloadRequest} PayloadRequest */
/** @typedef {import('payload').Endpoint} Endpoint */

/**
 * @typedef {object} Asked a request with a token, under way
 * @property {string} principal
 * @property {string} token
 * @property {string} fingerprint
 */

export const REPLAYED_HEADER = 'Idempotency-Replayed'
const WRITES = new Set(['post', 'put', 'patch', 'delete'])
const OWN = '/optimistic/'
const WRAPPED = Symbol.for('payload-optimistic-cache.answered')

/**
 * Replaces what changes something in all lists of endpoints of a config. Those of the plugin know what to do with a
 * token.
 * @param {import('payload').SanitizedConfig} config
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 */
export function wrapEndpoints(config, runtimeOf) {
  for (const { endpoints } of [config, ...config.collections, ...config.globals]) {
    for (const [index, endpoint] of (endpoints || []).entries()) {
      if (!WRITES.has(endpoint.method) || endpoint.path.startsWith(OWN) || WRAPPED in endpoint) continue
      const handler = (/** @type {PayloadRequest} */ req) => answerOnce(runtimeOf(req), req, endpoint.handler)
      // The objects are shared by all collections; the lists are not.
      const list = /** @type {Endpoint[]} */ (endpoints)
      list[index] = Object.assign({ ...endpoint, handler }, { [WRAPPED]: true })
    }
  }
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {Endpoint['handler']} handler
 */
async function answerOnce(runtime, req, handler) {
  const token = tokenOf(req)
  if (token === undefined) return handler(req)
  const { answers, asked } = runtime
  const principal = principalOf(req.user)
  const leave = answers.enter(principal, token)
  try {
    const fingerprint = await fingerprintOf(req)
    const answer = answers.find(principal, token)
    if (answer !== undefined) return replayed(req, answer, fingerprint)
    asked.set(req.headers, { principal, token, fingerprint })
    await inTurn(runtime, req, principal, token)
    return await keep(runtime, req, await handler(req))
  } finally {
    leave()
  }
}

/**
 * Waits until those have settled that the request names, as far as they arrive.
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} principal
 * @param {string} token
 */
async function inTurn({ cache }, req, principal, token) {
  const earlier = earlierTokensOf(req, token)
  if (earlier.length === 0) return
  await cache.known(earlier, principal, { timeout: ARRIVAL_MOST })
  await Promise.all(earlier.map((one) => cache.settled(one, principal, { timeout: WAIT_MOST })))
}

/**
 * @param {PayloadRequest} req
 * @param {Answer} answer
 * @param {string} asked
 */
function replayed(req, { fingerprint, status, headers, body }, asked) {
  if (fingerprint !== asked) throw tokenReusedError()
  for (const name of [VERSION_HEADER, REPLAYED_HEADER]) expose(req, name)
  return new Response(body, { status, headers: [...headers, [REPLAYED_HEADER, 'true']] })
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {Response} response
 */
async function keep(runtime, req, response) {
  const { headers, status } = response
  const isJSON = headers.get('Content-Type')?.startsWith('application/json')
  if (!isJSON || headers.has('Set-Cookie')) return response
  const body = await response.text()
  if (status < 400) keepText(runtime, req, status, body)
  else keepRefusal(runtime, req, status, body)
  return new Response(body, { status, headers })
}

/**
 * Keeps the answer to a request that failed, if it had begun something.
 * @param {Runtime} runtime
 * @param {PayloadRequest | undefined} req
 * @param {number} status
 * @param {string} body
 */
export function keepRefusal(runtime, req, status, body) {
  const asked = req?.headers && runtime.asked.get(req.headers)
  if (!req || !asked) return
  if (runtime.claims.get(req.headers)?.token === asked.token) keepText(runtime, req, status, body)
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {number} status
 * @param {string} body
 */
export function keepText({ answers, asked }, req, status, body) {
  const of = asked.get(req.headers)
  if (of === undefined) return
  const version = req.responseHeaders?.get(VERSION_HEADER)
  /** @type {[string, string][]} */
  const headers = [['Content-Type', 'application/json']]
  if (version) headers.push([VERSION_HEADER, version])
  answers.keep(of.principal, of.token, { fingerprint: of.fingerprint, status, headers, body })
}

/**
 * @param {PayloadRequest} req
 * @returns {Promise<string>}
 */
async function fingerprintOf(req) {
  const hash = createHash('sha256').update(`${req.method} ${req.pathname}${req.search ?? ''}\n`)
  if (!req.body) return hash.digest('base64url')
  const copy = /** @type {Request} */ (/** @type {unknown} */ (req)).clone()
  const type = req.headers.get('Content-Type') ?? ''
  // Browsers put another boundary between the same parts each time.
  if (type.startsWith('multipart/form-data')) {
    for (const [name, value] of await copy.formData()) {
      const isText = typeof value === 'string'
      hash.update(`\n${JSON.stringify([name, isText ? value : [value.name, value.type, value.size]])}\n`)
      if (!isText) hash.update(new Uint8Array(await value.arrayBuffer()))
    }
  } else {
    hash.update(`${type.split(';', 1)[0]}\n`).update(new Uint8Array(await copy.arrayBuffer()))
  }
  return hash.digest('base64url')
}
