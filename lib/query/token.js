import { tokensInFlight } from './cookie.js'

/** Milliseconds of the epoch in the newest token of this page. */
let newest = 0
/** The year 6429, half of what a token can tell: no clock says so. */
const NEVER = 2 ** 47

/**
 * A UUIDv7 (RFC 9562). Tokens sort by the user's actions: each is newer than all that this page made, and than those of
 * every tab that are still in flight, even when the clock was set back between.
 * @returns {string}
 */
export function createToken() {
  const others = tokensInFlight().map(timeOf)
  newest = Math.max(Date.now(), newest + 1, ...others.map((time) => (time < NEVER ? time + 1 : 0)))
  const time = newest.toString(16).padStart(12, '0')
  // crypto.randomUUID() is missing where a page comes over plain HTTP from another machine.
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, '0'))
  const [a, b, c] = [random.slice(0, 2), random.slice(2, 4), random.slice(4)].map((bytes) => bytes.join(''))
  const variant = (8 | (Number.parseInt(b[0], 16) & 3)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(1)}-${variant}${b.slice(1)}-${c}`
}

/**
 * @param {string} token
 * @returns {number} milliseconds of the epoch at which it was made
 */
export const timeOf = (token) => Number.parseInt(token.slice(0, 8) + token.slice(9, 13), 16)
