import { runtimeOf } from './runtime.js'
import { createdOf } from './temporary.js'

/**
 * The cache that the plugin of this Payload instance keeps right.
 * @param {import('payload').BasePayload} payload
 * @returns {import('../index.js').Cache}
 * @throws {import('../errors.js').OptimisticCacheError} `_ARGUMENT` when its config has no `optimisticCache` plugin
 */
export const cacheOf = (payload) => runtimeOf(payload).cache

/**
 * Where documents occur in answers, by collection, as `openCache` takes it.
 * @param {import('payload').BasePayload} payload
 */
export const shapesOf = (payload) => runtimeOf(payload).shapes

/**
 * Whose answers may be shown to a user: the user's own, unless the option `scope` says more.
 * @param {import('payload').BasePayload} payload
 * @param {any} user
 * @param {string[]} shown collections whose documents the answer shows
 */
export const scopeOf = (payload, user, shown) => runtimeOf(payload).scopeOf(user, shown)

/**
 * Whether answers that show documents of a collection, with relations populated to `depth`, can be kept, and the tags
 * that they need besides those of their query.
 * @param {import('payload').BasePayload} payload
 * @param {string} collection
 * @param {number} depth
 * @returns {{ cacheable: boolean, tags: string[], joined: string[] }}
 */
export const readRulesOf = (payload, collection, depth) => runtimeOf(payload).readRules(collection, depth)

/**
 * The same for answers that show a global.
 * @param {import('payload').BasePayload} payload
 * @param {string} slug
 * @param {number} depth
 * @returns {{ cacheable: boolean, tags: string[], joined: string[] }}
 */
export const globalRulesOf = (payload, slug, depth) => runtimeOf(payload).globalRules(slug, depth)

/**
 * @template T
 * @param {import('payload').BasePayload} payload
 * @param {string} principal
 * @param {T} id
 * @returns {T | string | number} the real id of a document that this principal created, when `id` is its temporary one
 */
export const namedID = (payload, principal, id) =>
  createdOf(runtimeOf(payload), principal, /** @type {any} */ (id)) ?? id

export { principalOf } from './request.js'
