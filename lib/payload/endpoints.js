import { runtimeOf } from './runtime.js'
import { parseToken, principalOf } from './request.js'

/** Under the half minute after which proxies give a silent connection up. */
export const WAIT_MOST = 25_000
/** Milliseconds that a mutation's own request may take to arrive after somebody asked for it. */
export const ARRIVAL_MOST = 2_000
/** A waiting request looks this often whether its client is still there. */
export const LOOK_UP = 1_000

/**
 * `GET {api}/optimistic/mutations/:token?wait=ms`: what became of a mutation, to its own principal only. Waits up to
 * `wait` milliseconds, 25,000 at most, for one that is pending, and some of them for one that has not arrived yet.
 * @type {import('payload').Endpoint}
 */
export const mutationEndpoint = {
  method: 'get',
  path: '/optimistic/mutations/:token',
  async handler(req) {
    const { cache, waits } = runtimeOf(req.payload)
    const token = parseToken(String(req.routeParams?.token))
    const principal = principalOf(req.user)
    const wait = waitOf(req.searchParams?.get('wait'))
    const look = () => settled(cache, token, principal, wait, req.signal)
    const status = await (wait > 0 ? waits.during(principal, look) : look())
    const headers = { 'Cache-Control': 'no-store' }
    return Response.json(statusBody(cache, token, status), { status: status ? 200 : 404, headers })
  },
}

/** @param {string | null | undefined} text */
export function waitOf(text) {
  const wait = Number(text ?? 0)
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), WAIT_MOST) : 0
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} token
 * @param {string} principal
 * @param {number} wait milliseconds
 * @param {AbortSignal | undefined} signal of the request: when its client is gone, nobody needs the answer
 */
async function settled(cache, token, principal, wait, signal) {
  if (wait > 0) await cache.known([token], principal, { timeout: Math.min(wait, ARRIVAL_MOST) })
  let status = cache.status(token, principal)
  for (let left = wait; left > 0 && status?.state === 'pending' && !signal?.aborted; left -= LOOK_UP) {
    status = await cache.settled(token, principal, { timeout: Math.min(left, LOOK_UP) })
  }
  return status
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} token
 * @param {import('../cache/types.js').MutationStatus | undefined} status
 */
export function statusBody({ generation }, token, status) {
  if (status === undefined) return { token, state: 'unknown' }
  const { state, version, error } = status
  return { token, state, generation, version, error }
}
