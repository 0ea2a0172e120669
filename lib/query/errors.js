/**
 * One complaint of Payload; `path` is the field's, when it is about one; `id` the document's, when several were
 * changed.
 * @typedef {object} FieldError
 * @property {string} message
 * @property {string} [path]
 * @property {string | number} [id]
 */

/** A read that the server refused, or that did not reach it. `code` is `ERR_OPTIMISTIC_QUERY_FAILED`. */
export class OptimisticQueryError extends Error {
  name = 'OptimisticQueryError'
  code = 'ERR_OPTIMISTIC_QUERY_FAILED'

  /**
   * @param {string} message
   * @param {{ status?: number, errors?: FieldError[], cause?: unknown }} [details]
   */
  constructor(message, { status, errors = [], cause } = {}) {
    super(message, { cause })
    /** HTTP status; undefined when there was no answer. */
    this.status = status
    /** What Payload complains of. */
    this.errors = errors
  }
}

/**
 * A mutation that did not simply succeed. `code` is one of
 * - `ERR_OPTIMISTIC_ARGUMENT`: the variables are not what the mutation takes; nothing was sent
 * - `ERR_OPTIMISTIC_REFUSED`: the server answered with an error, and the database does not have the change
 * - `ERR_OPTIMISTIC_UNREACHABLE`: the request did not reach the server
 * - `ERR_OPTIMISTIC_OUTCOME_UNKNOWN`: the server does not know either whether the database has the change
 * - `ERR_OPTIMISTIC_COMMITTED`: the server answered with an error, but the database has the change
 * - `ERR_OPTIMISTIC_PARTLY`: of several documents only some were changed; `errors` has the `id`s of the others, which
 *   were taken back
 */
export class OptimisticMutationError extends Error {
  name = 'OptimisticMutationError'

  /**
   * @param {string} code
   * @param {string} message
   * @param {{ status?: number, committed?: boolean, errors?: FieldError[], cause?: unknown }} [details]
   */
  constructor(code, message, { status, committed = false, errors = [], cause } = {}) {
    super(message, { cause })
    this.code = code
    /** HTTP status of the mutation's answer; undefined when there was none. */
    this.status = status
    /** Does the database have the change? When true, nothing was taken back. */
    this.committed = committed
    /** What Payload complains of, field by field where it says so. */
    this.errors = errors
  }
}

/**
 * What a failed answer of Payload's REST API says.
 * @param {Response} response
 * @returns {Promise<{ message: string, errors: FieldError[], documents?: any[] }>} `documents`: those of a bulk change
 *   that were changed all the same
 */
export async function complaintOf(response) {
  const body = await response.json().catch(() => undefined)
  /** @type {any[]} */
  const reported = Array.isArray(body?.errors) ? body.errors : []
  const errors = reported.flatMap((error) => (Array.isArray(error.data?.errors) ? error.data.errors : [error]))
  return {
    message: reported[0]?.message ?? body?.message ?? `the server answered ${response.status}`,
    errors: errors.map(({ message, path, field, id }) => ({ message, path: path ?? field, ...(id && { id }) })),
    documents: body?.docs,
  }
}
