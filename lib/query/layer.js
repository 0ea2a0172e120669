/** @typedef {import('../cache/types.js').Operation} Operation */
/** @typedef {import('../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('./version.js').Version} Version */

/**
 * How a mutation ended. `expired`: the server does not know whether the database has the change. `unknown`: the server
 * does not know the mutation: its request never arrived.
 * @typedef {object} Outcome
 * @property {'committed' | 'rolledBack' | 'expired' | 'unknown'} state
 * @property {Version} [version] of the commit
 * @property {string} [reason] why it was rolled back
 * @property {string | number} [id] of the document that was created, where the server says so
 * @property {boolean} [isAnonymous] is nobody logged in, as the server sees it?
 */

/**
 * What a mutation of this page is, by its variables.
 * @typedef {object} MutationSpec
 * @property {string} api
 * @property {(variables: any, temporaryID: string) => Operation[]} operations throws an `OptimisticMutationError` for
 *   variables that are wrong
 * @property {(variables: any, context: any) => Promise<any>} [mutationFn] sends it; Payload's REST API unless given
 * @property {'queue'} [offline] does it wait for a network, over reloads?
 * @property {boolean} [coalesce] may what waits for its turn become one request?
 */

/**
 * One mutation, as it lies over the queries: while it is pending, and after its commit until every query stands on a
 * base that has it.
 * @typedef {object} Layer
 * @property {string} token
 * @property {string} api
 * @property {Operation[]} operations
 * @property {boolean} adopted begun elsewhere: by the page before the reload, or by another tab
 * @property {Outcome} [outcome] undefined while it is pending
 * @property {boolean} [isUnknown] the connection was lost after it was sent, and the server has not been asked yet
 * @property {number} clock of the engine when the commit was learned
 * @property {Promise<Outcome>} settled
 * @property {(outcome: Outcome) => void} resolve
 * @property {MutationSpec} [spec] of one begun here
 * @property {any} [variables]
 * @property {Promise<unknown>} [turn] the mutations of the same documents before it
 * @property {'asked' | 'left'} [sent] by a `mutate` that hears the answer, or when the page was left
 * @property {Operation[]} [leftAs] with which ids it was sent when the page was left
 * @property {Promise<any>} [sending]
 * @property {'now' | 'again'} [announcing] is it being announced; `again`: it has changed since
 * @property {boolean} [retried] does TanStack send it again when an attempt fails?
 * @property {Outcome} [refusal] of the last attempt, when TanStack may send it again
 * @property {import('./transport.js').Attempt} [failed] its last attempt, when that failed
 */

/**
 * By the `mutationFn` of their options, which outlives what users spread around it.
 * @type {WeakMap<Function, MutationSpec>}
 */
export const specs = new WeakMap()

/**
 * @param {Pick<Layer, 'token' | 'api' | 'operations'> & Partial<Layer>} layer
 * @returns {Layer}
 */
export function createLayer(layer) {
  /** @type {(outcome: Outcome) => void} */
  let resolve = () => {}
  /** @type {Promise<Outcome>} */
  const settled = new Promise((done) => (resolve = done))
  return { adopted: false, clock: 0, settled, resolve, ...layer }
}

/**
 * @param {Operation[]} operations
 * @returns {string[]} the documents that they change
 */
export const documentsOf = (operations) =>
  operations.flatMap((operation) =>
    operation.type === 'invalidate' ? [] : [`${operation.collection}:${operation.id}`]
  )

/**
 * Does one of the operations change this document?
 * @param {Operation[]} operations
 * @param {string} collection
 * @param {string | number} id
 */
export const changes = (operations, collection, id) => documentsOf(operations).includes(`${collection}:${id}`)
