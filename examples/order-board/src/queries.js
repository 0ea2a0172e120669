// What the server renders with and the browser asks for, in one place, so that both mean the same query.
import { collection } from 'payload-optimistic-cache/query'

export const orders = collection('orders')

/** The newest orders, as far as a card on the board shows them; grouped into columns in the browser. */
export const boardOrders = orders.find({
  limit: 300,
  sort: '-orderNumber',
  depth: 1,
  select: { orderNumber: true, status: true, customer: true, total: true, createdAt: true },
  populate: { customers: { name: true } },
})
