/** @typedef {import('../cache/types.js').Operation} Operation */
/** @typedef {import('./version.js').Version} Version */

/**
 * How a mutation ended. `expired`: the server does not know whether the database has the change. `unknown`: the server
 * does not know the mutation, or could not be asked.
 * @typedef {object} Outcome
 * @property {'committed' | 'rolledBack' | 'expired' | 'unknown'} state
 * @property {Version} [version] of the commit
 * @property {string} [reason] why it was rolled back
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
 * @property {number} clock of the engine when the commit was learned
 * @property {Promise<Outcome>} settled
 * @property {(outcome: Outcome) => void} resolve
 * @property {{ url: string, body: string }} [request] of one begun here
 * @property {Promise<unknown>} [turn] the mutation of the same document before it
 * @property {'asked' | 'left'} [sent] by a `mutate` that hears the answer, or when the page was left
 * @property {boolean} [retried] does TanStack send it again when an attempt fails?
 * @property {import('./transport.js').Attempt} [failed] its last attempt, when that failed
 */

/**
 * @param {Pick<Layer, 'token' | 'api' | 'operations' | 'adopted'> & Partial<Layer>} layer
 * @returns {Layer}
 */
export function createLayer(layer) {
  /** @type {(outcome: Outcome) => void} */
  let resolve = () => {}
  /** @type {Promise<Outcome>} */
  const settled = new Promise((done) => (resolve = done))
  return { clock: 0, settled, resolve, ...layer }
}

/**
 * Does one of the operations change this document?
 * @param {Operation[]} operations
 * @param {string} collection
 * @param {string | number} id
 */
export function changes(operations, collection, id) {
  return operations.some(
    (operation) =>
      operation.type !== 'invalidate' && operation.collection === collection && String(operation.id) === String(id)
  )
}
