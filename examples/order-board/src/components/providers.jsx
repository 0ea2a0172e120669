'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { OptimisticBoundary } from 'payload-optimistic-cache/react'
import { useEffect, useState } from 'react'
import { ToastProvider, useToast } from './toasts.jsx'

export function Providers({ children }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { staleTime: 30_000 } } }))
  return (
    <QueryClientProvider client={client}>
      <ToastProvider>{children}</ToastProvider>
    </QueryClientProvider>
  )
}

/** What the server sent for pages, when the router has already shown it once. */
const shown = new WeakSet()

/** Hydrates a page's state, says what became of changes that an earlier page began, and renders anew after them. */
export function PageBoundary({ state, children }) {
  const router = useRouter()
  const toast = useToast()

  useEffect(() => {
    // The back button brings back what the server sent then, which knows nothing of what was changed since.
    if (shown.has(state)) router.refresh()
    shown.add(state)
  }, [state, router])

  function onSettled({ adopted, error, state: outcome }) {
    if (adopted && error) toast(error.message.replace(/^./, (letter) => letter.toUpperCase()))
    // Pages that the router keeps were rendered before this.
    if (!adopted && outcome === 'committed') router.refresh()
  }

  return (
    <OptimisticBoundary state={state} refresh={router.refresh} onSettled={onSettled}>
      {children}
    </OptimisticBoundary>
  )
}
