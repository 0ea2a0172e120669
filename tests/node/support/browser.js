import { MutationObserver, QueryClient, QueryObserver } from '@tanstack/react-query'
import { collection } from '../../../lib/query/index.js'
import { engineOf } from '../../../lib/query/engine.js'
import { SHAPES, startRestServer } from './rest-server.js'

export const ORDERS = [
  { id: 7, status: 'pending', note: null, total: 10, customer: 1, address: { city: 'Ghent', street: 'Main 1' } },
  { id: 8, status: 'pending', note: 'gift', total: 20, customer: 2, address: { city: 'Bruges', street: 'Quay 2' } },
  { id: 9, status: 'shipped', note: null, total: 30, customer: 1, address: { city: 'Ghent', street: 'Mill 3' } },
]

export const CUSTOMERS = [
  { id: 1, name: 'Ada' },
  { id: 2, name: 'Grace' },
]

/** One browser with a QueryClient, against a server of its own. Ends with the test. */
export async function openBrowser(t, { orders = ORDERS, customers = CUSTOMERS, ...config } = {}) {
  const server = await startRestServer({ orders, customers })
  t.after(() => server.stop())
  return { server, ...openTab(t, server, config) }
}

/** Another QueryClient on the same server. */
export function openTab(t, server, config = {}) {
  const client = new QueryClient({
    ...config,
    defaultOptions: { queries: { retry: false, gcTime: Infinity, staleTime: Infinity }, ...config.defaultOptions },
  })
  client.mount()
  const engine = engineOf(client)
  engine.shapes = SHAPES
  t.after(() => {
    engine.stop()
    client.clear()
    client.unmount()
  })
  const { api } = server
  return { client, engine, orders: collection('orders', { api }), customers: collection('customers', { api }) }
}

/** Mounts a query the way a component does, and records every value that a raw listener gets to see. */
export async function mount(t, client, options, pick = (data) => data) {
  const observer = new QueryObserver(client, options)
  const values = []
  const record = ({ data }) => {
    const value = data && pick(data)
    if (value !== values.at(-1)) values.push(value)
  }
  t.after(observer.subscribe(record))
  await settledQuery(client, options)
  const data = () => observer.getCurrentResult().data
  return { observer, values, data, value: () => pick(data()) }
}

/** Waits until the query's fetch, if one is under way, has ended. */
export async function settledQuery(client, { queryKey }) {
  await client.getQueryCache().find({ queryKey })?.promise?.catch(() => {})
  await new Promise((done) => setImmediate(done))
}

/** Waits for a condition on the client's caches, which tell of each change. */
export function when(client, condition) {
  return new Promise((resolve) => {
    const check = () => {
      if (!condition()) return
      ends.forEach((end) => end())
      resolve()
    }
    const ends = [client.getQueryCache().subscribe(check), client.getMutationCache().subscribe(check)]
    check()
  })
}

/** `mutate` as `useMutation` does it. The promise is never unhandled. */
export function mutate(client, options, variables, callbacks) {
  const observer = new MutationObserver(client, options)
  const end = observer.subscribe(() => {})
  const promise = observer.mutate(variables, callbacks).finally(end)
  promise.catch(() => {})
  return Object.assign(promise, { observer })
}

export const statusOf = (id) => (data) => (data.docs ? data.docs.find((order) => order.id === id) : data).status
