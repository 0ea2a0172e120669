import { engineOf } from './engine.js'
import { complaintOf, OptimisticQueryError } from './errors.js'
import { queryKeyOf } from './query-key.js'
import { queryString } from './query-string.js'
import { noteVersion } from './answers.js'

/** @typedef {import('@tanstack/react-query').QueryFunctionContext} QueryFunctionContext */
/** @typedef {import('@tanstack/react-query').MutationFunctionContext} MutationFunctionContext */
/** @typedef {import('./query-key.js').QueryType} QueryType */

/**
 * What `update()` takes. `data` holds the changed members, as Payload's REST API takes them.
 * @typedef {{ id: string | number, data: Record<string, any> }} UpdateVariables
 */

/**
 * The queries and mutations of one Payload collection, as options for TanStack Query. They can be defined in a module
 * that server and browser share; nothing runs until TanStack does.
 *
 * ```js
 * export const orders = collection('orders')
 *
 * const { data } = useQuery(orders.find({ where: { status: { equals: 'pending' } }, sort: '-total', limit: 20 }))
 * const { mutate } = useMutation(orders.update())
 * mutate({ id: 7, data: { status: 'shipped' } })
 * ```
 *
 * - `find(args)`, `findByID(id, args)`, `count(args)`: arguments and answers are those of `payload.find` and so on, as
 *   far as JSON and Payload's REST API carry them. They fail with an `OptimisticQueryError`.
 * - `update()`: the change shows at once in every query that holds the document, and is taken back exactly when it
 *   fails. It resolves with the document as saved, at depth 0, and fails with an `OptimisticMutationError`, whose
 *   `committed` says whether the database has the change all the same. Updates of one document are sent one after
 *   another, each whether or not those before it failed. Offline they fail at once instead of waiting. Callbacks of
 *   your own (`onError`, …) can be added freely; an `onMutate` of your own must call and return this one, or queued
 *   updates show late.
 *
 * @param {string} slug
 * @param {{ api?: string }} [options] `api`: where Payload's REST API is; `/api` unless given
 */
export function collection(slug, { api = '/api' } = {}) {
  const root = `${api}/${encodeURIComponent(slug)}`
  return {
    slug,

    /** @param {Record<string, any>} [args] */
    find: (args) => queryOptions(queryKeyOf(slug, 'find', args), (args) => root + queryString(args)),

    /**
     * @param {string | number} id
     * @param {Record<string, any>} [args]
     */
    findByID: (id, args) =>
      queryOptions(
        queryKeyOf(slug, 'findByID', { ...args, id }),
        ({ id, ...args }) => `${root}/${encodeURIComponent(id)}${queryString(args)}`
      ),

    /** @param {Record<string, any>} [args] */
    count: (args) => queryOptions(queryKeyOf(slug, 'count', args), (args) => `${root}/count${queryString(args)}`),

    update: () => ({
      mutationKey: ['payload', slug, 'update'],
      networkMode: /** @type {const} */ ('always'),

      /** @type {(variables: UpdateVariables, context: MutationFunctionContext) => { token: string }} */
      onMutate: (variables, context) => ({
        token: engineOf(context.client).begin(api, slug, variables, context).token,
      }),

      /** @type {(variables: UpdateVariables, context: MutationFunctionContext) => Promise<any>} */
      mutationFn: (variables, context) => engineOf(context.client).send(api, slug, variables, context),
    }),
  }
}

/**
 * @param {import('./query-key.js').CollectionQueryKey} queryKey
 * @param {(args: Record<string, any>) => string} urlOf
 */
function queryOptions(queryKey, urlOf) {
  return {
    queryKey,
    /** @type {(context: QueryFunctionContext) => Promise<any>} */
    queryFn: async ({ client, signal }) => {
      // Attached before the first answer arrives, the engine knows the version of everything it later lays changes
      // over.
      engineOf(client)
      return read(urlOf(queryKey[3]), signal)
    },
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function read(url, signal) {
  let response
  try {
    response = await fetch(url, { signal })
  } catch (cause) {
    if (signal.aborted) throw cause
    throw new OptimisticQueryError(`${url} could not be read: the server could not be reached`, { cause })
  }
  if (!response.ok) {
    const { message, errors } = await complaintOf(response)
    throw new OptimisticQueryError(`${url} could not be read: ${message}`, { status: response.status, errors })
  }
  return noteVersion(await response.json(), response)
}
