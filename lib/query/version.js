/**
 * A position in the server's log. Positions compare only within one generation: another generation is another arena,
 * after a restart or on another machine.
 * @typedef {object} Version
 * @property {string} generation
 * @property {number} version
 */

export const VERSION_HEADER = 'optimistic-version'

/**
 * @param {Response} response
 * @returns {Version | undefined} undefined when the server did not say, e.g. for a collection that is not declared
 */
export function versionOfResponse(response) {
  const match = /^([^;]+);(\d+)$/.exec(response.headers.get(VERSION_HEADER) ?? '')
  return match ? { generation: match[1], version: Number(match[2]) } : undefined
}

/**
 * @param {Version | undefined} one
 * @param {Version | undefined} other
 * @returns {number | undefined} negative when `one` is older; undefined when they do not compare
 */
export function compareVersions(one, other) {
  return one && other && one.generation === other.generation ? one.version - other.version : undefined
}
