/** @typedef {import('./layer.js').DocumentOperation} DocumentOperation */
/** @typedef {import('./layer.js').Operation} Operation */

/**
 * Runs something when no other tab is changing one of these documents. Tabs of one browser take turns by Web Locks;
 * where there are none (plain HTTP), the server decides. It decides, too, when the page is left meanwhile: kept in the
 * back/forward cache it would keep all others waiting until the user comes back.
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
    .reduceRight((next, name) => (locks ? () => inTurn(locks, `payload-optimistic ${name}`, next) : next), run)()
}

/**
 * @template T
 * @param {LockManager} locks
 * @param {string} name
 * @param {() => Promise<T>} run goes on when the page is left; what had not begun waits anew when it is shown again
 * @returns {Promise<T>}
 */
async function inTurn(locks, name, run) {
  const leaving = new AbortController()
  const { signal } = leaving
  const leave = () => leaving.abort()
  const left = new Promise((resolve) => signal.addEventListener('abort', resolve))
  /** @type {Promise<T> | undefined} */
  let running
  globalThis.addEventListener?.('pagehide', leave)
  try {
    await locks.request(name, { signal }, () => Promise.race([(running = run()), left]))
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    globalThis.removeEventListener?.('pagehide', leave)
  }
  if (running) return running
  await new Promise((resolve) => addEventListener('pageshow', resolve, { once: true }))
  return inTurn(locks, name, run)
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
