import { Board } from '@/components/board.jsx'
import { Page } from '@/components/page.jsx'
import { columns, customerNames } from '@/queries.js'
import { requireView } from '@/view.js'

export default async function BoardPage() {
  const view = await requireView()
  return (
    <Page view={view} queries={[...columns, customerNames]}>
      <Board mayDelete={view.user.role === 'admin'} />
    </Page>
  )
}
