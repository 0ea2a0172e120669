// The shop that the seed makes: the same one every time, whatever the day, so that tests and people can rely on it.
import { products } from './products.js'

const FIRST_ORDER_NUMBER = 1001
const ORDER_COUNT = 300
const NEWEST_ORDER_AT = Date.parse('2026-11-20T16:40:00Z')

export const password = 'order-board'

export const users = [
  { name: 'Ada', email: 'ada@example.com', role: 'staff' },
  { name: 'Grace', email: 'grace@example.com', role: 'staff' },
  { name: 'Admin', email: 'admin@example.com', role: 'admin' },
]

const firstNames = [
  'Amara', 'Bjorn', 'Carmen', 'Dmitri', 'Elif', 'Farid', 'Greta', 'Hiro', 'Ingrid', 'Joao',
  'Kavya', 'Liam', 'Mei', 'Nadia', 'Oskar', 'Priya', 'Quentin', 'Rosa', 'Samir', 'Tove',
]
const lastNames = ['Almeida', 'Bauer', 'Castillo', 'Dahl', 'Eriksen', 'Fontaine', 'Grant', 'Hassan', 'Ito', 'Jansen']
const streets = ['Mill Lane', 'Harbour Street', 'Station Road', 'Chapel Hill', 'Orchard Way', 'Market Square']
const cities = ['Lisbon', 'Bergen', 'Leeds', 'Utrecht', 'Lyon', 'Graz', 'Turku', 'Porto']

const notes = [
  'Leave with the neighbour at number 12.',
  'Gift: please leave the invoice out.',
  'Ring twice, the first bell is broken.',
  'Customer asked for delivery after 17:00.',
  'Second attempt: nobody was at home.',
]

/**
 * A small deterministic generator (mulberry32).
 * @param {number} seed
 * @returns {(below: number) => number} a whole number from 0
 */
function generator(seed) {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}

const random = generator(2026)
const oneOf = (list) => list[random(list.length)]

export const customers = firstNames.flatMap((first, row) =>
  [0, 1, 2].map((turn) => {
    const last = lastNames[(row + 3 * turn) % lastNames.length]
    return {
      name: `${first} ${last}`,
      email: `${first}.${last}@example.com`.toLowerCase(),
      street: `${oneOf(streets)} ${1 + random(90)}`,
      city: oneOf(cities),
    }
  }),
)

/** The newer an order, the less far it has come. @param {number} age 0 for the newest */
function statusAt(age) {
  if (random(20) === 0) return 'cancelled'
  if (age < 22) return 'pending'
  if (age < 40) return oneOf(['pending', 'processing', 'processing'])
  if (age < 75) return oneOf(['processing', 'shipped', 'shipped'])
  return 'delivered'
}

/** @param {number} index 0 for the oldest */
function order(index) {
  const age = ORDER_COUNT - 1 - index
  const lines = new Set(Array.from({ length: 1 + random(4) }, () => oneOf(products)))
  const orderNumber = FIRST_ORDER_NUMBER + index
  const items = [...lines].map((line, row) => ({
    // Shaped like the ids that Payload gives to rows.
    id: `${orderNumber}${row}`.padStart(24, '0'),
    ...line,
    quantity: 1 + random(3),
  }))
  const createdAt = new Date(NEWEST_ORDER_AT - age * 47 * 60_000 - random(40) * 60_000).toISOString()
  return {
    orderNumber,
    status: statusAt(age),
    /** Its place in `customers`. */
    customer: random(customers.length),
    items,
    total: items.reduce((sum, { quantity, price }) => sum + quantity * price, 0),
    note: random(6) === 0 ? oneOf(notes) : null,
    createdAt,
    updatedAt: createdAt,
  }
}

export const orders = Array.from({ length: ORDER_COUNT }, (_, index) => order(index))
