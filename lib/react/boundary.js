'use client'

import { createElement, use, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { QueryClientContext } from '@tanstack/react-query'
import { preloadChanges } from '#changes'
import { Engine } from '../query/engine.js'
import { announcingEngineOf } from './announce.js'
import { BoundaryContext } from './context.js'

/** @typedef {import('../query/engine.js').PageState} PageState */
/** @typedef {import('../query/engine.js').SettledMutation} SettledMutation */

/**
 * @typedef {object} OptimisticBoundaryProps
 * @property {PageState} [state] of `view.dehydrate()`; a new one is merged in, and never replaces what is newer
 * @property {() => void} [refresh] asks the server to render the page again, e.g. `router.refresh`: called when a
 *   mutation settles that the page was rendered with, and when the user goes back or forward to what was rendered
 *   before a change; without a network, when there is one
 * @property {(settled: SettledMutation) => void} [onSettled] called for every mutation, with those that the page before
 *   a reload or another tab began (`adopted`)
 * @property {import('react').ReactNode} [children]
 */

/**
 * Puts a page that the server rendered with pending mutations in step with the browser: queries below it start from the
 * server's base data with the same changes laid over, and mutations that this page did not begin are followed to their
 * end.
 *
 * It works on the nearest QueryClient. Without a QueryClientProvider above, which pages of server components only do
 * not need, it does the following alone. `refresh` and `onSettled` are functions: use it in a client component of your
 * own.
 *
 * ```jsx
 * <OptimisticBoundary state={state} refresh={router.refresh} onSettled={({ error }) => error && toast(error.message)}>
 * ```
 *
 * @param {OptimisticBoundaryProps} props
 */
export function OptimisticBoundary({ state, refresh, onSettled, children }) {
  const { pending = [], unknown = [] } = state ?? {}
  const client = useContext(QueryClientContext)
  const [own] = useState(() => (client ? undefined : new Engine()))
  const engine = client ? announcingEngineOf(client) : /** @type {Engine} */ (own)

  // The HTML shows what is pending, so it stays as it came until the same can be shown here.
  const loading = pending.length > 0 && preloadChanges()
  if (loading) use(loading)

  // Before the children render, on the server too: its HTML must show what the first render in the browser shows. It
  // may run more often, or for a render that React drops: what it takes in is versioned.
  useMemo(() => state && engine.hydrate(state), [engine, state])

  const [rendered] = useState(() =>
    pending.map((mutation) => ({ ...mutation, state: /** @type {const} */ ('pending') }))
  )
  const boundary = useMemo(() => ({ engine, rendered }), [engine, rendered])

  const callbacks = useRef({ refresh, onSettled })
  useEffect(() => {
    callbacks.current = { refresh, onSettled }
  })

  useEffect(() => {
    const renew = () => {
      if (!navigator.onLine) return window.addEventListener('online', renew, { once: true })
      engine.refreshed = engine.clock
      callbacks.current.refresh?.()
    }
    const shown = new Set([...pending.map(({ token }) => token), ...unknown])
    const unsubscribe = engine.onSettled((settled) => {
      // A token that nobody knows, not even what it changed: the request it stood for never arrived.
      if (settled.state === 'unknown' && settled.operations.length === 0) return
      callbacks.current.onSettled?.(settled)
      if (shown.has(settled.token)) renew()
    })
    engine.start()
    if ([...shown].some((token) => engine.settled.has(token))) renew()

    /**
     * @param {Event & { persisted?: boolean, navigationType?: string }} event `persisted`: the browser kept the page,
     *   which missed all since
     */
    const onReturn = ({ persisted, navigationType = 'traverse' }) =>
      navigationType === 'traverse' && (persisted ?? engine.refreshed !== engine.clock) && renew()
    window.addEventListener('popstate', onReturn)
    window.addEventListener('pageshow', onReturn)
    // Before the router hears of it, which then asks the server for what it would else show as it was.
    const { navigation } = /** @type {any} */ (window)
    navigation?.addEventListener('navigate', onReturn)
    return () => {
      unsubscribe()
      window.removeEventListener('popstate', onReturn)
      window.removeEventListener('pageshow', onReturn)
      navigation?.removeEventListener('navigate', onReturn)
    }
  }, [engine, state])

  // A client's engine goes on when the user leaves this page: its queries still show what is pending.
  useEffect(() => () => own?.stop(), [own])

  return createElement(BoundaryContext.Provider, { value: boundary }, children)
}
