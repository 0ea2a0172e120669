// The change is in flight and the page is loaded again.
import assert from 'node:assert/strict'
import { scenario } from './support/scenario.js'
import { advance, sequence, shows, statusesIn } from './support/user.js'

const everywhere = (id, status) => ({ '/': status, '/orders': status, [`/orders/${id}`]: status })

scenario(
  'reload in mid-flight: the HTML as sent by the server already shows the new status, on all three pages',
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const ada = await as('ada')
    const page = await ada.open('/')
    await app.faults({ delayMs: 25_000 })
    const { token } = await advance(page, id)
    await ada.begun(token)
    assert.deepEqual(await ada.servedStatuses(id), everywhere(id, 'processing'))
    const response = await page.reload()
    assert.deepEqual(statusesIn(await response.text(), id), ['processing'])
    assert.equal((await ada.mutation(token)).state, 'pending', 'the pages were to be loaded in mid-flight')
    assert.equal(await app.storedStatus(id), 'pending')
    assert.equal((await ada.settled(token)).state, 'committed')
    await page.locator(`[data-order="${id}"]:not([data-pending])`).waitFor()
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
    assert.equal(await app.storedStatus(id), 'processing')
  },
)

scenario('reload in mid-flight, then the update fails: every page goes back by itself', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const [board, list, detail] = [await ada.open('/'), await ada.open('/orders'), await ada.open(`/orders/${id}`)]
  await app.faults({ delayMs: 25_000, fail: 'rollback' })
  const { token } = await advance(board, id)
  await ada.begun(token)
  await Promise.all([board.reload(), list.reload(), detail.reload()])
  assert.equal((await ada.mutation(token)).state, 'pending', 'the pages were to be loaded in mid-flight')
  assert.equal((await ada.settled(token)).state, 'rolledBack')
  for (const page of [board, list, detail]) await shows(page, id, 'pending')
  for (const page of [board, list, detail]) {
    assert.deepEqual(await sequence(page, id), ['pending', 'processing', 'pending'])
  }
  assert.equal(await app.storedStatus(id), 'pending')
})

scenario('reload while a second change of an order waits for the first: neither is lost', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const page = await ada.open('/')
  await app.faults({ delayMs: 25_000 })
  const { token } = await advance(page, id)
  await ada.begun(token)
  await page.locator(`[data-order="${id}"] [data-advance="shipped"]`).click()
  await shows(page, id, 'shipped')
  await page.reload()
  await ada.settled(token)
  await page.waitForFunction(() => !document.cookie.includes('payload-optimistic='))
  await shows(page, id, 'shipped')
  assert.equal(await app.storedStatus(id), 'shipped')
})
