// The page that most jobs read: 20 orders with their customers, 13 KB of JSON, as an admin's list shows them.
const STATES = ['pending', 'paid', 'packed', 'shipped']

/** @param {number} id */
const order = (id) => ({
  id,
  number: `2025-${String(id).padStart(6, '0')}`,
  status: STATES[id % STATES.length],
  total: 1000 + ((id * 7919) % 90_000),
  currency: 'EUR',
  note:
    `Please ring twice; leave parcel ${id} with the neighbour on the left if nobody opens, never out in the rain. ` +
    'Thank you.',
  address: { street: `${id} Long Acre`, city: 'London', postcode: 'WC2E 9JT', country: 'GB' },
  customer: { id: id % 13, name: `Customer ${id % 13}`, email: `customer-${id % 13}@example.com`, vip: id % 2 === 0 },
  items: [
    { id: `${id}-a`, title: 'Teapot, brown, six cups', quantity: 1, price: 2400 },
    { id: `${id}-b`, title: 'Cup and saucer, brown', quantity: 6, price: 650 },
  ],
  createdAt: '2025-11-24T10:00:00.000Z',
  updatedAt: '2025-11-24T10:00:00.000Z',
})

export const PAGE = {
  docs: Array.from({ length: 20 }, (_, index) => order(500 - index)),
  totalDocs: 500,
  limit: 20,
  page: 1,
  totalPages: 25,
  pagingCounter: 1,
  hasPrevPage: false,
  hasNextPage: true,
  prevPage: null,
  nextPage: 2,
}

export const SHAPES = { orders: { groups: ['address'], relations: { customer: 'customers' } }, customers: {} }
export const QUERY = { type: 'find', collection: 'orders', sort: '-id', limit: 20, depth: 1 }

/** The three documents that change, and what they become. @param {number} turn */
export const operationsOf = (turn) =>
  [499, 492, 483].map((id) => ({ type: 'update', collection: 'orders', id, data: { status: `state-${turn % 7}` } }))

/** The page as it is when `operations` are laid over it, in the way of a reducer. @param {any[]} operations */
export function spreadOver(/** @type {any} */ page, operations) {
  const changed = new Map(operations.map(({ id, data }) => [id, data]))
  const docs = page.docs.map((/** @type {any} */ document) =>
    changed.has(document.id) ? { ...document, ...changed.get(document.id) } : document
  )
  return { ...page, docs }
}
