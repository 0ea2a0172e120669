'use client'

import { lazy, Suspense } from 'react'
import { useSetting } from './settings.js'

const Panel = lazy(async () => {
  const { OptimisticDevtoolsPanel } = await import('payload-optimistic-cache/react/devtools')
  return { default: OptimisticDevtoolsPanel }
})

/** What lies over which query, below the page; switched on in the demo's panel, and loaded then. */
export function Devtools() {
  const [isOn] = useSetting('devtools')
  return (
    isOn && (
      <aside className="devtools" aria-label="Devtools" data-devtools>
        <Suspense>
          <Panel />
        </Suspense>
      </aside>
    )
  )
}
