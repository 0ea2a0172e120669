/** @typedef {import('./layer.js').DocumentOperation} DocumentOperation */
/** @typedef {import('./layer.js').Operation} Operation */

/**
 * Runs something when no other tab is changing one of these documents. Tabs of one browser take turns by Web Locks;
 * where there are none (plain HTTP), the server decides.
 * @template T
 * @param {string[]} documents
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export function inOrder(documents, run) {
  const { locks } = globalThis.navigator ?? {}
  // In the order of their names, so that two tabs never wait for each other.
  return [...documents]
    .sort()
    .reduceRight((next, name) => (locks ? () => locks.request(`payload-optimistic ${name}`, next) : next), run)()
}

/**
 * Puts updates into earlier ones of the same documents that were not sent yet: the last value wins, member by member.
 * @param {Operation[]} earlier
 * @param {Operation[]} later
 * @param {import('../cache/types.js').Shapes} shapes
 */
export function coalesce(earlier, later, shapes) {
  /** @type {(into: any, data: any, groups: string[], prefix: string) => void} */
  const merge = (into, data, groups, prefix) => {
    for (const name of Object.keys(data)) {
      const isGroup = groups.includes(prefix + name) && into[name] && data[name]
      if (isGroup) merge(into[name], data[name], groups, `${prefix}${name}.`)
      else into[name] = data[name]
    }
  }
  later.forEach((operation, index) => {
    const { collection, data } = /** @type {DocumentOperation} */ (operation)
    merge(/** @type {DocumentOperation} */ (earlier[index]).data, data, shapes[collection]?.groups ?? [], '')
  })
}
