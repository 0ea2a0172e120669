import Link from 'next/link'
import { notFound } from 'next/navigation'
import { saveNote } from '@/actions.js'
import { Note } from '@/components/note.jsx'
import { Page } from '@/components/page.jsx'
import { Saving } from '@/components/saving.jsx'
import { Status } from '@/components/status.jsx'
import { formatMoment, formatMoney } from '@/orders.js'
import { noteOf } from '@/queries.js'
import { pendingOrders, requireView } from '@/view.js'

export const metadata = { title: 'Order' }

export default async function OrderPage({ params }) {
  const view = await requireView()
  const { id } = await params
  if (!/^\d{1,15}$/.test(id)) notFound()
  const order = await view.findByID({ collection: 'orders', id: Number(id), depth: 1, disableErrors: true })
  if (!order) notFound()
  const { customer } = order
  return (
    <Page view={view} queries={[noteOf(order.id)]}>
      <article className="sheet order-page" data-order={order.id} data-status={order.status}>
        <div className="title">
          <h1>Order #{order.orderNumber}</h1>
          <Status status={order.status} />
          {pendingOrders(view).has(order.id) && <Saving />}
        </div>
        <p className="muted">
          Placed {formatMoment(order.createdAt)} · changed {formatMoment(order.updatedAt)}
        </p>
        <div className="two">
          <section>
            <h2>Items</h2>
            <Items items={order.items} total={order.total} />
          </section>
          <div>
            {typeof customer === 'object' && customer && (
              <section>
                <h2>Customer</h2>
                <address>
                  <strong>{customer.name}</strong>
                  <span>{customer.street}</span>
                  <span>{customer.city}</span>
                  <a href={`mailto:${customer.email}`}>{customer.email}</a>
                </address>
              </section>
            )}
            <section>
              <h2>Note</h2>
              <Note id={order.id} action={saveNote.bind(null, order.id)} />
            </section>
          </div>
        </div>
        <p>
          <Link href="/orders">All orders</Link>
        </p>
      </article>
    </Page>
  )
}

function Items({ items, total }) {
  return (
    <table className="items">
      <thead>
        <tr>
          <th>Product</th>
          <th className="number">Price</th>
          <th className="number">Qty</th>
          <th className="number">Sum</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id}>
            <td>{item.product}</td>
            <td className="number">{formatMoney(item.price)}</td>
            <td className="number">{item.quantity}</td>
            <td className="number">{formatMoney(item.price * item.quantity)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th colSpan={3}>Total</th>
          <td className="number">{formatMoney(total)}</td>
        </tr>
      </tfoot>
    </table>
  )
}
