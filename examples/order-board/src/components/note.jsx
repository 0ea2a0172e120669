'use client'

import { useQuery } from '@tanstack/react-query'
import { useIsOptimistic } from 'payload-optimistic-cache/react'
import { useOptimisticForm } from 'payload-optimistic-cache/react/form'
import { noteOf, orders } from '@/queries.js'
import { Complaint } from './complaint.jsx'
import { Saving } from './saving.jsx'

/**
 * The note of an order as it stands, and the form that changes it.
 * @param {{ id: number, action: Function }} props `id` of the order; `action`: what the form is posted to
 */
export function Note({ id, action }) {
  const { data } = useQuery(noteOf(id))
  const pending = useIsOptimistic('orders', id)
  const { form, field, fieldError, errors, message, isPending } = useOptimisticForm({
    collection: orders,
    operation: 'update',
    id,
    action,
  })
  return (
    <>
      <p className="note" data-note data-pending={pending || undefined}>
        {data?.note || <span className="muted">Nothing is noted.</span>}
      </p>
      <form {...form} className="note-form">
        <label>
          What the next one should know
          <textarea {...field('note', data?.note)} rows={3} />
        </label>
        <Complaint message={errors.note ?? message} {...fieldError('note')} />
        <div className="line">
          <button type="submit">Save note</button>
          {isPending && <Saving />}
        </div>
      </form>
    </>
  )
}
