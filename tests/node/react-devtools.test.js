import assert from 'node:assert/strict'
import test from 'node:test'
import { act, createElement as h } from 'react'
import { show } from './support/dom.js'
import { OptimisticDevtoolsPanel } from '../../lib/react/devtools.js'
import { mutate, openBrowser, when } from './support/browser.js'

const itemsOf = (container, section) =>
  Array.from(container.querySelectorAll(`section:nth-of-type(${section}) > ol > li`), ({ textContent }) => textContent)

test('the panel shows what lies over which query, and what became of each mutation', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.findByID(7))
  await client.prefetchQuery(orders.findByID(8))
  const container = await show(t, client, h(OptimisticDevtoolsPanel))
  const [queries, timeline] = [() => itemsOf(container, 1), () => itemsOf(container, 2)]
  assert.deepEqual([queries(), timeline()], [[], []])
  server.holds = ({ method }) => method !== 'GET'
  const saved = []
  await act(async () => void saved.push(mutate(client, orders.update(), { id: 7, data: { note: 'x', total: 1 } })))
  await act(async () => void saved.push(mutate(client, orders.delete(), { id: 9 })))
  const hash = JSON.stringify(orders.findByID(7).queryKey)
  assert.equal(queries().length, 1)
  assert.ok(queries()[0].startsWith(hash))
  assert.match(queries()[0].slice(hash.length), /^\d\d:\d\d:\d\d\.\d{3} pending: update orders:7 \{ note, total \}$/)
  assert.match(timeline()[0], / pending: delete orders:9$/)
  assert.match(timeline()[1], / pending: update orders:7 \{ note, total \}$/)

  await act(async () => {
    ;(await server.held('PATCH')).release('rollback')
    await assert.rejects(saved[0])
    ;(await server.held('DELETE')).release()
    await saved[1]
    await when(client, () => client.isFetching() === 0)
  })
  assert.deepEqual(queries(), [])
  assert.match(timeline()[0], / committed: delete orders:9$/)
  assert.match(timeline()[1], / rolledBack: update orders:7 \{ note, total \}: the change was not saved/)
})

test('each list of the panel is named by its heading', async (t) => {
  const { client } = await openBrowser(t)
  const container = await show(t, client, h(OptimisticDevtoolsPanel))
  for (const section of container.querySelectorAll('section')) {
    const heading = document.getElementById(section.getAttribute('aria-labelledby'))
    assert.equal(heading.tagName, 'H2')
    assert.ok(section.contains(heading))
  }
})
