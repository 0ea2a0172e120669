import { engineOf } from './engine.js'
import { complaintOf, OptimisticQueryError } from './errors.js'
import { documentMutation } from './mutations.js'
import { queryKeyOf } from './query-key.js'
import { queryString } from './query-string.js'
import { noteResponse } from './answers.js'
import { keyOf, realIDOf } from './temporary.js'

/** @typedef {import('@tanstack/react-query').QueryFunctionContext} QueryFunctionContext */
/** @typedef {import('./query-key.js').QueryType} QueryType */
/** @typedef {import('./mutations.js').MutationOptions} MutationOptions */

/** @typedef {import('payload').CollectionSlug} CollectionSlug */
/** @typedef {import('payload').GlobalSlug} GlobalSlug */
/** @typedef {{ id: string | number } | { ids: (string | number)[] }} Named */

/**
 * Some members of a document, or of a group in it.
 * @template T
 * @typedef {T extends readonly any[] ? T : T extends object ? { [Name in keyof T]?: Changes<T[Name]> | null } : T} Changes
 */

/**
 * @template {CollectionSlug} TSlug
 * @typedef {import('payload').DataFromCollectionSlug<TSlug>} DocumentOf
 */

/**
 * What `update()` takes: `data` holds the changed members, as Payload's REST API takes them.
 * @template {CollectionSlug} TSlug
 * @typedef {{ data: Changes<DocumentOf<TSlug>> } & Named} UpdateVariables
 */

/**
 * @template TData
 * @typedef {object} Query
 * @property {readonly any[]} queryKey
 * @property {(context: QueryFunctionContext & { pageParam?: unknown }) => Promise<TData>} queryFn
 */

/**
 * @template TVariables
 * @typedef {object} TypedMutation
 * @property {readonly unknown[]} mutationKey
 * @property {'always'} networkMode
 * @property {(variables: TVariables, context: any) => Promise<{ token: string }> | { token: string }} onMutate
 * @property {(variables: TVariables, context: any) => Promise<any>} mutationFn
 */

/**
 * The mutations of a collection, or a global, by what they take.
 * @template TVariables
 * @typedef {(options?: MutationOptions) => TypedMutation<TVariables>} Mutation
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
 * - `infinite(args)`: `find` for `useInfiniteQuery`.
 * - `update()` takes `{ id, data }`, `create()` `{ data }`, `delete()` `{ id }`; several documents in one mutation go
 *   by `ids` instead of `id`. The change shows at once in every query that it is about, and is taken back exactly
 *   when it fails. They resolve with the document (with `ids`: the documents) as saved, at depth 0, and fail with an
 *   `OptimisticMutationError`, whose `committed` says whether the database has the change all the same. Mutations of
 *   one document are sent one after another, each whether or not those before it failed. Offline they fail at once
 *   instead of waiting. Callbacks of your own (`onMutate`, `onError`, …) can be spread over them freely.
 * - What is created has its mutation's token as id until it is saved. `key(document)` is its React key, before and
 *   after; mutations of the temporary id wait, and go to the real one.
 *
 * Slugs, documents and data have the types that Payload generates for the app.
 *
 * @template {CollectionSlug} TSlug
 * @param {TSlug} slug
 * @param {{ api?: string }} [options] `api`: where Payload's REST API is; `/api` unless given
 */
export function collection(slug, { api = '/api' } = {}) {
  const root = `${api}/${encodeURIComponent(slug)}`
  return {
    slug,

    /**
     * @param {Record<string, any>} [args]
     * @returns {Query<import('payload').PaginatedDocs<DocumentOf<TSlug>>>}
     */
    find: (args) => queryOptions(queryKeyOf(slug, 'find', args), (args) => root + queryString(args)),

    /**
     * @param {string | number} id
     * @param {Record<string, any>} [args]
     * @returns {Query<DocumentOf<TSlug>>}
     */
    findByID: (id, args) =>
      queryOptions(
        queryKeyOf(slug, 'findByID', { ...args, id }),
        ({ id, ...args }) => `${root}/${encodeURIComponent(realIDOf(id))}${queryString(args)}`
      ),

    /**
     * @param {Record<string, any>} [args]
     * @returns {Query<{ totalDocs: number }>}
     */
    count: (args) => queryOptions(queryKeyOf(slug, 'count', args), (args) => `${root}/count${queryString(args)}`),

    /** @param {Record<string, any>} [args] those of `find`, without `page` */
    infinite: (args) => ({
      ...queryOptions([...queryKeyOf(slug, 'find', args), 'infinite'], (args) => root + queryString(args)),
      initialPageParam: 1,
      /** @type {(last: any) => number | undefined} */
      getNextPageParam: (last) => last.nextPage ?? undefined,
    }),

    /** @type {Mutation<UpdateVariables<TSlug>>} */
    update: (options) => documentMutation(api, 'update', slug, options),

    /** @type {Mutation<{ data: Changes<DocumentOf<TSlug>> }>} */
    create: (options) => documentMutation(api, 'create', slug, options),

    /** @type {Mutation<Named>} */
    delete: (options) => documentMutation(api, 'delete', slug, options),

    /** @param {{ id: string | number }} document */
    key: ({ id }) => keyOf(slug, id),
  }
}

/**
 * The query and the mutation of one Payload global. `update()` takes `{ data }`.
 * @template {GlobalSlug} TSlug
 * @param {TSlug} slug
 * @param {{ api?: string }} [options]
 */
export function global(slug, { api = '/api' } = {}) {
  return {
    slug,

    /**
     * @param {Record<string, any>} [args]
     * @returns {Query<import('payload').DataFromGlobalSlug<TSlug>>}
     */
    findGlobal: (args) =>
      queryOptions(
        queryKeyOf('global', 'findGlobal', { ...args, slug }),
        ({ slug, ...args }) => `${api}/globals/${slug}${queryString(args)}`
      ),

    /** @type {Mutation<{ data: Changes<import('payload').DataFromGlobalSlug<TSlug>> }>} */
    update: (options) => documentMutation(api, 'update', 'global', options, slug),
  }
}

/**
 * @param {readonly any[]} queryKey
 * @param {(args: Record<string, any>) => string} urlOf
 */
function queryOptions(queryKey, urlOf) {
  return {
    queryKey,
    /** @type {(context: QueryFunctionContext & { pageParam?: unknown }) => Promise<any>} */
    queryFn: async ({ client, signal, pageParam }) => {
      // Attached before the first answer arrives, the engine knows the version of everything it later lays changes
      // over.
      engineOf(client)
      return read(urlOf({ ...queryKey[3], ...(pageParam ? { page: pageParam } : {}) }), signal)
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
  return noteResponse(await response.json(), response)
}
