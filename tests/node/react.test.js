import assert from 'node:assert/strict'
import test from 'node:test'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { createElement as h } from 'react'
import { renderToString } from 'react-dom/server'
import { v7 as createToken } from 'uuid'
import { collection } from '../../lib/query/index.js'
import { OptimisticBoundary, useIsOptimistic, usePendingMutations } from '../../lib/react/index.js'
import { CUSTOMERS, ORDERS } from './support/browser.js'
import { SHAPES } from './support/rest-server.js'

const orders = collection('orders')
const docs = ORDERS.map((order) => ({ ...order, customer: CUSTOMERS.find(({ id }) => id === order.customer) }))
const update = (id, data) => ({ token: createToken(), operations: [{ type: 'update', collection: 'orders', id, data }] })

/** As it comes to the browser: through JSON. */
const stateOf = (pending, queries = [{ queryKey: orders.find().queryKey, data: { docs, totalDocs: 3 }, version: 4 }]) =>
  JSON.parse(JSON.stringify({ generation: 'g1', version: 4, shapes: SHAPES, unknown: [], pending, queries }))

function Orders() {
  const { data, isPending } = useQuery(orders.find())
  if (isPending) return h('p', null, 'loading')
  return data.docs.map((order) => h(Order, { key: order.id, ...order }))
}

const Order = ({ id, status, customer, address }) =>
  h('p', null, [id, status, customer.name, address.city, useIsOptimistic('orders', id) || 'settled'].join(' '))

const Pending = () => h('b', null, usePendingMutations().map(({ token, state }) => `${state} ${token}`).join())

/** @returns {string[]} the text of each element */
function render(t, state, children = [h(Orders, { key: 1 }), h(Pending, { key: 2 })]) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  t.after(() => client.clear())
  const html = renderToString(h(QueryClientProvider, { client }, h(OptimisticBoundary, { state }, children)))
  return { html, client, lines: Array.from(html.matchAll(/<[pb]>(.*?)<\/[pb]>/g), ([, text]) => text) }
}

test('the HTML shows base and overlay, and what is pending', (t) => {
  const pending = [update(7, { status: 'shipped', address: { city: 'Antwerp' } }), update(7, { note: 'x' })]
  assert.deepEqual(render(t, stateOf(pending)).lines, [
    '7 shipped Ada Antwerp pending',
    '8 pending Grace Bruges settled',
    '9 shipped Ada Ghent settled',
    pending.map(({ token }) => `pending ${token}`).join(),
  ])
})

test('a mutation of a nested document shows in the HTML of those that hold it', (t) => {
  const operations = [{ type: 'update', collection: 'customers', id: 1, data: { name: 'Lovelace' } }]
  const { lines } = render(t, stateOf([{ token: createToken(), operations }]))
  assert.equal(lines[0], '7 pending Lovelace Ghent settled')
  assert.equal(lines[2], '9 shipped Lovelace Ghent settled')
})

test('the first render of another client from the same state is the same HTML', (t) => {
  const state = stateOf([update(7, { status: 'shipped' }), update(8, { customer: 1 })])
  assert.equal(render(t, state).html, render(t, state).html)
  assert.equal(render(t, structuredClone(state)).html, render(t, state).html)
})

test('without anything pending the HTML is the base', (t) => {
  const { lines } = render(t, stateOf([]))
  assert.deepEqual(lines, ['7 pending Ada Ghent settled', '8 pending Grace Bruges settled', '9 shipped Ada Ghent settled', ''])
})

test('a boundary without state, and a query that the state does not have, render', (t) => {
  assert.deepEqual(render(t, undefined).lines, ['loading', ''])
  assert.deepEqual(render(t, stateOf([update(7, {})], [])).lines[0], 'loading')
})

test('rendering asks no server and leaves the state as it came', (t) => {
  const { fetch } = globalThis
  t.after(() => (globalThis.fetch = fetch))
  globalThis.fetch = () => assert.fail('nothing is to be fetched')
  const state = stateOf([update(7, { status: 'shipped' })])
  const before = structuredClone(state)
  render(t, state)
  assert.deepEqual(state, before)
})

test('without a QueryClientProvider the hooks tell of what the page was rendered with', () => {
  const mutation = update(7, { status: 'shipped' })
  const [order] = docs
  const tree = h(OptimisticBoundary, { state: stateOf([mutation], []) }, h(Order, order), h(Pending))
  assert.equal(
    renderToString(tree),
    `<p>7 pending Ada Ghent pending</p><b>pending ${mutation.token}</b>`
  )
})

test('outside of any boundary and client nothing is pending', () => {
  assert.equal(renderToString(h(Pending)), '<b></b>')
})

test('the data of two requests never mix', (t) => {
  const shown = (status) => render(t, stateOf([update(7, { status })])).lines[0]
  assert.deepEqual([shown('shipped'), shown('processing')], ['7 shipped Ada Ghent pending', '7 processing Ada Ghent pending'])
})
