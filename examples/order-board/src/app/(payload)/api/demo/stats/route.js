import config from '@payload-config'
import { getPayload } from 'payload'
import { cacheOf } from 'payload-optimistic-cache/payload'
import { faultsEnabled } from '@/faults.js'

export const dynamic = 'force-dynamic'

/** What the cache has counted. */
export async function GET() {
  if (!faultsEnabled) return Response.json({ error: 'The demo is turned off (ORDER_BOARD_FAULTS=0).' }, { status: 404 })
  return Response.json(cacheOf(await getPayload({ config })).stats())
}
