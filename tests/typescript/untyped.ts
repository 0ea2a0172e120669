/**
 * Without generated types any slug goes, and any field.
 */
import { openView } from 'payload-optimistic-cache/next'
import { collection } from 'payload-optimistic-cache/query'

export async function views(config: any) {
  const view = await openView(config)
  const { docs } = await view.find({ collection: 'whatever', select: { it: true } })
  const { find, update } = collection('whatever')
  await view.dehydrate([find()])
  return [docs[0].it, update().mutationFn({ id: 7, data: { anything: 1 } }, undefined)]
}
