/**
 * What is done around Payload's GraphQL requests: the same answer to the same mutation, as idempotency.js does it for
 * REST, and queries from the cache (graphql-reads.js).
 *
 * Payload hands a request to graphql-http, and leaves two places open through which all goes that is executed: the
 * resolvers of the root fields, which the config may add to (`graphQL.queries`, `graphQL.mutations`), and
 * `payload.extensions`, which may put another answer, or a whole response, in place of the result. So a request is
 * looked at when its first root field is resolved; when it is not to be run, its root fields are null, and the end says
 * what is answered instead. What is no valid request comes to neither.
 */
import { createHash } from 'node:crypto'
import { isOwnError, tokenReusedError } from './errors.js'
import { Reading, rootsOf } from './graphql-reads.js'
import { keepRefusal, keepText, REPLAYED_HEADER } from './idempotency.js'
import { expose, principalOf, tokenOf } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('payload').PayloadRequest} PayloadRequest */
/** @typedef {import('payload').Config} Config */
/** @typedef {import('payload').GraphQLExtension} Extension */
/** @typedef {import('graphql').GraphQLResolveInfo} Info */
/** @typedef {{ type: unknown, resolve?: (source: any, args: any, context: any, info: Info) => any }} RootField */

/**
 * @typedef {object} Turn a GraphQL request under way
 * @property {boolean | Promise<boolean>} runs whether its root fields are resolved
 * @property {(respond: () => Promise<any>, headers: object) => Promise<any>} end what it is answered; `respond` gives
 *   what Payload would answer, beside its `headers`
 * @property {(error: unknown, answer: unknown) => void} [fail] hears how each error of a result is told the client
 */

/**
 * Of every copy of a config: a bundled server has one for each route, and makes the schema of that which it has there.
 * @param {Config['graphQL']} graphQL
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 * @param {string[]} [declared] slugs of the collections of which queries are kept
 * @returns {Config['graphQL']}
 */
export function withTurns(graphQL, runtimeOf, declared) {
  const { mutations, queries } = graphQL ?? {}
  const wrapped = { ...graphQL, mutations: aroundMutations(mutations, runtimeOf) }
  return declared === undefined ? wrapped : { ...wrapped, queries: aroundQueries(queries, runtimeOf, declared) }
}

/**
 * @param {Extension | undefined} mutations
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 * @returns {Extension}
 */
const aroundMutations = (mutations, runtimeOf) => (library, context) => {
  const own = mutations?.(library, context) ?? {}
  const fields = /** @type {RootField[]} */ ([...Object.values(context.Mutation.fields), ...Object.values(own)])
  const turn = (/** @type {PayloadRequest} */ req, /** @type {Info} */ info) =>
    turnOf(runtimeOf(req), req, () => mutationTurn(runtimeOf(req), req, info))
  for (const field of new Set(fields)) wrapField(field, turn)
  return own
}

/**
 * @param {Extension | undefined} queries
 * @param {(req: PayloadRequest) => Runtime} runtimeOf
 * @param {string[]} declared
 * @returns {Extension}
 */
const aroundQueries = (queries, runtimeOf, declared) => (library, context) => {
  const resolvers = new Map(Object.entries(context.Query.fields).map(([name, { resolve }]) => [name, resolve]))
  const own = queries?.(library, context) ?? {}
  const roots = rootsOf(library, context.collections, declared)
  for (const [name, field] of /** @type {[string, RootField][]} */ (Object.entries(context.Query.fields))) {
    const root = roots.fields.get(name)
    // The app may have made something else of what is Payload's.
    if (root === undefined || Object.hasOwn(own, name) || field.resolve !== resolvers.get(name)) continue
    wrapField(field, (req, info, args) => {
      const reading = turnOf(runtimeOf(req), req, () => new Reading(runtimeOf(req), req, info, roots))
      reading.add(root, args, info)
      return reading
    })
  }
  return own
}

/**
 * @param {import('payload').BasePayload} payload
 * @param {(payload: import('payload').BasePayload) => Runtime} runtimeOf
 */
export function wrapExtensions(payload, runtimeOf) {
  let own = payload.extensions
  const extensions = (/** @type {any} */ call) => {
    const respond = async () => (typeof own === 'function' ? own(call) : call.result)
    const { headers, req } = call.args.contextValue
    const turn = runtimeOf(payload).turns.get(req.headers)
    return turn === undefined ? respond() : turn.end(respond, headers)
  }
  // The app may set its own later.
  Object.defineProperty(payload, 'extensions', { get: () => extensions, set: (given) => (own = given) })
}

/**
 * @param {RootField} field
 * @param {(req: PayloadRequest, info: Info, args: any) => Turn} turnOf
 */
function wrapField(field, turnOf) {
  const { resolve } = field
  if (resolve === undefined) return
  field.resolve = async (source, args, context, info) =>
    (await turnOf(context.req, info, args).runs) ? resolve(source, args, context, info) : null
}

/**
 * @template {Turn} T
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {() => T} begin for its first field
 * @returns {T}
 */
function turnOf({ turns }, { headers }, begin) {
  const turn = /** @type {T} */ (turns.get(headers) ?? begin())
  turns.set(headers, turn)
  return turn
}

/** @type {Turn} */
const PLAIN = { runs: true, end: (respond) => respond() }

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {Info} info
 * @returns {Turn}
 */
function mutationTurn(runtime, req, info) {
  try {
    const token = tokenOf(req)
    if (token === undefined) return PLAIN
    const { answers, asked } = runtime
    const principal = principalOf(req.user)
    const leave = answers.enter(principal, token)
    const fingerprint = fingerprintOf(req, info)
    const answer = answers.find(principal, token)
    if (answer === undefined) {
      asked.set(req.headers, { principal, token, fingerprint })
      return firstTurn(runtime, req, leave)
    }
    leave()
    if (answer.fingerprint !== fingerprint) throw tokenReusedError()
    return { runs: false, end: async () => replayed(req, answer) }
  } catch (error) {
    if (!isOwnError(error)) throw error
    return { runs: false, end: async () => refused(error) }
  }
}

/**
 * @param {Runtime} runtime
 * @param {PayloadRequest} req
 * @param {() => void} leave
 * @returns {Turn}
 */
function firstTurn(runtime, req, leave) {
  /** @type {Map<unknown, unknown>} */
  const told = new Map()
  /** @type {any} */
  let failed
  return {
    runs: true,
    async end(respond, headers) {
      try {
        const response = await respond()
        if (response.errors) failed = response
        else if (!setsCookie(headers, req)) keepText(runtime, req, 200, JSON.stringify(response))
        return response
      } finally {
        leave()
      }
    },
    fail(error, answer) {
      told.set(error, answer)
      if (failed === undefined || !failed.errors.every((/** @type {unknown} */ one) => told.has(one))) return
      const errors = failed.errors.map((/** @type {unknown} */ one) => told.get(one))
      keepRefusal(runtime, req, 200, JSON.stringify({ ...failed, errors }))
    },
  }
}

/**
 * @param {object} headers
 * @param {PayloadRequest} req
 */
const setsCookie = (headers, { responseHeaders }) =>
  new Headers({ ...headers }).has('Set-Cookie') || Boolean(responseHeaders?.has('Set-Cookie'))

/**
 * graphql-http prints it, as the media type that this request asks for.
 * @param {PayloadRequest} req
 * @param {import('./answers.js').Answer} answer
 */
function replayed(req, { headers, body }) {
  req.responseHeaders ??= new Headers()
  for (const [name, value] of /** @type {[string, string][]} */ ([...headers, [REPLAYED_HEADER, 'true']])) {
    if (name === 'Content-Type') continue
    req.responseHeaders.set(name, value)
    expose(req, name)
  }
  return { toJSON: () => JSON.parse(body) }
}

/**
 * A response, in the form of graphql-http: the draft tells clients to look at its status.
 * @param {any} error
 */
function refused({ name, message, data, status }) {
  const body = JSON.stringify({ errors: [{ extensions: { name, data, statusCode: status }, message }] })
  return [body, { status, headers: { 'content-type': 'application/json; charset=utf-8' } }]
}

/**
 * @param {PayloadRequest} req
 * @param {Info} info
 */
function fingerprintOf(req, { operation, variableValues }) {
  const asked = [operation.loc?.source.body, operation.name?.value, variableValues]
  const hash = createHash('sha256').update(`GraphQL ${req.pathname}${req.search ?? ''}\n`)
  return hash.update(JSON.stringify(asked)).digest('base64url')
}
