import { mutationOptions } from './engine.js'
import { OptimisticMutationError } from './errors.js'

/** @typedef {import('./layer.js').Operation} Operation */
/** @typedef {string | number} ID */

/**
 * @typedef {object} MutationOptions
 * @property {boolean} [coalesce] updates of one document that wait for their turn become one request, in which the last
 *   value of each member wins: one is in flight, one waits, and all of them hear its answer
 * @property {'queue'} [offline] without a network the mutation waits for one, over reloads too, instead of failing at
 *   once; needs `queueOffline()` of `payload-optimistic-cache/query/offline`
 */

/**
 * @param {string} api
 * @param {'update' | 'create' | 'delete'} type
 * @param {string} collection
 * @param {MutationOptions} [options]
 * @param {ID} [only] the document, where the variables need not name it
 */
export function documentMutation(api, type, collection, options, only) {
  /** @type {(variables: any, temporaryID: string) => Operation[]} */
  const operations = (variables, temporaryID) => {
    const { id = only, ids = [id], data } = variables ?? {}
    const needsData = type !== 'delete'
    const isData = data !== null && typeof data === 'object'
    const isNamed = ids.length > 0 && ids.every((/** @type {any} */ one) => /^(string|number)$/.test(typeof one))
    if ((needsData && !isData) || !(type === 'create' || isNamed)) {
      const takes = type === 'create' || only ? '{ data }' : `{ id${needsData ? ', data' : ''} }, or ids for several`
      throw new OptimisticMutationError('ERR_OPTIMISTIC_ARGUMENT', `${type}() of ${collection} takes ${takes}`)
    }
    const named = type === 'create' ? [id ?? temporaryID] : ids
    return named.map((/** @type {ID} */ id) => ({ type, collection, id, ...(needsData && { data }) }))
  }
  return mutationOptions({ api, operations, ...options }, ['payload', collection, type])
}

/**
 * The optimistic part for a mutation function of your own: a Server Action, an endpoint of yours. Options for
 * `useMutation`:
 *
 * ```js
 * const { mutate } = useMutation(optimistic({
 *   operations: ({ id }) => [{ type: 'update', collection: 'orders', id, data: { status: 'shipped' } }],
 *   mutationFn: ({ id }, { token }) => ship(id, token),
 * }))
 * ```
 *
 * The changes show until the function ends. Hand `token` (or `headers`, which has it) on as `Idempotency-Key` to what
 * writes: then the server's pages show them too, and when the function fails, the server is asked whether they were
 * committed all the same. What the function throws is what `mutate` rejects with.
 *
 * @param {object} options
 * @param {(variables: any, temporaryID: string) => Operation[]} options.operations what the mutation will change
 * @param {(variables: any, context: import('@tanstack/react-query').MutationFunctionContext & {
 *   token: string, headers: Record<string, string> }) => Promise<any>} options.mutationFn
 * @param {readonly unknown[]} [options.mutationKey]
 * @param {string} [options.api] where Payload's REST API is; `/api` unless given
 */
export const optimistic = ({ operations, mutationFn, mutationKey = ['payload', 'optimistic'], api = '/api' }) =>
  mutationOptions({ api, operations, mutationFn }, [...mutationKey])
