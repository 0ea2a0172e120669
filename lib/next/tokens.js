import { validate, version } from 'uuid'

/** The cookie in which a browser keeps the tokens of its mutations in flight, joined by dots. */
export const COOKIE = 'payload-optimistic'

const MAX_TOKENS = 16

/**
 * @param {string | undefined} cookie
 * @returns {string[]} at most 16; what is not a UUIDv7 is left out, because anybody can set a cookie to anything
 */
export function tokensOf(cookie) {
  const tokens = (cookie ?? '').split('.').filter((text) => validate(text) && version(text) === 7)
  return [...new Set(tokens.map((token) => token.toLowerCase()))].slice(0, MAX_TOKENS)
}
