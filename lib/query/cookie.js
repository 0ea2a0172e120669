/**
 * The cookie tells a page request which mutations of this browser are in flight. All tabs share it, so each tab adds
 * and removes only single tokens and leaves the rest.
 */
const NAME = 'payload-optimistic'
/** What pages can show at once, so more are not announced either. */
export const MAX_TOKENS = 16

/** @typedef {{ cookie: string }} CookieJar `document`, in a browser */

/** @returns {CookieJar | undefined} */
const jarOfPage = () => globalThis.document

/**
 * @param {CookieJar | undefined} [jar]
 * @returns {string[]} of all tabs, in the order of the user's actions
 */
export function tokensInFlight(jar = jarOfPage()) {
  const value = new RegExp(`(?:^|; *)${NAME}=([^;]*)`).exec(jar?.cookie ?? '')?.[1]
  return value ? value.split('.') : []
}

/**
 * @param {CookieJar} jar
 * @param {(tokens: string[]) => string[]} change
 */
function rewrite(jar, change) {
  const tokens = change(tokensInFlight(jar))
  jar.cookie = `${NAME}=${tokens.join('.')}; Path=/; SameSite=Lax${tokens.length === 0 ? '; Max-Age=0' : ''}`
}

/**
 * Over 16 tokens the oldest leave: a UUIDv7 sorts by its time.
 * @param {string} token
 * @param {CookieJar | undefined} [jar]
 */
export function addToken(token, jar = jarOfPage()) {
  if (jar) rewrite(jar, (tokens) => [...new Set([...tokens, token])].sort().slice(-MAX_TOKENS))
}

/**
 * @param {string} token
 * @param {CookieJar | undefined} [jar]
 */
export function removeToken(token, jar = jarOfPage()) {
  if (jar) rewrite(jar, (tokens) => tokens.filter((other) => other !== token))
}
