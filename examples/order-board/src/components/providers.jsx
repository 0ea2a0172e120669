'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { OptimisticBoundary } from 'payload-optimistic-cache/react'
import { useState } from 'react'
import { ToastProvider, useToast } from './toasts.jsx'

export function Providers({ children }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { staleTime: 30_000 } } }))
  return (
    <QueryClientProvider client={client}>
      <ToastProvider>{children}</ToastProvider>
    </QueryClientProvider>
  )
}

const outcomes = {
  rolledBack: 'A change could not be saved and was taken back.',
  expired: 'It is not known whether a change was saved. The page shows what is stored.',
}

/** Hydrates a page's state, says what became of changes that an earlier page began, and renders anew after them. */
export function PageBoundary({ state, children }) {
  const router = useRouter()
  const toast = useToast()
  const onSettled = ({ state: outcome, adopted }) => {
    if (adopted && outcomes[outcome]) toast(outcomes[outcome])
  }
  return (
    <OptimisticBoundary state={state} refresh={router.refresh} onSettled={onSettled}>
      {children}
    </OptimisticBoundary>
  )
}
