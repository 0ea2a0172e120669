import { runtimeOf } from './runtime.js'
import { parseToken, principalOf } from './request.js'
import { ARRIVAL_MOST, LOOK_UP, statusBody, waitOf } from './endpoints.js'

/** More than a page has in flight; keeps one request from asking for the whole table. */
const TOKENS_MOST = 64

/**
 * `GET {api}/optimistic/mutations?tokens=<a>,<b>&wait=ms`: what became of several mutations, as an array in the order
 * of the tokens. Answers as soon as one of them is not pending, so that a page needs one connection for all it has in
 * flight.
 * @type {import('payload').Endpoint}
 */
export const mutationsEndpoint = {
  method: 'get',
  path: '/optimistic/mutations',
  async handler(req) {
    const { cache } = runtimeOf(req.payload)
    const principal = principalOf(req.user)
    const tokens = (req.searchParams?.get('tokens') ?? '').split(',').slice(0, TOKENS_MOST).map(parseToken)
    const wait = waitOf(req.searchParams?.get('wait'))
    if (wait > 0) await cache.known(tokens, principal, { timeout: Math.min(wait, ARRIVAL_MOST) })
    const statuses = () => tokens.map((token) => cache.status(token, principal))
    for (let left = wait; left > 0 && !req.signal?.aborted; left -= LOOK_UP) {
      if (statuses().some((status) => status?.state !== 'pending')) break
      const timeout = Math.min(left, LOOK_UP)
      await Promise.race(tokens.map((token) => cache.settled(token, principal, { timeout })))
    }
    const body = statuses().map((status, index) => statusBody(cache, tokens[index], status))
    return Response.json(body, { headers: { 'Cache-Control': 'no-store' } })
  },
}
