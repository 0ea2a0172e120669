/**
 * Payload's own REST reads, answered from the cache: `GET {api}/<collection>` and `GET {api}/<collection>/:id` of the
 * declared collections, when the option `rest` says so.
 *
 * The body is, byte for byte, what Payload's handler answers, for it is what that answered: a miss runs the handler,
 * and keeps its text. What the user may see is asked of access control at every request, as for a view, and is part of
 * the key; and so is the whole query, which hooks may look at. Nothing pending is laid over: the browser does that
 * itself.
 */
import { createHash } from 'node:crypto'
import { parseParams } from 'payload'
import { questionOf } from '../next/question.js'
import { isKnown, tagOf } from './conditional.js'
import { expose, principalOf, setVersionHeader } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('payload').PayloadRequest} PayloadRequest */
/** @typedef {import('payload').Endpoint} Endpoint */
/** @typedef {import('../next/question.js').Question} Question */

const WRAPPED = Symbol.for('payload-optimistic-cache.read')
/** By the endpoint's path in Payload's collections. @type {Record<string, 'find' | 'findByID'>} */
const READS = { '/': 'find', '/:id': 'findByID' }

/**
 * @param {import('payload').SanitizedConfig} config
 * @param {string[]} declared slugs
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 */
export function wrapReads(config, declared, runtimeOf) {
  for (const { slug, endpoints } of config.collections) {
    if (!declared.includes(slug) || !endpoints) continue
    for (const [path, type] of Object.entries(READS)) {
      const same = endpoints.filter((endpoint) => endpoint.method === 'get' && endpoint.path === path)
      const [endpoint] = same
      // Of two the first answers, and is the user's own.
      if (same.length !== 1 || WRAPPED in endpoint) continue
      const handler = (/** @type {PayloadRequest} */ req) => read(runtimeOf(req), req, slug, type, endpoint.handler)
      endpoints[endpoints.indexOf(endpoint)] = Object.assign({ ...endpoint, handler }, { [WRAPPED]: true })
    }
  }
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} collection
 * @param {'find' | 'findByID'} type
 * @param {Endpoint['handler']} handler
 */
async function read(runtime, req, collection, type, handler) {
  const { cache, payload } = runtime
  const principal = principalOf(req.user)
  const args = argsOf(runtime, req, collection, type)
  const question = args && (await questionOf(payload, req.user, principal, type, args, req))
  if (question === undefined) return handler(req)

  const { version } = cache
  const key = keyOf(req, question)
  const options = { tags: question.tags, query: question.query }
  let body = cache.getBytes(key)
  if (body === undefined) body = await load(cache, key, options, () => handler(req))
  setVersionHeader(req, cache, version)
  expose(req, 'ETag')
  const tag = tagOf(body)
  const headers = { 'Cache-Control': 'private, no-cache', 'Content-Type': 'application/json', ETag: tag }
  if (isKnown(req.headers.get('If-None-Match'), tag)) return new Response(null, { status: 304, headers })
  return new Response(new Uint8Array(body), { headers })
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} key
 * @param {import('../cache/types.js').LoadOptions} options
 * @param {() => Response | Promise<Response>} ask
 */
async function load(cache, key, options, ask) {
  const { value } = await cache.fetchEntry(key, options, async () => (await ask()).json())
  return Buffer.from(JSON.stringify(value))
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {string} collection
 * @param {'find' | 'findByID'} type
 * @returns {any} undefined when the handler would be asked something that is not in the query
 */
function argsOf(runtime, req, collection, type) {
  if (/** @type {any} */ (req).data !== undefined) return undefined
  const parsed = /** @type {any} */ (parseParams(structuredClone(req.query)))
  const { depth, draft, flattenLocales, joins, limit, page, pagination, populate, select, sort, trash, where } = parsed
  const numbers = [depth, limit, page]
  if (flattenLocales !== undefined || parsed.data !== undefined) return undefined
  if (numbers.some((number) => typeof number === 'string')) return undefined
  const id = type === 'findByID' ? runtime.idOf(collection, req.routeParams?.id) : undefined
  const list = type === 'find' ? { limit, page, pagination, sort, where } : { id }
  const locales = { locale: req.locale ?? undefined, fallbackLocale: req.fallbackLocale ?? undefined }
  return { collection, depth, draft, joins, populate, select, trash, ...locales, ...list }
}

/**
 * @param {PayloadRequest} req
 * @param {Question} question
 */
const keyOf = ({ search }, { key }) =>
  `rest ${createHash('sha256').update(`${search ?? ''}\n${key}`).digest('base64url')}`
