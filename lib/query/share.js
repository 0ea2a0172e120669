/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
export function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/**
 * `next`, with every part that equals the one at its place in `previous` taken from there, so that what did not change
 * keeps its identity. Values are JSON.
 * @template T
 * @param {unknown} previous
 * @param {T} next
 * @returns {T}
 */
export function share(previous, next) {
  if (previous === next) return next
  if (Array.isArray(previous) && Array.isArray(next)) {
    const items = next.map((item, index) => share(previous[index], item))
    const same = items.length === previous.length && items.every((item, index) => item === previous[index])
    return /** @type {any} */ (same ? previous : items)
  }
  if (isObject(previous) && isObject(next)) {
    const names = Object.keys(next)
    /** @type {Record<string, any>} */
    const members = {}
    for (const name of names) members[name] = share(previous[name], next[name])
    const same =
      names.length === Object.keys(previous).length &&
      names.every((name) => Object.hasOwn(previous, name) && members[name] === previous[name])
    return /** @type {any} */ (same ? previous : members)
  }
  return next
}
