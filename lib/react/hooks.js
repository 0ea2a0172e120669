'use client'

import { useCallback, useContext, useSyncExternalStore } from 'react'
import { QueryClientContext } from '@tanstack/react-query'
import { engineOf } from '../query/engine.js'
import { changes } from '../query/layer.js'
import { BoundaryContext } from './context.js'

/** @typedef {import('../query/engine.js').PendingMutation} PendingMutation */

/** @type {PendingMutation[]} */
const NONE = []

function useEngine() {
  const boundary = useContext(BoundaryContext)
  const client = useContext(QueryClientContext)
  const engine = boundary?.engine ?? (client && engineOf(client))
  const subscribe = useCallback((/** @type {() => void} */ listener) => engine?.subscribe(listener) ?? (() => {}), [engine])
  return { engine, rendered: boundary?.rendered ?? NONE, subscribe }
}

/**
 * The mutations in flight, in the order of the user's actions: of this page, and those it adopted.
 * @returns {PendingMutation[]} the same array until something changes
 */
export function usePendingMutations() {
  const { engine, rendered, subscribe } = useEngine()
  // While it hydrates, React must see what the server's HTML was made from, even if something settled since.
  return useSyncExternalStore(subscribe, () => engine?.pending ?? NONE, () => rendered)
}

/**
 * Is a change of this document in flight?
 * @param {string} slug the collection
 * @param {string | number} id
 * @returns {'pending' | false}
 */
export function useIsOptimistic(slug, id) {
  const { engine, rendered, subscribe } = useEngine()
  return useSyncExternalStore(
    subscribe,
    () => isPending(engine?.pending ?? NONE, slug, id),
    () => isPending(rendered, slug, id)
  )
}

/** @type {(pending: PendingMutation[], slug: string, id: string | number) => 'pending' | false} */
function isPending(pending, slug, id) {
  return pending.some(({ operations }) => changes(operations, slug, id)) && 'pending'
}
