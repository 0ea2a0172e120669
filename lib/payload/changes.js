import { isDeepStrictEqual } from 'node:util'

/** @typedef {Record<string, unknown>} Document */

/**
 * What an update changed: the top-level members that differ between two reads of a document at depth 0.
 *
 * undefined when merging them into a copy of `previous` would not give `next`: a member that came, or went, at the top
 * or in a group (which is merged, not replaced).
 * @param {Document} previous
 * @param {Document} next
 * @param {string[]} groups dotted paths of the members that are merged
 * @returns {{ data: Document, previous: Document } | undefined}
 */
export function changesBetween(previous, next, groups) {
  if (!haveSameMembers(previous, next)) return undefined
  const changed = Object.keys(next).filter((name) => !isDeepStrictEqual(previous[name], next[name]))
  if (changed.some((name) => !isMergeable(previous[name], next[name], name, groups))) return undefined
  const pick = (/** @type {Document} */ from) => Object.fromEntries(changed.map((name) => [name, from[name]]))
  return { data: pick(next), previous: pick(previous) }
}

/**
 * What a document, read in all locales at once, says in others than one.
 * @param {Document} document
 * @param {string[]} paths dotted, of its localized members
 * @param {string} locale
 */
export const translationsIn = (document, paths, locale) =>
  paths.map((path) => translationsAt(document, path.split('.'), locale))

/**
 * @param {unknown} value
 * @param {string[]} path
 * @param {string} locale
 * @returns {unknown}
 */
function translationsAt(value, path, locale) {
  if (Array.isArray(value)) return value.map((item) => translationsAt(item, path, locale))
  if (!isObject(value)) return value
  if (path.length > 0) return translationsAt(value[path[0]], path.slice(1), locale)
  const { [locale]: own, ...others } = value
  return others
}

/**
 * @param {unknown} previous
 * @param {unknown} next
 * @param {string} path
 * @param {string[]} groups
 * @returns {boolean}
 */
function isMergeable(previous, next, path, groups) {
  if (!groups.includes(path) || !isObject(previous) || !isObject(next)) return true
  if (!haveSameMembers(previous, next)) return false
  return Object.keys(next).every((name) => isMergeable(previous[name], next[name], `${path}.${name}`, groups))
}

/**
 * @param {Document} a
 * @param {Document} b
 */
function haveSameMembers(a, b) {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name))
}

/** @param {unknown} value @returns {value is Document} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
