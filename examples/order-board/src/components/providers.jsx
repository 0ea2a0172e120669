'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { OptimisticBoundary } from 'payload-optimistic-cache/react'
import { useEffect, useState } from 'react'
import { Devtools } from './devtools.jsx'
import { DraftProvider, useDrafts } from './drafts.jsx'
import { OfflineQueue } from './offline-queue.jsx'
import { ToastProvider, useToast } from './toasts.jsx'

/**
 * @param {object} props
 * @param {number} [props.user] who is logged in
 * @param {import('react').ReactNode} props.children
 */
export function Providers({ user, children }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { staleTime: 30_000 } } }))
  return (
    <QueryClientProvider client={client}>
      <ToastProvider>
        {user !== undefined && <OfflineQueue user={user} />}
        <DraftProvider>{children}</DraftProvider>
        <Devtools />
      </ToastProvider>
    </QueryClientProvider>
  )
}

/** What the server sent for pages, when the router has already shown it once. */
const shown = new WeakSet()

/** Hydrates a page's state, says what became of changes that an earlier page began, and renders anew after them. */
export function PageBoundary({ state, children }) {
  const router = useRouter()
  const toast = useToast()
  const { giveBack } = useDrafts()

  useEffect(() => {
    // The back button brings back what the server sent then, which knows nothing of what others changed since. Without
    // a network the router would leave the page.
    if (shown.has(state) && navigator.onLine) router.refresh()
    shown.add(state)
  }, [state, router])

  function onSettled({ token, operations, adopted, error, state: outcome }) {
    const [first] = operations
    const isNew = first?.type === 'create' && first.collection === 'orders'
    if (error && isNew) toast(`Order #${first.data.orderNumber}: ${error.message}`)
    else if (error && adopted) toast(error.message.replace(/^./, (letter) => letter.toUpperCase()))
    if (isNew && outcome !== 'committed') giveBack({ token, data: first.data, message: error.message })
    // A page without queries of its own shows what was changed on it when the server has rendered it.
    if (!adopted && outcome === 'committed' && state.queries.length === 0) router.refresh()
  }

  return (
    <OptimisticBoundary state={state} refresh={router.refresh} onSettled={onSettled}>
      {children}
    </OptimisticBoundary>
  )
}
