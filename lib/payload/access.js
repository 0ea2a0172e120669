/**
 * Who may use the endpoints, by functions like those of Payload's own `access`.
 */
import { Forbidden } from 'payload'

/** @typedef {(args: { req: import('payload').PayloadRequest }) => boolean | Promise<boolean>} AccessFunction */

/**
 * @typedef {object} AccessOptions
 * @property {AccessFunction} [announce] who may announce changes, which their own pages then show; who is logged in,
 *   unless given
 * @property {AccessFunction} [stats] who may see the counters of the cache; nobody unless given
 * @property {AccessFunction} [entries] who may see what the cache holds, of all users: keys, in which stands what was
 *   asked for, sizes and tags, but no values; nobody unless given
 */

/** @typedef {keyof AccessOptions} Asked */

/** @type {Required<AccessOptions>} */
export const DEFAULT_ACCESS = {
  announce: ({ req }) => Boolean(req.user),
  entries: () => false,
  stats: () => false,
}

/**
 * @param {import('./runtime.js').Runtime} runtime
 * @param {Asked} what
 * @param {import('payload').PayloadRequest} req
 * @throws {Forbidden} 403; what the function throws
 */
export async function assertAllowed({ access }, what, req) {
  // As with Payload's own functions, nothing but true is a yes.
  if ((await access[what]({ req })) !== true) throw new Forbidden(req.t)
}
