import { runtimeOf } from './runtime.js'
import { parseToken, principalOf } from './request.js'

/** Under the half minute after which proxies give a silent connection up. */
const WAIT_MOST = 25_000

/**
 * `GET {api}/optimistic/mutations/:token?wait=ms`: what became of a mutation, to its own principal only. Waits up to `wait`
 * milliseconds, 25,000 at most, for one that is pending.
 * @type {import('payload').Endpoint}
 */
export const mutationEndpoint = {
  method: 'get',
  path: '/optimistic/mutations/:token',
  async handler(req) {
    const { cache } = runtimeOf(req.payload)
    const token = parseToken(String(req.routeParams?.token))
    const principal = principalOf(req.user)
    const timeout = waitOf(req.searchParams?.get('wait'))
    const status = timeout > 0 ? await settledOrGone(cache, token, principal, timeout, req.signal) : undefined
    return answer(cache, token, status ?? cache.status(token, principal))
  },
}

/** @param {string | null | undefined} text */
function waitOf(text) {
  const wait = Number(text ?? 0)
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), WAIT_MOST) : 0
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} token
 * @param {string} principal
 * @param {number} timeout
 * @param {AbortSignal | undefined} signal of the request: nobody needs the answer after it
 */
function settledOrGone(cache, token, principal, timeout, signal) {
  const settled = cache.settled(token, principal, { timeout })
  if (signal === undefined) return settled
  const gone = new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  return /** @type {typeof settled} */ (Promise.race([settled, gone]))
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} token
 * @param {import('../cache/types.js').MutationStatus | undefined} status
 */
function answer({ generation }, token, status) {
  const headers = { 'Cache-Control': 'no-store' }
  if (status === undefined) return Response.json({ token, state: 'unknown' }, { status: 404, headers })
  const { state, version, error } = status
  return Response.json({ token, state, generation, version, error }, { headers })
}
