import { isObject, share } from './share.js'

/**
 * Takes an overlay off again from a value that somebody made out of what was shown: what they left as it was shown goes
 * back to the base, what they changed stays theirs.
 *
 * `queryClient.setQueryData(key, (shown) => …)` hands out base and overlay merged. Kept as the new base, the merged
 * value would survive the mutation's rollback.
 * @param {any} base
 * @param {any} shown base and overlay
 * @param {any} next
 * @returns {any}
 */
export function takeOff(base, shown, next) {
  // What was copied is as it was shown, too.
  if (share(shown, next) === shown) return base
  if (base === shown) return next
  if (Array.isArray(base) && Array.isArray(shown) && Array.isArray(next)) return takeOffItems(base, shown, next)
  if (isObject(base) && isObject(shown) && isObject(next)) {
    const known = (/** @type {string} */ name) => Object.hasOwn(base, name) && Object.hasOwn(shown, name)
    return Object.fromEntries(
      Object.keys(next).map((name) => [name, known(name) ? takeOff(base[name], shown[name], next[name]) : next[name]])
    )
  }
  return next
}

/**
 * What the overlay put into a list goes, what it took out comes back behind the one that it stood behind, and what it
 * moved goes back to its place, unless they moved it, too.
 * @param {any[]} base
 * @param {any[]} shown
 * @param {any[]} next
 */
function takeOffItems(base, shown, next) {
  const isNamed = [base, shown, next].every((items) => items.every((item) => item?.id !== undefined))
  const items = next.flatMap((item, index) => {
    const [inBase, inShown] = [base, shown].map((items) => isObject(item) && counterpart(items, item, index))
    if (inBase && inShown) return [takeOff(inBase, inShown, item)]
    return isNamed && inShown ? [] : [item]
  })
  if (!isNamed) return items
  const has = (/** @type {any[]} */ some) => (/** @type {any} */ { id }) => some.some((other) => other.id === id)
  const places = items.flatMap((item, at) => (has(base)(item) ? [at] : []))
  const inOrderOf = (/** @type {any[]} */ all) => all.filter(has(places.map((at) => items[at]))).map(({ id }) => id)
  if (String(inOrderOf(shown)) === String(inOrderOf(next))) {
    const kept = inOrderOf(base).map((id) => items.find((item) => item.id === id))
    places.forEach((at, index) => (items[at] = kept[index]))
  }
  base.forEach((item, at) => {
    if (has(shown)(item) || has(items)(item)) return
    items.splice(items.findIndex(({ id }) => id === base[at - 1]?.id) + 1, 0, item)
  })
  return items
}

/** @type {(items: any[], item: Record<string, any>, index: number) => any} the one with its id, or at its place */
const counterpart = (items, { id }, index) =>
  id === undefined ? items[index] : items.find((other) => isObject(other) && other.id === id)
