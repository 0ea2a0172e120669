// The panel of what lies over which query, on the board.
import assert from 'node:assert/strict'
import { scenario } from './support/scenario.js'
import { advance } from './support/user.js'

/** @param {import('./support/user.js').RecordedPage} page @param {1 | 2} section */
const itemsOf = (page, section) => page.locator(`[data-devtools] section:nth-of-type(${section}) > ol > li`)

scenario('the panel shows which changes lie over which column, and what became of each', async ({ app, as }) => {
  const [moved, refused] = [await app.order('pending'), await app.order('pending')]
  const ada = await as('ada')
  const page = await ada.open('/')
  await page.locator('[data-demo] summary').click()
  await page.locator('[data-demo] [name=devtools]').check()
  const [queries, timeline] = [itemsOf(page, 1), itemsOf(page, 2)]
  await page.getByText('Queries with changes over them: 0').waitFor()
  await page.waitForLoadState('networkidle')

  await app.faults({ delayMs: 10_000 })
  const { token } = await advance(page, moved.id)
  const change = `update orders:${moved.id} { status }`
  await timeline.filter({ hasText: `pending: ${change}` }).waitFor()
  for (const status of ['pending', 'processing']) {
    const column = queries.filter({ hasText: `{"status":{"equals":"${status}"}}` })
    assert.match(await column.innerText(), new RegExp(`pending: update orders:${moved.id} `))
  }
  await ada.begun(token)
  await page.reload()
  await timeline.filter({ hasText: `pending: ${change}` }).waitFor()
  assert.equal((await ada.settled(token)).state, 'committed')
  await timeline.filter({ hasText: `committed (adopted): ${change}` }).waitFor()
  await page.getByText('Queries with changes over them: 0').waitFor()

  await app.faults({ delayMs: 0, fail: 'rollback' })
  await advance(page, refused.id)
  const refusal = `rolledBack: update orders:${refused.id} { status }: the change was not saved`
  await timeline.filter({ hasText: refusal }).waitFor()
  assert.deepEqual([await queries.count(), await timeline.count()], [0, 2])
})
