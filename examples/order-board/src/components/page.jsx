import { faults, faultsEnabled } from '@/faults.js'
import { DemoPanel } from './demo-panel.jsx'
import { PageBoundary } from './providers.jsx'

/**
 * What every page stands in: the state that the browser goes on with, and the demo's panel.
 * @param {object} props
 * @param {Awaited<ReturnType<import('payload-optimistic-cache/next').openView>>} props.view
 * @param {import('@tanstack/react-query').QueryOptions[]} [props.queries] that the page's client components use
 * @param {import('react').ReactNode} props.children
 */
export async function Page({ view, queries = [], children }) {
  return (
    <PageBoundary state={await view.dehydrate(queries)}>
      {children}
      {faultsEnabled && <DemoPanel version={view.version} faults={{ ...faults }} />}
    </PageBoundary>
  )
}
