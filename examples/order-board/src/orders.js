// Words and formats that every page shares.

export const statuses = ['pending', 'processing', 'shipped', 'delivered', 'cancelled']

export const labels = {
  pending: 'Pending',
  processing: 'Processing',
  shipped: 'Shipped',
  delivered: 'Delivered',
  cancelled: 'Cancelled',
}

/** What comes after a status, and how the button says it. */
export const nextStep = {
  pending: { status: 'processing', label: 'Start processing' },
  processing: { status: 'shipped', label: 'Mark as shipped' },
  shipped: { status: 'delivered', label: 'Mark as delivered' },
}

/** An order that is being created has its mutation's token as id, and no page. */
export const isSaved = ({ id }) => typeof id === 'number'

const money = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })
// A fixed zone, or the server's text would not be the browser's.
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

export const formatMoney = (cents) => money.format(cents / 100)
/** @param {string} [iso] an order that is being created has no date yet */
export const formatDay = (iso) => (iso ? day.format(new Date(iso)) : '')
export const formatMoment = (iso) => moment.format(new Date(iso))
