'use client'

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatMoney } from '@/orders.js'
import { products } from '@/products.js'
import { customerNames } from '@/queries.js'

let lastKey = 0
/** A line of the form; its key tells React which it is. */
export const emptyLine = () => ({ key: ++lastKey, product: '', quantity: 1 })

const priceOf = (name) => products.find(({ product }) => product === name)?.price ?? 0
const sumOf = (lines) => lines.reduce((sum, { product, quantity }) => sum + priceOf(product) * quantity, 0)

/**
 * @param {object} props
 * @param {{ orderNumber: number, customer?: number, note?: string, items: any[], message?: string }} props.initial
 *   `message`: why it was refused
 * @param {(data: object) => void} props.onSubmit gets an order as the API takes it
 * @param {() => void} props.onCancel
 */
export function OrderForm({ initial, onSubmit, onCancel }) {
  const { data: customers } = useQuery(customerNames)
  const [lines, setLines] = useState(initial.items)
  const change = (key, changed) =>
    setLines((all) => all.map((line) => (line.key === key ? { ...line, ...changed } : line)))

  function submit(event) {
    event.preventDefault()
    const entered = new FormData(event.currentTarget)
    onSubmit({
      orderNumber: Number(entered.get('orderNumber')),
      status: 'pending',
      customer: Number(entered.get('customer')),
      items: lines.map(({ product, quantity }) => ({ product, quantity, price: priceOf(product) })),
      total: sumOf(lines),
      note: entered.get('note') || null,
    })
  }

  return (
    <form onSubmit={submit} className="order-form">
      <h2 id="new-order">New order</h2>
      {initial.message && (
        <p className="error" role="alert">
          {initial.message}
        </p>
      )}
      <label>
        Number
        <input type="number" name="orderNumber" min="1" step="1" required defaultValue={initial.orderNumber} />
      </label>
      <label>
        Customer
        <select name="customer" required defaultValue={initial.customer ?? ''}>
          <option value="" disabled>
            Choose…
          </option>
          {customers?.docs.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>Items</legend>
        {lines.map((line) => (
          <Line
            key={line.key}
            line={line}
            onChange={(changed) => change(line.key, changed)}
            onRemove={lines.length > 1 ? () => setLines(lines.filter((other) => other !== line)) : undefined}
          />
        ))}
        <div className="line">
          <button type="button" onClick={() => setLines([...lines, emptyLine()])}>
            Add an item
          </button>
          <output className="number">{formatMoney(sumOf(lines))}</output>
        </div>
      </fieldset>
      <label>
        Note
        <textarea name="note" rows={2} maxLength={2000} defaultValue={initial.note ?? ''} />
      </label>
      <div className="buttons">
        <button type="button" className="quiet" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="primary">
          Create
        </button>
      </div>
    </form>
  )
}

function Line({ line, onChange, onRemove }) {
  return (
    <div className="item">
      <select
        aria-label="Product"
        name="product"
        required
        value={line.product}
        onChange={(event) => onChange({ product: event.target.value })}
      >
        <option value="" disabled>
          Choose…
        </option>
        {products.map(({ product, price }) => (
          <option key={product} value={product}>
            {product} · {formatMoney(price)}
          </option>
        ))}
      </select>
      <input
        type="number"
        aria-label="Quantity"
        name="quantity"
        min="1"
        max="999"
        step="1"
        required
        value={line.quantity}
        onChange={(event) => onChange({ quantity: event.target.valueAsNumber || '' })}
      />
      <button type="button" className="quiet" onClick={onRemove} disabled={!onRemove} aria-label="Remove this item">
        ×
      </button>
    </div>
  )
}
