/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('@tanstack/react-query').Query<any, any, any, any>} Query */

/**
 * What leaves the client through TanStack's `dehydrate()` (and persisters, which use it) is shared with others, or
 * outlives the mutation: it gets the base.
 * @param {QueryClient} client
 * @param {(query: Query) => any} baseOf undefined for one that has none
 * @param {(query: Query) => void} show has a query show what it should
 */
export function dehydrateBases(client, baseOf, show) {
  const defaults = client.getDefaultOptions()
  const { serializeData, shouldDehydrateQuery } = defaults.dehydrate ?? {}
  /** @type {(data: any) => any} */
  const ofBase = (data) => {
    const query = client.getQueryCache().getAll().find(({ state }) => state.data === data)
    const base = (query && baseOf(query)) ?? data
    return serializeData ? serializeData(base) : base
  }
  // One who serializes otherwise reads the query's state, in the very call that asks this first.
  /** @type {(query: any) => boolean} */
  const dehydrated = (query) => {
    const { state } = query
    const base = baseOf(query) ?? state.data
    if (base !== state.data) {
      const lent = (query.state = { ...state, data: base })
      queueMicrotask(() => {
        if (query.state === lent) query.state = state
        else show(query)
      })
    }
    return shouldDehydrateQuery ? shouldDehydrateQuery(query) : state.status === 'success'
  }
  client.setDefaultOptions({
    ...defaults,
    dehydrate: { ...defaults.dehydrate, serializeData: ofBase, shouldDehydrateQuery: dehydrated },
  })
}
