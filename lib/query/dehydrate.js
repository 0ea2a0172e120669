/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('./entry.js').Entry} Entry */

/**
 * What leaves the client through TanStack's `dehydrate()` (and persisters, which use it) is shared with others, or
 * outlives the mutation: it gets the base.
 * @param {QueryClient} client
 * @param {Map<any, Entry>} entries by their queries
 * @param {(entry: Entry) => void} show has a query show what it should
 */
export function dehydrateBases(client, entries, show) {
  const defaults = client.getDefaultOptions()
  const { serializeData, shouldDehydrateQuery } = defaults.dehydrate ?? {}
  /** @type {(data: any) => any} */
  const ofBase = (data) => {
    const entry = [...entries.values()].find(({ query }) => query.state.data === data)
    const base = entry ? entry.base : data
    return serializeData ? serializeData(base) : base
  }
  // One who serializes otherwise reads the query's state, in the very call that asks this first.
  /** @type {(query: any) => boolean} */
  const dehydrated = (query) => {
    const { state } = query
    const entry = entries.get(query)
    if (entry && entry.base !== state.data) {
      const lent = (query.state = { ...state, data: entry.base })
      queueMicrotask(() => {
        if (query.state === lent) query.state = state
        else show(entry)
      })
    }
    return shouldDehydrateQuery ? shouldDehydrateQuery(query) : state.status === 'success'
  }
  client.setDefaultOptions({
    ...defaults,
    dehydrate: { ...defaults.dehydrate, serializeData: ofBase, shouldDehydrateQuery: dehydrated },
  })
}
