// A small, honest database: documents in collections, queries answered the way Payload answers them, and writes that
// become visible when their transaction commits. The schedules compare every answer of the cache with it.

export const SHAPES = {
  orders: { groups: ['address'], relations: { customer: 'customers', 'items.product': 'products' } },
  customers: {},
  products: {},
}

const STATUSES = ['pending', 'processing', 'shipped']

/** @typedef {Record<string, Map<string | number, any>>} State collection → id → document at depth 0 */

/** @returns {State} */
export function initialState(random) {
  const state = { orders: new Map(), customers: new Map(), products: new Map() }
  for (const id of [1, 2, 3]) state.customers.set(id, { id, name: `customer "${id}"`, tier: id === 1 ? 'gold' : null })
  for (const id of ['p1', 'p2']) state.products.set(id, { id, title: `${id} – ü€😀`, price: 10 })
  for (let id = 1; id <= 6; id++) state.orders.set(id, makeOrder(id, 0, random))
  return state
}

export function makeOrder(id, serial, random) {
  return {
    id,
    status: random.pick(STATUSES),
    total: random.below(5) * 10,
    note: random.chance(0.3) ? null : `note ${serial} \\ "quoted"\n`,
    customer: random.chance(0.1) ? null : 1 + random.below(3),
    address: { street: `street ${serial}`, city: random.pick(['Ulm', 'Bonn']), geo: [serial, 0.5] },
    items: random.some(['p1', 'p2']).map((product, index) => ({ id: `row${index}`, product, quantity: 1 + serial })),
    updatedAt: serial,
  }
}

/** What a write changes: top-level members, a group perhaps only in part. */
export function makeChange(collection, serial, random) {
  const tier = random.pick(['gold', null])
  if (collection === 'customers') return random.pick([{ name: `name ${serial}` }, { tier }])
  if (collection === 'products') return { price: serial, title: `title ${serial}` }
  const order = makeOrder(0, serial, random)
  const members = random.some(['status', 'total', 'note', 'customer', 'items', 'note', 'note'])
  const change = Object.fromEntries(members.map((member) => [member, order[member]]))
  if (random.chance(0.3)) change.address = random.chance(0.5) ? order.address : { city: `city ${serial}` }
  change.updatedAt = serial
  return change
}

/** Payload's update: a group is merged, everything else replaced. */
export function merge(document, data) {
  const merged = { ...document, ...data }
  if (data.address && document.address) merged.address = { ...document.address, ...data.address }
  return merged
}

/** @param {State} state @returns {State} with the operations of one transaction applied */
export function apply(state, operations) {
  const next = { ...state }
  for (const { type, collection, id, data } of operations) {
    const documents = new Map(next[collection])
    if (type === 'delete') documents.delete(id)
    else if (type === 'create') documents.set(id, data)
    else if (documents.has(id)) documents.set(id, merge(documents.get(id), data))
    next[collection] = documents
  }
  return next
}

const findByID = (collection, id, depth) => ({ type: 'findByID', collection, id, depth })
const find = (options) => ({ type: 'find', collection: 'orders', limit: 10, page: 1, depth: 0, ...options })
const count = (collection, where) => ({ type: 'count', collection, where })

/** Every query that the schedules ask, by key. */
export const QUERIES = {
  'order 1': findByID('orders', 1, 0),
  'order 1 with customer': findByID('orders', 1, 1),
  'order 2': findByID('orders', 2, 0),
  'order 2 with customer': findByID('orders', 2, 1),
  'order 6 with customer': findByID('orders', 6, 1),
  'customer 1': findByID('customers', 1, 0),
  'product 1': findByID('products', 'p1', 0),
  'first orders': find({ sort: 'id', limit: 4 }),
  'second page by total, with customers': find({ sort: '-total', limit: 3, page: 2, depth: 1 }),
  'pending orders with customers': find({ where: { status: { equals: 'pending' } }, sort: '-id', depth: 1 }),
  'shipped or pending orders': find({ where: { status: { in: ['shipped', 'pending'] } }, sort: 'total' }),
  'orders of gold customers': find({ where: { 'customer.tier': { equals: 'gold' } }, sort: 'id' }),
  'notes with customers': find({ sort: 'id', depth: 1, select: { note: true, customer: true } }),
  customers: find({ collection: 'customers', sort: 'name' }),
  'number of shipped orders': count('orders', { status: { equals: 'shipped' } }),
  'number of orders': count('orders'),
  'number of gold customers': count('customers', { tier: { equals: 'gold' } }),
}

/** @returns {any} what the database says, or undefined when there is no such document */
export function answer(state, query) {
  const { type, collection, id, depth } = query
  if (type === 'findByID') {
    const document = state[collection].get(id)
    return document && populate(state, collection, document, depth)
  }
  const found = [...state[collection].values()].filter((document) => matches(state, document, query.where))
  if (type === 'count') return { totalDocs: found.length }
  found.sort((a, b) => compare(a, b, query.sort))
  return pageOf(found, query, (document) => select(populate(state, collection, document, depth), query.select))
}

function matches(state, document, where = {}) {
  return Object.entries(where).every(([path, condition]) => {
    const [member, below] = path.split('.')
    const value = below ? state.customers.get(document[member])?.[below] : document[member]
    return 'equals' in condition ? value === condition.equals : condition.in.includes(value)
  })
}

function compare(a, b, sort) {
  const descending = sort.startsWith('-')
  const member = sort.replace('-', '')
  const order = a[member] < b[member] ? -1 : Number(a[member] > b[member])
  // Payload's own order of equals, in a collection without timestamps.
  return order === 0 ? (a.id < b.id ? 1 : -1) : descending ? -order : order
}

function pageOf(found, { limit, page }, show) {
  const totalPages = Math.max(Math.ceil(found.length / limit), 1)
  return {
    docs: found.slice((page - 1) * limit, page * limit).map(show),
    hasNextPage: page < totalPages,
    hasPrevPage: page > 1,
    limit,
    nextPage: page < totalPages ? page + 1 : null,
    page,
    pagingCounter: (page - 1) * limit + 1,
    prevPage: page > 1 ? page - 1 : null,
    totalDocs: found.length,
    totalPages,
  }
}

function select(document, members) {
  if (!members) return document
  return Object.fromEntries(Object.entries(document).filter(([member]) => member === 'id' || members[member]))
}

/** At depth 1 a relation holds the document itself; one to a document that is gone stays an id. */
function populate(state, collection, document, depth) {
  if (collection !== 'orders' || depth === 0) return document
  return {
    ...document,
    customer: state.customers.get(document.customer) ?? document.customer,
    items: document.items.map((item) => ({ ...item, product: state.products.get(item.product) ?? item.product })),
  }
}
