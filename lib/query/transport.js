import { OptimisticMutationError, complaintOf } from './errors.js'
import { versionOfResponse } from './version.js'

/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */

/**
 * What came of one attempt to send a mutation.
 * @typedef {object} Attempt
 * @property {any} [document] as saved, when the server said so
 * @property {Outcome | { state: 'pending' }} outcome `pending`: the request failed, the mutation still runs
 * @property {number} [status]
 * @property {string} [message] what the server said is wrong
 * @property {import('./errors.js').FieldError[]} [errors]
 * @property {boolean} [reached] did any answer come?
 * @property {unknown} [cause]
 */

/** @typedef {Layer & { request: { url: string, body: string } }} SendableLayer */

/**
 * @param {SendableLayer} layer
 * @param {{ keepalive?: boolean }} [options]
 */
const patch = ({ request: { url, body }, token }, options) =>
  fetch(url, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `"${token}"` },
    body,
    ...options,
  })

/**
 * Sends a mutation from a page that is being left, which will not hear the answer. Browsers let such requests carry 64
 * KiB together; what exceeds that is not sent.
 * @param {SendableLayer} layer
 */
export function sendAtLeaving(layer) {
  patch(layer, { keepalive: true }).catch(() => {})
}

/**
 * The document of a mutation that was committed, when its own answer was not heard.
 * @param {SendableLayer} layer
 * @returns {Promise<any>}
 */
export async function readDocument({ request: { url } }) {
  const response = await fetch(url, { cache: 'no-store' })
  return response.ok ? response.json() : undefined
}

/**
 * Sends a mutation once, and asks for its outcome when the answer does not tell. Never rejects.
 * @param {SendableLayer} layer
 * @returns {Promise<Attempt>}
 */
export async function sendMutation(layer) {
  /** @type {Attempt} */
  const attempt = { outcome: { state: 'unknown' } }
  try {
    const response = await patch(layer)
    attempt.reached = true
    attempt.status = response.status
    if (response.ok) {
      attempt.document = (await response.json()).doc
      const version = versionOfResponse(response) ?? (await askOutcome(layer).catch(() => undefined))?.version
      attempt.outcome = { state: 'committed', version }
      return attempt
    }
    Object.assign(attempt, await complaintOf(response))
  } catch (cause) {
    attempt.cause = cause
  }
  try {
    attempt.outcome = await askOutcome(layer)
    attempt.reached = true
  } catch (cause) {
    attempt.cause ??= cause
  }
  return attempt
}

/**
 * @param {Layer} layer
 * @param {{ wait?: number, signal?: AbortSignal }} [options] `wait`: milliseconds that the server may hold the answer
 *   back while the mutation is pending
 * @returns {Promise<Outcome | { state: 'pending', version?: undefined }>} rejects when there was no answer
 */
export async function askOutcome({ api, token }, { wait = 0, signal } = {}) {
  const response = await fetch(`${api}/optimistic/mutations/${token}?wait=${wait}`, { signal, cache: 'no-store' })
  if (response.status === 404) return { state: 'unknown' }
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  const { state, generation, version, error } = await response.json()
  if (state === 'pending') return { state }
  return { state, version: state === 'committed' ? { generation, version } : undefined, reason: error ?? undefined }
}

/**
 * @param {Attempt} attempt one that failed
 * @param {Outcome} outcome
 */
export function errorOf({ status, message, errors, reached, cause }, outcome) {
  const committed = outcome.state === 'committed'
  const said = message ?? outcome.reason
  const because = said ? `: ${said}` : ''
  const [code, text] = committed
    ? ['COMMITTED', `the change was saved, but failed after${because}`]
    : outcome.state === 'expired'
      ? ['OUTCOME_UNKNOWN', `it is not known whether the change was saved${because}; look before trying again`]
      : status === undefined && (!reached || outcome.state === 'unknown')
        ? ['UNREACHABLE', 'the server could not be reached, so the change was taken back; try again later']
        : ['REFUSED', `the change was not saved${because}`]
  return new OptimisticMutationError(`ERR_OPTIMISTIC_${code}`, text, { status, errors, cause, committed })
}
