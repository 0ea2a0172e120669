import { runtimeOf } from './runtime.js'
import { expose, parseToken, principalOf, PRINCIPAL_HEADER } from './request.js'
import { ARRIVAL_MOST, LOOK_UP, statusBody, waitOf } from './endpoints.js'

/** More than a page has in flight; keeps one request from asking for the whole table. */
const TOKENS_MOST = 64

/**
 * `GET {api}/optimistic/mutations?tokens=<a>,<b>&wait=ms`: what became of several mutations, as an array in the order
 * of the tokens. Answers as soon as one of them is not pending, so that a page needs one connection for all it has in
 * flight. `id` is that of the document that a request created, as long as its answer is kept; the header
 * `optimistic-principal` says who was asking.
 * @type {import('payload').Endpoint}
 */
export const mutationsEndpoint = {
  method: 'get',
  path: '/optimistic/mutations',
  async handler(req) {
    const { answers, cache, waits } = runtimeOf(req.payload)
    const principal = principalOf(req.user)
    const tokens = (req.searchParams?.get('tokens') ?? '').split(',').slice(0, TOKENS_MOST).map(parseToken)
    const wait = waitOf(req.searchParams?.get('wait'))
    if (wait > 0) await waits.during(principal, () => settled(cache, tokens, principal, wait, req.signal))
    const body = statuses(cache, tokens, principal).map((status, index) => {
      const id = status?.state === 'committed' ? answers.created(principal, tokens[index]) : undefined
      return { ...statusBody(cache, tokens[index], status), id }
    })
    expose(req, PRINCIPAL_HEADER)
    return Response.json(body, { headers: { 'Cache-Control': 'no-store', [PRINCIPAL_HEADER]: principal } })
  },
}

/**
 * Waits until one of them is settled.
 * @param {import('../index.js').Cache} cache
 * @param {string[]} tokens
 * @param {string} principal
 * @param {number} wait milliseconds
 * @param {AbortSignal | undefined} signal
 */
async function settled(cache, tokens, principal, wait, signal) {
  await cache.known(tokens, principal, { timeout: Math.min(wait, ARRIVAL_MOST) })
  for (let left = wait; left > 0 && !signal?.aborted; left -= LOOK_UP) {
    if (statuses(cache, tokens, principal).some((status) => status?.state !== 'pending')) return
    const timeout = Math.min(left, LOOK_UP)
    await Promise.race(tokens.map((token) => cache.settled(token, principal, { timeout })))
  }
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string[]} tokens
 * @param {string} principal
 */
const statuses = (cache, tokens, principal) => tokens.map((token) => cache.status(token, principal))
