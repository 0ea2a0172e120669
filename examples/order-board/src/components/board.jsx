'use client'

import { useMutation, useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { labels, nextStep, statuses } from '@/orders.js'
import { column, orders } from '@/queries.js'
import { Card } from './card.jsx'
import { NewOrder } from './new-order.jsx'
import { useSetting } from './settings.js'
import { useToast } from './toasts.jsx'

/** @param {{ mayDelete: boolean }} props */
export function Board({ mayDelete }) {
  const toast = useToast()
  // One mutation for all cards: a card that is moved to another column is another component there, and would not hear
  // of what it had begun.
  const [keepsOffline] = useSetting('offline')
  const options = keepsOffline ? { offline: 'queue' } : {}
  const { mutateAsync: update } = useMutation(orders.update({ coalesce: true, ...options }))
  const { mutateAsync: remove } = useMutation(orders.delete(options))
  const complain = useCallback((order) => (error) => toast(`Order #${order.orderNumber}: ${error.message}`), [toast])
  const advance = useCallback(
    (order) => update({ id: order.id, data: { status: nextStep[order.status].status } }).catch(complain(order)),
    [update, complain],
  )
  const askAndDelete = useCallback(
    (order) => {
      if (window.confirm(`Delete order #${order.orderNumber}?`)) remove({ id: order.id }).catch(complain(order))
    },
    [remove, complain],
  )
  return (
    <div className="board">
      {statuses.map((status) => (
        <Column key={status} status={status} advance={advance} remove={mayDelete ? askAndDelete : undefined} />
      ))}
    </div>
  )
}

function Column({ status, advance, remove }) {
  const { data } = useQuery(column(status))
  const { docs = [], totalDocs = 0 } = data ?? {}
  return (
    <section className={`column ${status}`} aria-labelledby={`column-${status}`} data-column={status}>
      <h2 id={`column-${status}`}>
        {labels[status]}{' '}
        <span className="count" data-count={totalDocs}>
          {totalDocs}
        </span>
      </h2>
      {status === 'pending' && <NewOrder />}
      <ol tabIndex={0} aria-label={`${labels[status]} orders`}>
        {docs.map((order) => (
          <Card key={orders.key(order)} order={order} advance={advance} remove={remove} />
        ))}
        {docs.length < totalDocs && (
          <li className="empty">
            The newest {docs.length} of {totalDocs}.
          </li>
        )}
      </ol>
      {docs.length === 0 && <p className="empty">Nothing here.</p>}
    </section>
  )
}
