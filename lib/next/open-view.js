import { cookies, headers } from 'next/headers.js'
import { after } from 'next/server.js'
import { executeAuthStrategies, getPayload } from 'payload'
import { cache as oncePerRequest } from 'react'
import { cacheOf, principalOf } from '../payload/cacheOf.js'
import { ServerView } from './server-view.js'
import { COOKIE, tokensOf } from './tokens.js'

/** @typedef {import('payload').SanitizedConfig | Promise<import('payload').SanitizedConfig>} Config */

const DEFAULT_REGISTRATION = 50

/**
 * The view that a request renders through: the user's, with what that user's browser has in flight laid over. All
 * server components of one request get the same view, which shows all of them one state; it is closed when the response
 * is done. In route handlers and server actions, where React keeps nothing for a request, each call opens one.
 *
 * ```js
 * const view = await openView(config)
 * const { docs } = await view.find({ collection: 'orders', sort: '-createdAt' })
 * ```
 * @param {Config | { config: Config, registration?: number }} options the Payload config, or an object with it.
 *   `registration`: milliseconds to wait for a change whose request is under way but has not arrived yet; 50 unless
 *   given, 0 for not at all. What did not arrive in that time is not shown, and named in `view.unknown`
 * @returns {Promise<ServerView>}
 */
export function openView(options) {
  const wrapped = /** @type {{ config?: Config, registration?: number }} */ (options)
  return wrapped.config === undefined
    ? viewOfRequest(/** @type {Config} */ (options), DEFAULT_REGISTRATION)
    : viewOfRequest(wrapped.config, wrapped.registration ?? DEFAULT_REGISTRATION)
}

const viewOfRequest = oncePerRequest(
  /**
   * @param {Config} config
   * @param {number} registration
   */
  async (config, registration) => {
    const [requestHeaders, jar, payload] = await Promise.all([headers(), cookies(), getPayload({ config })])
    const { user } = await executeAuthStrategies({ headers: requestHeaders, payload })
    const cache = cacheOf(payload)
    const principal = principalOf(user)
    const tokens = tokensOf(jar.get(COOKIE)?.value)
    if (tokens.length > 0 && registration > 0) await cache.known(tokens, principal, { timeout: registration })
    const view = new ServerView({ payload, user, cache, view: cache.view({ principal, tokens }), tokens })
    after(() => view.close())
    return view
  },
)
