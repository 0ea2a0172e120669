/** A DOM to render into, as StrictMode and concurrent rendering do. Import it before `react-dom/client` is. */
import { QueryClientProvider } from '@tanstack/react-query'
import { JSDOM } from 'jsdom'
import { act, createElement as h, StrictMode } from 'react'

export const { window } = new JSDOM('', { url: 'http://localhost/' })
for (const name of ['document', 'navigator', 'FormData', 'HTMLElement', 'Node']) globalThis[name] = window[name]
globalThis.window = window
globalThis.IS_REACT_ACT_ENVIRONMENT = true
const { createRoot, hydrateRoot } = await import('react-dom/client')

const within = (client, element) => h(StrictMode, null, h(QueryClientProvider, { client }, element))

/** Renders under StrictMode and a QueryClientProvider. Ends with the test. */
export async function show(t, client, element) {
  const container = document.createElement('div')
  document.body.append(container)
  const root = createRoot(container)
  t.after(() => act(async () => root.unmount()))
  const rerender = (element) => act(async () => root.render(within(client, element)))
  await rerender(element)
  return Object.assign(container, { rerender })
}

/** Hydrates HTML that was rendered elsewhere. Every mismatch fails the test. */
export async function hydrateHTML(t, html, client, element, options) {
  const container = document.createElement('div')
  container.innerHTML = html
  document.body.append(container)
  const complaints = []
  let root
  await act(async () => {
    const onRecoverableError = (error) => complaints.push(error)
    root = hydrateRoot(container, within(client, element), { ...options, onRecoverableError })
  })
  t.after(() => act(async () => root.unmount()))
  if (complaints.length > 0) throw complaints[0]
  return container
}

export { within }
