/**
 * Nothing of this runs: that it compiles is the test, and that the lines below each `@ts-expect-error` do not.
 */
import { useMutation, useQuery } from '@tanstack/react-query'
import type { Payload, PayloadRequest } from 'payload'
import { openView } from 'payload-optimistic-cache/next'
import { cacheOf, optimisticCache } from 'payload-optimistic-cache/payload'
import { collection, global } from 'payload-optimistic-cache/query'
import type { Customer, Order, Settings } from './payload-types.ts'

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const same = <One, Other>(_: Same<One, Other>) => {}

export async function views(config: any) {
  const view = await openView(config)

  const list = await view.find({ collection: 'orders', where: { status: { equals: 'pending' } }, sort: '-createdAt' })
  same<(typeof list.docs)[number], Order>(true)
  const number: number = list.docs[0].orderNumber
  // @ts-expect-error no such collection
  await view.find({ collection: 'order' })
  // @ts-expect-error no such argument
  await view.find({ collection: 'orders', wher: {} })
  // @ts-expect-error no such field
  list.docs[0].orderNo
  // @ts-expect-error of another type
  const text: string = list.docs[0].orderNumber

  const selected = await view.find({ collection: 'orders', select: { status: true } })
  selected.docs[0].status satisfies Order['status']
  // @ts-expect-error not selected
  selected.docs[0].orderNumber
  // @ts-expect-error no such field to select
  await view.find({ collection: 'orders', select: { stat: true } })

  const one = await view.findByID({ collection: 'customers', id: 7 })
  same<typeof one, Customer>(true)
  // @ts-expect-error without an id
  await view.findByID({ collection: 'customers' })

  const { totalDocs } = await view.count({ collection: 'orders' })
  same<typeof totalDocs, number>(true)
  // @ts-expect-error no such collection
  await view.count({ collection: 'settings' })

  const settings = await view.findGlobal({ slug: 'settings' })
  same<typeof settings, Settings>(true)
  // @ts-expect-error no such global
  await view.findGlobal({ slug: 'orders' })

  const orders = collection('orders')
  await view.dehydrate([orders.find({ limit: 5 }), orders.count(), global('settings').findGlobal()])
  return { number, text }
}

export function Component() {
  const orders = collection('orders')
  // @ts-expect-error no such collection
  collection('order')
  // @ts-expect-error no such global
  global('orders')

  const { data } = useQuery(orders.find({ limit: 5 }))
  const shown: Order | undefined = data?.docs[0]
  // @ts-expect-error no such field
  data?.docs[0].orderNo
  const { data: one } = useQuery(orders.findByID(7))
  one?.address?.city satisfies string | null | undefined
  const { data: settings } = useQuery(global('settings').findGlobal())
  settings?.title satisfies string | undefined

  const { mutate: update } = useMutation(orders.update({ coalesce: true }))
  update({ id: 7, data: { status: 'shipped', address: { city: 'Aarhus' } } })
  update({ ids: [7, 8], data: { status: null } })
  // @ts-expect-error no such field
  update({ id: 7, data: { state: 'shipped' } })
  // @ts-expect-error no such option of the field
  update({ id: 7, data: { status: 'lost' } })
  // @ts-expect-error of which document
  update({ data: { status: 'shipped' } })

  const { mutate: create } = useMutation(orders.create())
  create({ data: { orderNumber: 8, items: [{ product: 'tea', quantity: 1 }] } })
  // @ts-expect-error no such field
  create({ data: { number: 8 } })
  const { mutate: remove } = useMutation(orders.delete())
  remove({ id: 7 })
  const { mutate: rename } = useMutation(global('settings').update())
  rename({ data: { title: 'Shop' } })
  // @ts-expect-error no such field
  rename({ data: { name: 'Shop' } })
  return shown
}

export function plugin(payload: Payload) {
  cacheOf(payload).version satisfies number
  // @ts-expect-error not true
  optimisticCache({ collections: { orders: false } })
  // @ts-expect-error no such collection
  optimisticCache({ collections: { order: true } })
  // @ts-expect-error no such global
  optimisticCache({ collections: { orders: true }, globals: { orders: true } })
  const access = { stats: () => true, entries: () => true, invalidate: ({ req }: { req: PayloadRequest }) => !!req.user }
  optimisticCache({ collections: { orders: true }, access, inspector: false })
  // @ts-expect-error not a boolean
  optimisticCache({ collections: { orders: true }, inspector: 'no' })
  // @ts-expect-error no such endpoint
  optimisticCache({ collections: { orders: true }, access: { drop: () => true } })
  const { entries, cursor } = cacheOf(payload).entriesPage({ prefix: 'orders', limit: 10 })
  same<typeof cursor, string | undefined>(true)
  // @ts-expect-error no such order
  cacheOf(payload).topEntries({ order: 'smallest' })
  entries[0].setAt satisfies number
  cacheOf(payload).mutations()[0].documents[0].tag satisfies string
  return optimisticCache({ collections: { orders: true }, globals: { settings: true }, scope: () => 'all' })
}
