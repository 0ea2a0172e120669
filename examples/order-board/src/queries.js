// What the server renders with and the browser asks for, in one place, so that both mean the same query.
import { collection } from 'payload-optimistic-cache/query'
import { statuses } from './orders.js'

export const orders = collection('orders')
export const customers = collection('customers')
export const submissions = collection('form-submissions')

/**
 * A column of the board: the newest orders of a status, as far as a card shows them. `totalDocs` counts the older ones
 * too.
 * @param {string} status
 */
export const column = (status) =>
  orders.find({
    where: { status: { equals: status } },
    sort: '-orderNumber',
    limit: 100,
    depth: 1,
    select: { orderNumber: true, status: true, customer: true, total: true, createdAt: true },
    populate: { customers: { name: true } },
  })

export const columns = statuses.map(column)

/** Whom an order can be for. */
export const customerNames = customers.find({ sort: 'name', pagination: false, depth: 0, select: { name: true } })

/** @param {number} id */
export const noteOf = (id) => orders.findByID(id, { depth: 0, select: { note: true } })

/**
 * The newest messages through a form.
 * @param {number} form
 */
export const messagesTo = (form) =>
  submissions.find({ where: { form: { equals: form } }, sort: '-createdAt', limit: 20, depth: 0 })
