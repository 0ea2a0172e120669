'use client'

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { columns, orders } from '@/queries.js'
import { useDrafts } from './drafts.jsx'
import { emptyLine, OrderForm } from './order-form.jsx'
import { useSetting } from './settings.js'

/**
 * The button for a new order, and the dialog behind it. The order is on the board when the dialog closes; should it be
 * refused, the dialog comes back with what was entered, after a reload too.
 */
export function NewOrder() {
  const client = useQueryClient()
  const { drafts, drop } = useDrafts()
  /** What the form begins with; undefined while the dialog is closed. */
  const [form, setForm] = useState()
  const [keepsOffline] = useSetting('offline')
  const { mutate } = useMutation(orders.create(keepsOffline ? { offline: 'queue' } : {}))
  const [refused] = drafts

  useEffect(() => {
    if (form || !refused) return
    const { token, data, message } = refused
    setForm({ key: token, ...data, items: data.items.map((line) => ({ ...emptyLine(), ...line })), message })
    drop(refused)
  }, [form, refused, drop])

  function open() {
    const newest = columns.map(({ queryKey }) => client.getQueryData(queryKey)?.docs[0]?.orderNumber ?? 0)
    setForm({ key: 'new', orderNumber: Math.max(...newest) + 1, items: [emptyLine()] })
  }

  function create(data) {
    setForm(undefined)
    // What becomes of it is heard in PageBoundary, whichever page began it.
    mutate({ data })
  }

  return (
    <div className="new">
      <button type="button" onClick={open} data-new-order>
        New order
      </button>
      {form && (
        <Dialog key={form.key} onClose={() => setForm(undefined)}>
          <OrderForm initial={form} onSubmit={create} onCancel={() => setForm(undefined)} />
        </Dialog>
      )}
    </div>
  )
}

function Dialog({ onClose, children }) {
  const dialog = useRef(null)
  useEffect(() => dialog.current.showModal(), [])
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="new-order" data-order-form>
      {children}
    </dialog>
  )
}
