import { Board } from '@/components/board.jsx'
import { Page } from '@/components/page.jsx'
import { boardOrders } from '@/queries.js'
import { requireView } from '@/view.js'

export default async function BoardPage() {
  const view = await requireView()
  return (
    <Page view={view} queries={[boardOrders]}>
      <Board />
    </Page>
  )
}
