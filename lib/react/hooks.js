'use client'

import { useCallback, useContext, useSyncExternalStore } from 'react'
import { QueryClientContext } from '@tanstack/react-query'
import { changes } from '../query/layer.js'
import { announcingEngineOf } from './announce.js'
import { BoundaryContext } from './context.js'

/** @typedef {import('../query/engine.js').PendingMutation} PendingMutation */

/** @type {PendingMutation[]} */
const NONE = []

/**
 * @template T
 * @param {(pending: PendingMutation[]) => T} select gives the same value for the same array
 * @returns {T}
 */
function usePending(select) {
  const boundary = useContext(BoundaryContext)
  const client = useContext(QueryClientContext)
  const engine = boundary?.engine ?? (client && announcingEngineOf(client))
  const subscribe = useCallback(
    (/** @type {() => void} */ listener) => engine?.subscribe(listener) ?? (() => {}),
    [engine]
  )
  return useSyncExternalStore(
    subscribe,
    () => select(engine?.pending ?? NONE),
    // While it hydrates, React must see what the server's HTML was made from, even if something settled since.
    () => select(boundary?.rendered ?? NONE)
  )
}

/**
 * The mutations in flight, in the order of the user's actions: of this page, and those it adopted.
 * @returns {PendingMutation[]} the same array until something changes
 */
export function usePendingMutations() {
  return usePending((pending) => pending)
}

/**
 * Is a change of this document in flight? `unknown`: the connection was lost after it was sent, and what became of it
 * is not known yet.
 * @param {string} slug the collection; `global` for a global
 * @param {string | number} id its slug, for a global
 * @returns {'pending' | 'unknown' | false} of several, `unknown` when one is
 */
export function useIsOptimistic(slug, id) {
  return usePending((pending) => {
    const states = pending.flatMap(({ operations, state }) => (changes(operations, slug, id) ? state : []))
    return states.includes('unknown') ? 'unknown' : (states[0] ?? false)
  })
}
