/**
 * The Payload plugin: keeps the cache right, whoever writes and however.
 *
 *   hooks.js         the request: its token, its principal, what it is about to change
 *   adapter.js       every write of the database adapter
 *   transactions.js  what became of the transaction
 *   bracket.js       the mutations in the cache between the two
 *   endpoints.js     what became of a mutation, for the browser; outcomes.js, of several at once; announce.js, what is
 *                    still to come; inspection.js, what the cache holds, for admins; inspector/, the view of it
 *   rest.js          Payload's own reads, from the cache; graphql-reads.js, its GraphQL queries
 *   idempotency.js   the same answer to the same request; answers.js, where they are kept; graphql.js, to the same
 *                    mutation of GraphQL
 *   shapes.js        where documents occur in answers, from the config
 */
import { announceEndpoint } from './announce.js'
import { mutationEndpoint } from './endpoints.js'
import { OWN_ENDPOINT } from './options.js'
import { withTurns } from './graphql.js'
import { afterAnswer, afterError, afterGlobalChange, afterOperation } from './hooks.js'
import { beforeGlobalOperation, beforeOperation } from './hooks.js'
import { activityEndpoint, entriesEndpoint, invalidateEndpoint, statsEndpoint } from './inspection.js'
import { withInspector } from './inspector-config.js'
import { assertFree, assertOptions } from './options.js'
import { mutationsEndpoint } from './outcomes.js'
import { assertOneVersion } from '../version.js'
import { AFTER_HEADER, TOKEN_HEADER } from './request.js'
import { runtimeOf } from './runtime.js'

/** @typedef {import('./options.js').Options} Options */

/**
 * `plugins: [optimisticCache({ collections: { orders: true, customers: true } })]`
 *
 * Writes to the declared collections, to those that their relations lead to, and to those with users are bracketed in
 * the cache, from REST, GraphQL, the Local API, the admin panel, and `payload.db`. What is written past the adapter's
 * functions (SQL of one's own, another program) is to be told with `cacheOf(payload).record(operations)`.
 * @param {Options} options
 * @returns {import('payload').Plugin}
 * @throws {import('../errors.js').OptimisticCacheError} `_ARGUMENT`; for a slug that no collection has, when Payload
 *   starts
 */
export function optimisticCache(options) {
  assertOneVersion()
  assertOptions(options)
  return (config) => ({
    ...assertFree(config),
    custom: { ...config.custom, optimisticCache: { name: 'default', ...options } },
    collections: config.collections?.map(withHooks),
    globals: config.globals?.map(withGlobalHooks),
    endpoints: [...(config.endpoints ?? []), ...ENDPOINTS],
    cors: withToken(config.cors),
    admin: options.inspector === false ? config.admin : withInspector(config.admin),
    graphQL: withTurns(
      config.graphQL,
      (req) => runtimeOf(req.payload),
      options.graphql ? Object.keys(options.collections) : undefined,
    ),
    hooks: { ...config.hooks, afterError: [afterError, ...(config.hooks?.afterError ?? []), afterAnswer] },
    onInit: async (payload) => {
      runtimeOf(payload)
      await config.onInit?.(payload)
    },
  })
}

const ENDPOINTS = [
  mutationEndpoint,
  mutationsEndpoint,
  announceEndpoint,
  statsEndpoint,
  entriesEndpoint,
  activityEndpoint,
  invalidateEndpoint,
].map((endpoint) => ({ ...endpoint, custom: OWN_ENDPOINT }))

/**
 * The origins that may use the API may send a token, and those that it comes after.
 * @param {import('payload').Config['cors']} cors
 * @returns {import('payload').Config['cors']}
 */
function withToken(cors) {
  if (!cors || (Array.isArray(cors) && cors.length === 0)) return cors
  const { origins, headers = [] } = typeof cors === 'object' && 'origins' in cors ? cors : { origins: cors }
  return { origins, headers: [...headers, TOKEN_HEADER, AFTER_HEADER] }
}

/**
 * All collections get the hooks: which of them matter is known when all plugins have had the config.
 * @param {import('payload').CollectionConfig} collection
 * @returns {import('payload').CollectionConfig}
 */
const withHooks = (collection) => ({
  ...collection,
  hooks: {
    ...collection.hooks,
    beforeOperation: [beforeOperation, ...(collection.hooks?.beforeOperation ?? [])],
    afterOperation: [...(collection.hooks?.afterOperation ?? []), afterOperation],
  },
})

/**
 * @param {import('payload').GlobalConfig} global
 * @returns {import('payload').GlobalConfig}
 */
const withGlobalHooks = (global) => ({
  ...global,
  hooks: {
    ...global.hooks,
    beforeOperation: [beforeGlobalOperation, ...(global.hooks?.beforeOperation ?? [])],
    afterChange: [...(global.hooks?.afterChange ?? []), afterGlobalChange],
  },
})

export { cacheOf } from './cacheOf.js'
