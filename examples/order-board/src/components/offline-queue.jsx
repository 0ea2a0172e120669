'use client'

import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister'
import { useQueryClient } from '@tanstack/react-query'
import { queueOffline } from 'payload-optimistic-cache/query/offline'
import { useEffect } from 'react'
import { useToast } from './toasts.jsx'

/**
 * Keeps what is changed offline, where that is switched on, and sends what an earlier page kept.
 * @param {{ user: number }} props whose queue it is
 */
export function OfflineQueue({ user }) {
  const client = useQueryClient()
  const toast = useToast()
  useEffect(() => {
    // Each change is written at once: a reload may come within the second that a persister waits unless told otherwise.
    const persister = createAsyncStoragePersister({ storage: localStorage, key: 'order-board queue', throttleTime: 0 })
    queueOffline(client, { persister, buster: String(user) }).catch(({ message }) =>
      toast(`What was changed offline could not be read. ${message}`),
    )
  }, [client, user, toast])
  return null
}
