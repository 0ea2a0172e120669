import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { createElement as h } from 'react'
import { renderToString } from 'react-dom/server'
import { collection } from '../../lib/query/index.js'
import { OptimisticBoundary, useIsOptimistic } from '../../lib/react/index.js'

/** A page that the server rendered with a change in flight. */
const orders = collection('orders')
const order = { id: 7, status: 'pending' }
export const state = {
  generation: 'g1',
  version: 4,
  shapes: { orders: {} },
  pending: [
    {
      token: '01900000-0000-7000-8000-000000000000',
      operations: [{ type: 'update', collection: 'orders', id: 7, data: { status: 'shipped' } }],
    },
  ],
  queries: [{ queryKey: orders.findByID(7).queryKey, data: order, version: 4 }],
}

function Order() {
  const { data } = useQuery(orders.findByID(7))
  return h('p', null, `${data.status} ${useIsOptimistic('orders', 7)}`)
}

/** @param {QueryClient} client */
export const page = (client) =>
  h(QueryClientProvider, { client }, h(OptimisticBoundary, { state: structuredClone(state) }, h(Order)))

const queries = { staleTime: Infinity, gcTime: Infinity }
export const newClient = () => new QueryClient({ defaultOptions: { queries } })

export const rendered = () => renderToString(page(newClient()))
