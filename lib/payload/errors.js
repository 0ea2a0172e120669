import { APIError } from 'payload'

/**
 * What a client hears when the cache cannot take its request. Payload prints `message` and `data` in the answer.
 */
export class OptimisticRequestError extends APIError {
  /**
   * @param {number} status of the HTTP answer
   * @param {string} code `ERR_OPTIMISTIC_…`
   * @param {string} message a sentence: which value, why, what to do
   * @param {{ cause?: unknown }} [options]
   */
  constructor(status, code, message, options) {
    super(message, status, { code }, true)
    this.name = 'OptimisticRequestError'
    /** @type {string} */
    this.code = code
    if (options?.cause !== undefined) this.cause = options.cause
  }
}

/** @type {Record<string, number>} */
const STATUS_OF_LIMIT = {
  ERR_OPTIMISTIC_LIMIT_MUTATIONS: 429,
  ERR_OPTIMISTIC_LIMIT_OPERATIONS: 413,
  ERR_OPTIMISTIC_LIMIT_BYTES: 413,
  ERR_OPTIMISTIC_FULL: 503,
}

/**
 * The error that a client gets for a `begin` that the cache refused. A token of somebody else and one that was settled
 * get the same answer, so that nobody learns whose it is.
 * @param {unknown} error
 * @returns {unknown} `error` itself when it is none of the client's business
 */
export function toRequestError(error) {
  const { code, message } = /** @type {{ code?: string, message?: string }} */ (error ?? {})
  if (code === 'ERR_OPTIMISTIC_TOKEN_PENDING') return tokenPendingError(error)
  if (code === 'ERR_OPTIMISTIC_TOKEN_UNKNOWN' || code === 'ERR_OPTIMISTIC_TOKEN_SETTLED') return tokenUsedError(error)
  const status = code === undefined ? undefined : STATUS_OF_LIMIT[code]
  if (code === undefined || status === undefined) return error
  return new OptimisticRequestError(status, code, message ?? code, { cause: error })
}

/** @param {unknown} [cause] */
export const tokenUsedError = (cause) =>
  new OptimisticRequestError(
    409,
    'ERR_OPTIMISTIC_TOKEN_USED',
    'The Idempotency-Key of this request was used before, and its answer is not kept any more, so nothing was ' +
      'written. Ask for the outcome at optimistic/mutations/<key>, or make a new key for a new change.',
    { cause },
  )

/** @param {unknown} [cause] */
export const tokenPendingError = (cause) =>
  new OptimisticRequestError(
    409,
    'ERR_OPTIMISTIC_TOKEN_PENDING',
    'A request with this Idempotency-Key is still under way, so nothing was written. Wait for its outcome at ' +
      'optimistic/mutations/<key>?wait=<milliseconds>.',
    { cause },
  )

export const tokenReusedError = () =>
  new OptimisticRequestError(
    422,
    'ERR_OPTIMISTIC_TOKEN_REUSED',
    'The Idempotency-Key of this request was used for another request, so nothing was written. Make a new key for a ' +
      'new change.',
  )

export const tokenMalformedError = () =>
  new OptimisticRequestError(
    400,
    'ERR_OPTIMISTIC_TOKEN',
    'The Idempotency-Key must be a UUID of version 7 (RFC 9562) in double quotes; make a new one for every change.',
  )

/** @param {string} id */
export const notCreatedError = (id) =>
  new OptimisticRequestError(
    404,
    'ERR_OPTIMISTIC_TEMPORARY_ID',
    `There is no document with the temporary id ${id} of this user: it was not created, or is not there yet. Wait ` +
      `for the outcome at optimistic/mutations/${id}, and use the id that is told there.`,
  )

/**
 * @param {string} what
 * @param {unknown} [cause]
 */
export const bodyError = (what, cause) =>
  new OptimisticRequestError(400, 'ERR_OPTIMISTIC_OPERATION', `The body of this request is wrong: ${what}.`, { cause })

/** @param {number} most */
export const bodySizeError = (most) =>
  new OptimisticRequestError(413, 'ERR_OPTIMISTIC_LIMIT_BYTES', `The body of this request may have ${most} bytes.`)

/**
 * @param {string} what
 * @param {unknown} [cause]
 */
export const queryError = (what, cause) =>
  new OptimisticRequestError(400, 'ERR_OPTIMISTIC_ARGUMENT', `The query of this request is wrong: ${what}.`, { cause })

/**
 * @param {unknown} error of the cache, which was asked as a query says
 * @returns {unknown} `error` itself when it is not the query's fault
 */
export function toQueryError(error) {
  const message = blamed(error)
  return message === undefined ? error : queryError(message, error)
}

/**
 * The same, of what it was told in a body.
 * @param {unknown} error
 */
export function toBodyError(error) {
  const message = blamed(error)
  return message === undefined ? error : bodyError(message, error)
}

/** @param {unknown} error @returns {string | undefined} what is wrong with what the cache was given */
function blamed(error) {
  const { code, message } = /** @type {{ code?: string, message?: string }} */ (error ?? {})
  return /_(ARGUMENT|UTF8|TAG_SIZE)$/.test(code ?? '') ? String(message) : undefined
}

export const waitsError = () =>
  new OptimisticRequestError(
    429,
    'ERR_OPTIMISTIC_LIMIT_WAITS',
    'Too many requests of this user wait for the outcome of mutations; ask for several of them at once.',
  )

/** Statuses of answers that say: not now. */
const LATER = new Set([429, 503])
/** Seconds; pending mutations take no longer, as a rule. */
const RETRY_AFTER = '1'

/**
 * @param {any} error that a request ended with
 * @returns {string | undefined} what `Retry-After` is to say, when it was a limit of the cache
 */
export const retryAfter = (error) => (LATER.has(error.status) && isOwnError(error) ? RETRY_AFTER : undefined)

/**
 * Whether it is one of the package's, of whatever copy of it: bundlers make several.
 * @param {any} error
 */
export const isOwnError = (error) => String(error?.code).startsWith('ERR_OPTIMISTIC_')
