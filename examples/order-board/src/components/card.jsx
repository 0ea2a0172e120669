'use client'

import Link from 'next/link'
import { useIsOptimistic } from 'payload-optimistic-cache/react'
import { memo } from 'react'
import { formatDay, formatMoney, isSaved, nextStep } from '@/orders.js'
import { Saving } from './saving.jsx'

/**
 * An order on the board.
 * @param {object} props
 * @param {any} props.order
 * @param {(order: any) => void} props.advance
 * @param {(order: any) => void} [props.remove] of those who may
 */
export const Card = memo(function Card({ order, advance, remove }) {
  const pending = useIsOptimistic('orders', order.id)
  const step = nextStep[order.status]
  const number = `#${order.orderNumber}`
  return (
    <li className="card" data-order={order.id} data-status={order.status} data-pending={pending || undefined}>
      <div className="line">
        {isSaved(order) ? (
          <Link href={`/orders/${order.id}`} prefetch={false}>
            {number}
          </Link>
        ) : (
          <strong>{number}</strong>
        )}
        {pending ? <Saving /> : <time dateTime={order.createdAt}>{formatDay(order.createdAt)}</time>}
      </div>
      <div className="line">
        <span className="customer">{order.customer?.name}</span>
        <span className="total">{formatMoney(order.total)}</span>
      </div>
      {(step || remove) && (
        <div className="actions">
          {step && (
            <button type="button" onClick={() => advance(order)} data-advance={step.status}>
              {step.label}
            </button>
          )}
          {remove && (
            <button
              type="button"
              className="quiet danger"
              onClick={() => remove(order)}
              aria-label={`Delete order ${number}`}
              data-delete
            >
              ×
            </button>
          )}
        </div>
      )}
    </li>
  )
})
