import { faults, faultsEnabled, setFaults } from '@/faults.js'

export const dynamic = 'force-dynamic'

const turnedOff = () => Response.json({ error: 'The demo’s faults are turned off (ORDER_BOARD_FAULTS=0).' }, { status: 404 })

export function GET() {
  return faultsEnabled ? Response.json(faults) : turnedOff()
}

export async function POST(request) {
  if (!faultsEnabled) return turnedOff()
  let wanted
  try {
    wanted = await request.json()
  } catch {
    return Response.json({ error: 'The body must be JSON.' }, { status: 400 })
  }
  const problem = setFaults(wanted)
  return problem ? Response.json({ error: problem }, { status: 400 }) : Response.json(faults)
}
