/** @typedef {'find' | 'findByID' | 'count'} QueryType */

/**
 * What a query asks: `payload[type]({ collection, ...args })` is the same question on the server.
 * @typedef {object} QueryDescription
 * @property {string} collection
 * @property {QueryType} type
 * @property {Record<string, any>} args plain JSON
 */

/** @typedef {readonly ['payload', string, QueryType, Record<string, any>]} CollectionQueryKey */

const TYPES = ['find', 'findByID', 'count']

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
  const [root, collection, type, args] = queryKey
  if (root !== 'payload' || typeof collection !== 'string' || !TYPES.includes(/** @type {string} */ (type))) return
  return { collection, type: /** @type {QueryType} */ (type), args: /** @type {any} */ (args) ?? {} }
}
