import Link from 'next/link'
import { Page } from '@/components/page.jsx'
import { Saving } from '@/components/saving.jsx'
import { Status } from '@/components/status.jsx'
import { formatDay, formatMoney, isSaved, labels, statuses } from '@/orders.js'
import { pendingOrders, requireView } from '@/view.js'

export const metadata = { title: 'Orders' }

export default async function OrdersPage({ searchParams }) {
  const view = await requireView()
  const { status } = await searchParams
  const wanted = statuses.includes(status) ? status : undefined
  const { docs, totalDocs } = await view.find({
    collection: 'orders',
    where: wanted ? { status: { equals: wanted } } : {},
    limit: 300,
    sort: '-orderNumber',
    depth: 1,
    select: { orderNumber: true, status: true, customer: true, total: true, createdAt: true },
    populate: { customers: { name: true } },
  })
  const pending = pendingOrders(view)
  return (
    <Page view={view}>
      <div className="sheet">
        <div className="title">
          <h1>Orders</h1>
          <p className="muted">{totalDocs === docs.length ? totalDocs : `${docs.length} of ${totalDocs}`} orders</p>
        </div>
        <Filter wanted={wanted} />
        <table className="orders">
          <thead>
            <tr>
              <th>Order</th>
              <th>Customer</th>
              <th>Placed</th>
              <th className="number">Total</th>
              <th>Status</th>
            </tr>
          </thead>
          <tbody>
            {docs.map((order) => (
              <tr key={order.id} data-order={order.id} data-status={order.status}>
                <td className="order">
                  {isSaved(order) ? (
                    <Link href={`/orders/${order.id}`} prefetch={false}>
                      #{order.orderNumber}
                    </Link>
                  ) : (
                    <strong>#{order.orderNumber}</strong>
                  )}
                </td>
                <td className="customer">{order.customer?.name}</td>
                <td className="placed muted">{formatDay(order.createdAt)}</td>
                <td className="number">{formatMoney(order.total)}</td>
                <td className="state">
                  <Status status={order.status} />
                  {pending.has(order.id) && <Saving />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {docs.length === 0 && <p className="empty">No orders here.</p>}
      </div>
    </Page>
  )
}

function Filter({ wanted }) {
  return (
    <nav className="filter" aria-label="Filter by status">
      {[undefined, ...statuses].map((status) => (
        <Link
          key={status ?? 'all'}
          href={status ? `/orders?status=${status}` : '/orders'}
          prefetch={false}
          aria-current={status === wanted ? 'page' : undefined}
        >
          {status ? labels[status] : 'All'}
        </Link>
      ))}
    </nav>
  )
}
