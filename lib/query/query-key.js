/** @typedef {'find' | 'findByID' | 'count' | 'findGlobal'} QueryType */

/**
 * What a query asks: `payload[type]({ collection, ...args })` is the same question on the server.
 * @typedef {object} QueryDescription
 * @property {string} collection `global` for a global, whose slug is among the arguments
 * @property {QueryType} type
 * @property {Record<string, any>} args plain JSON
 * @property {boolean} [isInfinite]
 * @property {Record<string, string>} [documents] of a query of the user's own: where in its data (dotted path, through
 *   arrays) documents of which collection are
 */

/** @typedef {readonly ['payload', string, QueryType, Record<string, any>]} CollectionQueryKey */

const TYPES = ['find', 'findByID', 'count', 'findGlobal']

/**
 * The key of a collection query. Arguments go through JSON, so that a key made on the server and sent to the browser
 * is the key that the browser makes: dates become strings, members that are undefined disappear.
 * @param {string} collection
 * @param {QueryType} type
 * @param {object} [args]
 * @returns {CollectionQueryKey}
 */
export function queryKeyOf(collection, type, args = {}) {
  return ['payload', collection, type, JSON.parse(JSON.stringify(args))]
}

/**
 * Recovers from a query key what `collection()` put into it.
 * @param {readonly unknown[]} queryKey
 * @returns {QueryDescription | undefined} undefined for a key that is not a collection query's
 */
export function describe(queryKey) {
  const [root, collection, type, args, infinite] = queryKey
  if (root !== 'payload' || typeof collection !== 'string' || !TYPES.includes(/** @type {string} */ (type))) return
  return {
    collection,
    type: /** @type {QueryType} */ (type),
    args: /** @type {any} */ (args) ?? {},
    ...(infinite === 'infinite' && { isInfinite: true }),
  }
}

/**
 * @param {{ queryKey: readonly unknown[], meta?: Record<string, unknown> }} query
 * @returns {QueryDescription | undefined}
 */
export function describeQuery({ queryKey, meta }) {
  const documents = /** @type {Record<string, string> | undefined} */ (meta?.documents)
  return documents ? { type: 'findByID', collection: '', args: {}, documents } : describe(queryKey)
}

/**
 * Lets a query of your own take part: changes show in the documents in its data.
 *
 * ```js
 * useQuery(documents({ queryKey: ['dashboard'], queryFn }, { 'latest.orders': 'orders', owner: 'users' }))
 * ```
 * @template {{ queryKey: readonly unknown[], meta?: Record<string, unknown> }} T
 * @param {T} options of `useQuery` or `useInfiniteQuery`
 * @param {Record<string, string>} paths where in the data (dotted, through arrays; `pages.docs` in an infinite query)
 *   documents of which collection are
 * @returns {T}
 */
export const documents = (options, paths) => ({ ...options, meta: { ...options.meta, documents: paths } })
