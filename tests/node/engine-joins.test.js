/** Joins follow changes in flight: documents enter at their place, leave, move from one to another, and go back. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { mount, mutate, openBrowser, when } from './support/browser.js'
import { SHAPES } from './support/rest-server.js'

const LIMIT = 3
const JOINS = { orders: { collection: 'orders', on: 'customer', sort: '-total', limit: LIMIT } }
const holdsWrites = ({ method }) => method !== 'GET'
const idle = (client) => when(client, () => client.isFetching() === 0 && client.isMutating() === 0)

/** The customers with their dearest orders: Ada's, Grace's. */
async function openCustomers(t) {
  const browser = await openBrowser(t)
  const { client, customers, engine, server } = browser
  const customer = { relations: { 'orders.docs': 'orders' }, joins: JOINS }
  engine.shapes = { ...SHAPES, customers: customer }
  server.joins.customers = ({ id }, { orders }) => {
    const own = orders.filter((order) => order.customer === id).sort((one, other) => other.total - one.total)
    return { orders: { docs: own.slice(0, LIMIT), hasNextPage: own.length > LIMIT } }
  }
  const list = await mount(t, client, customers.find({ depth: 1 }), ({ docs }) => docs.map(totalsOf).join(' | '))
  const ada = await mount(t, client, customers.findByID(1, { depth: 1 }), totalsOf)
  server.holds = holdsWrites
  return { ...browser, list, ada }
}

const totalsOf = ({ orders: { docs, hasNextPage } }) =>
  [...docs.map(({ total }) => total), ...(hasNextPage ? ['more'] : [])].join(' ')

const CHANGES = [
  ['an order moves to another customer', 'update', { id: 7, data: { customer: 2 } }, '30 | 20 10', '30'],
  ['an order moves in the order of its customer’s', 'update', { id: 7, data: { total: 40 } }, '40 30 | 20', '40 30'],
  ['a new order is at its place', 'create', { data: { total: 15, customer: 1 } }, '30 15 10 | 20', '30 15 10'],
  ['a deleted order is gone', 'delete', { id: 9 }, '10 | 20', '10'],
]
const METHODS = { update: 'PATCH', create: 'POST', delete: 'DELETE' }

for (const [what, how, variables, list, ada] of CHANGES) {
  for (const end of [undefined, 'rollback']) {
    test(`${what} at once, and ${end ? 'is taken back when refused' : 'stays so when saved'}`, async (t) => {
      const page = await openCustomers(t)
      const changed = mutate(page.client, page.orders[how](), variables)
      assert.deepEqual([page.list.value(), page.ada.value()], [list, ada])
      ;(await page.server.held(METHODS[how], 'orders')).release(end)
      await (end ? assert.rejects(changed) : changed)
      await idle(page.client)
      assert.deepEqual(page.list.values, ['30 10 | 20', list, ...(end ? ['30 10 | 20'] : [])])
      assert.deepEqual(page.ada.values, ['30 10', ada, ...(end ? ['30 10'] : [])])
    })
  }
}
