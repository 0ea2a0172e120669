/**
 * Who may use the endpoints, by functions like those of Payload's own `access`.
 */
import { Forbidden } from 'payload'
import { runtimeOf } from './runtime.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('payload').PayloadRequest} PayloadRequest */
/** @typedef {(args: { req: PayloadRequest }) => boolean | Promise<boolean>} AccessFunction */

/**
 * @typedef {object} AccessOptions
 * @property {AccessFunction} [announce] who may announce changes, which their own pages then show; who is logged in,
 *   unless given
 * @property {AccessFunction} [stats] who may see the counters of the cache; nobody unless given
 * @property {AccessFunction} [entries] who may see what the cache holds, of all users: keys, in which stands what was
 *   asked for, sizes and tags, but no values; and whose mutations touch what. Nobody unless given
 * @property {AccessFunction} [invalidate] who may drop the entries of a tag; nobody unless given
 */

/** @typedef {keyof AccessOptions} Asked */

/** @type {Required<AccessOptions>} */
export const DEFAULT_ACCESS = {
  announce: ({ req }) => Boolean(req.user),
  entries: () => false,
  invalidate: () => false,
  stats: () => false,
}

/**
 * As with Payload's own functions, nothing but true is a yes.
 * @param {Runtime} runtime
 * @param {Asked} what
 * @param {PayloadRequest} req
 */
export const isAllowed = async (runtime, what, req) => (await runtime.access[what]({ req })) === true

/**
 * The handler of an endpoint that answers only those who may use it; to others it throws Forbidden (403), or what the
 * function throws.
 * @param {Asked} what
 * @param {(runtime: Runtime, req: PayloadRequest) => Response | Promise<Response>} answer
 * @returns {(req: PayloadRequest) => Promise<Response>}
 */
export const onlyAllowed = (what, answer) => async (req) => {
  const runtime = runtimeOf(req.payload)
  if (!(await isAllowed(runtime, what, req))) throw new Forbidden(req.t)
  return answer(runtime, req)
}
