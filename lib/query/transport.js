import { OptimisticMutationError, complaintOf } from './errors.js'
import { queryString } from './query-string.js'
import { versionOfResponse } from './version.js'

/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */

/**
 * What came of one attempt to send a mutation.
 * @typedef {object} Attempt
 * @property {boolean} [isWell]
 * @property {any} [result] of one that is well: what `mutate` resolves with
 * @property {any[]} [documents] as saved
 * @property {import('./version.js').Version} [version] of the commit, when the answer told
 * @property {number} [status] none: there was no answer
 * @property {string} [message] what the server said is wrong
 * @property {import('./errors.js').FieldError[]} [errors]
 * @property {boolean} [isUnsent] it certainly did not reach the server
 * @property {unknown} [cause]
 * @property {boolean} [isCustom] it was sent by a function of the user's
 */

/** Does the browser say that there is no network? */
export const isOffline = () => globalThis.navigator?.onLine === false

/** The header that carries a mutation's token. @param {string} token */
export const tokenHeader = (token) => ({ 'Idempotency-Key': `"${token}"` })

/**
 * The request of Payload's REST API that makes a layer's change.
 * @param {Layer} layer
 * @param {RequestInit} [init]
 * @param {Record<string, string>} [headers]
 */
function request({ api, token, operations, variables }, init, headers) {
  const [{ type, collection, id, data }] = /** @type {import('./layer.js').DocumentOperation[]} */ (operations)
  const isGlobal = collection === 'global'
  const root = `${api}/${isGlobal ? `globals/${id}` : encodeURIComponent(collection)}`
  const path = isGlobal || type === 'create' || variables?.ids ? '' : `/${encodeURIComponent(/** @type {any} */ (id))}`
  const where = variables?.ids && { id: { in: operations.map((operation) => /** @type {any} */ (operation).id) } }
  return fetch(root + path + queryString({ depth: 0, ...(where && { where }) }), {
    method: isGlobal || type === 'create' ? 'POST' : type === 'update' ? 'PATCH' : 'DELETE',
    headers: { 'Content-Type': 'application/json', ...tokenHeader(token), ...headers },
    body: data && JSON.stringify(data),
    ...init,
  })
}

/**
 * Sends a mutation from a page that is being left, which will not hear the answer. Browsers let such requests carry 64
 * KiB together; what exceeds that is not sent.
 * @param {Layer} layer
 * @param {string[]} after tokens of those that the server must settle before
 */
export function sendAtLeaving(layer, after) {
  request(layer, { keepalive: true }, after.length > 0 ? { 'Optimistic-After': `${after}` } : undefined).catch(() => {})
}

/**
 * Sends a mutation once. Never rejects.
 * @param {Layer} layer
 * @returns {Promise<Attempt>}
 */
export async function sendMutation(layer) {
  if (isOffline()) return { isUnsent: true }
  try {
    const response = await request(layer)
    const { status } = response
    if (!response.ok) return { status, ...(await complaintOf(response)) }
    const answer = await response.json()
    const documents = answer.docs ?? [answer.doc ?? answer.result]
    const result = answer.docs ?? documents[0]
    return { isWell: true, result, documents, version: versionOfResponse(response) }
  } catch (cause) {
    return { cause }
  }
}

/** APIs that take no announcements: from this user, or at all. @type {Set<string>} */
const deaf = new Set()

/**
 * Tells the server of a mutation whose request has to wait, so that the pages it renders show it before that. Nothing
 * hangs on it.
 * @param {Layer} layer
 */
export async function announce({ api, token, operations }) {
  if (deaf.has(api)) return
  const headers = { 'Content-Type': 'application/json', ...tokenHeader(token) }
  const body = JSON.stringify({ operations })
  const response = await fetch(`${api}/optimistic/announce`, { method: 'POST', headers, body }).catch(() => undefined)
  if (response?.status === 403 || response?.status === 404) deaf.add(api)
}

/**
 * Asks what became of mutations.
 * @param {string} api
 * @param {string[]} tokens
 * @param {{ wait: number, signal: AbortSignal }} options `wait`: milliseconds that the server may hold the answer back
 *   while all of them are pending
 * @returns {Promise<(Outcome | { state: 'pending' })[]>} rejects when there was no answer
 */
export async function askOutcomes(api, tokens, { wait, signal }) {
  const url = `${api}/optimistic/mutations?tokens=${tokens}&wait=${wait}`
  const response = await fetch(url, { signal, cache: 'no-store' })
  if (response.status === 404) return tokens.map(() => ({ state: 'unknown' }))
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  /** @type {any[]} */
  const statuses = await response.json()
  const isAnonymous = response.headers.get('optimistic-principal') === 'anonymous'
  return statuses.map(({ state, generation, version, error, id }) => ({
    state,
    id,
    isAnonymous,
    version: state === 'committed' ? { generation, version } : undefined,
    reason: error ?? undefined,
  }))
}

/**
 * @param {Attempt} attempt one that failed
 * @param {Outcome} outcome
 * @returns {unknown} an `OptimisticMutationError`, or what the user's own function threw
 */
export function errorOf({ status, message, errors, documents, cause, isCustom }, { state, reason }) {
  const committed = state === 'committed'
  const isPartly = committed && Boolean(documents)
  if (isCustom && !committed && state !== 'expired') return cause
  const said = message ?? reason ?? (isCustom && /** @type {any} */ (cause)?.message)
  const because = said ? `: ${said}` : ''
  const [code, text] = isPartly
    ? ['PARTLY', `not all of the documents were changed${because}`]
    : committed
      ? ['COMMITTED', `the change was saved, but failed after${because}`]
      : state === 'expired'
        ? ['OUTCOME_UNKNOWN', `it is not known whether the change was saved${because}; look before trying again`]
        : state === 'unknown' && !status
          ? ['UNREACHABLE', 'the server could not be reached, so the change was taken back; try again later']
          : ['REFUSED', `the change was not saved${because}`]
  const details = { status, errors, cause, committed: committed && !isPartly }
  return new OptimisticMutationError(`ERR_OPTIMISTIC_${code}`, text, details)
}
