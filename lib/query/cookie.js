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

/** Milliseconds after which another tab has long written what it had read before. */
const PAUSE = 250

/**
 * Which tokens this page wants in, and out. @type {WeakMap<CookieJar, Map<string, boolean>>}
 */
const wanted = new WeakMap()

/**
 * Over 16 tokens the oldest leave: a UUIDv7 sorts by its time.
 * @param {CookieJar} jar
 * @param {string} token
 * @param {boolean} isIn
 * @returns {boolean} was it otherwise?
 */
function put(jar, token, isIn) {
  const before = tokensInFlight(jar)
  const others = before.filter((other) => other !== token)
  const tokens = isIn ? [...others, token].sort().slice(-MAX_TOKENS) : others
  if (String(tokens) === String(before)) return false
  jar.cookie = `${NAME}=${tokens.join('.')}; Path=/; SameSite=Lax${tokens.length === 0 ? '; Max-Age=0' : ''}`
  return true
}

/**
 * Nobody can read and write a cookie in one step. A tab that writes what it had read before this one wrote undoes that,
 * so this one looks again.
 * @param {CookieJar | undefined} jar
 * @param {string} token
 * @param {boolean} isIn
 */
function want(jar, token, isIn) {
  if (!jar) return
  const own = wanted.get(jar) ?? new Map()
  wanted.set(jar, own.set(token, isIn))
  put(jar, token, isIn)
  const look = () => {
    if (own.get(token) !== isIn) return
    if (put(jar, token, isIn)) setTimeout(look, PAUSE)
    else if (!isIn) own.delete(token)
  }
  setTimeout(look, PAUSE)
}

/**
 * @param {string} token
 * @param {CookieJar | undefined} [jar]
 */
export const addToken = (token, jar = jarOfPage()) => want(jar, token, true)

/**
 * @param {string} token
 * @param {CookieJar | undefined} [jar]
 */
export const removeToken = (token, jar = jarOfPage()) => want(jar, token, false)
