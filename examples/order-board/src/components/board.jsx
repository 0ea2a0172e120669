'use client'

import { useMutation, useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useIsOptimistic } from 'payload-optimistic-cache/react'
import { memo, useCallback } from 'react'
import { formatDay, formatMoney, labels, nextStep, statuses } from '@/orders.js'
import { boardOrders, orders } from '@/queries.js'
import { Saving } from './saving.jsx'
import { useToast } from './toasts.jsx'

export function Board() {
  const { data } = useQuery(boardOrders)
  const toast = useToast()
  // One mutation for all cards: a card that is moved to another column is another component there, and would not hear
  // of what it had begun.
  const { mutateAsync } = useMutation(orders.update())
  const advance = useCallback(
    (order) => {
      const { status } = nextStep[order.status]
      mutateAsync({ id: order.id, data: { status } }).catch((error) => {
        toast(`Order #${order.orderNumber}: ${error.message}`)
      })
    },
    [mutateAsync, toast],
  )
  const shown = data?.docs ?? []
  return (
    <div className="board">
      {statuses.map((status) => (
        <Column key={status} status={status} orders={shown.filter((order) => order.status === status)} advance={advance} />
      ))}
    </div>
  )
}

function Column({ status, orders, advance }) {
  return (
    <section className={`column ${status}`} aria-labelledby={`column-${status}`} data-column={status}>
      <h2 id={`column-${status}`}>
        {labels[status]} <span className="count">{orders.length}</span>
      </h2>
      <ol tabIndex={0} aria-label={`${labels[status]} orders`}>
        {orders.map((order) => (
          <Card key={order.id} order={order} advance={advance} />
        ))}
      </ol>
      {orders.length === 0 && <p className="empty">Nothing here.</p>}
    </section>
  )
}

const Card = memo(function Card({ order, advance }) {
  const pending = useIsOptimistic('orders', order.id)
  const step = nextStep[order.status]
  return (
    <li className="card" data-order={order.id} data-status={order.status} data-pending={pending || undefined}>
      <div className="line">
        <Link href={`/orders/${order.id}`} prefetch={false}>
          #{order.orderNumber}
        </Link>
        {pending ? <Saving /> : <time dateTime={order.createdAt}>{formatDay(order.createdAt)}</time>}
      </div>
      <div className="line">
        <span className="customer">{order.customer?.name}</span>
        <span className="total">{formatMoney(order.total)}</span>
      </div>
      {step && (
        <button type="button" onClick={() => advance(order)} data-advance={step.status}>
          {step.label}
        </button>
      )}
    </li>
  )
})
