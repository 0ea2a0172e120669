import config from '@payload-config'
import { redirect } from 'next/navigation'
import { openView } from 'payload-optimistic-cache/next'

/** The view of the one who is logged in; everybody else goes to /login. */
export async function requireView() {
  const view = await openView(config)
  if (!view.user) redirect('/login')
  return view
}

/**
 * @param {Awaited<ReturnType<typeof openView>>} view
 * @returns {Set<string | number>} the orders that a change in flight is about
 */
export function pendingOrders(view) {
  const operations = view.pending.flatMap((mutation) => mutation.operations)
  return new Set(operations.filter(({ collection }) => collection === 'orders').map(({ id }) => id))
}
