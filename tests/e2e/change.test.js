// One user, one page: a change is seen at once, and what becomes of it.
import assert from 'node:assert/strict'
import { but, SLOW } from './support/conditions.js'
import { scenario } from './support/scenario.js'
import { advance, sequence, shows, toast, unmarked } from './support/user.js'

scenario(
  "the card shows the new status in the same frame's reach as the click, while the server takes its time",
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const ada = await as('ada')
    const page = await ada.open('/')
    await app.faults({ delayMs: 25_000 })
    let answered = false
    const { request, token } = await advance(page, id)
    request.response().then(() => (answered = true), () => {})
    await shows(page, id, 'processing')
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
    assert.equal(answered, false, 'the server had answered already')
    const { frames } = page.shown.get(id).at(-1)
    assert.ok(frames <= 2, `the new status came ${frames} frames after the click`)
    await ada.begun(token)
    assert.equal((await ada.settled(token)).state, 'committed')
    await unmarked(page, id)
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
  },
)

scenario(
  'a failing update (before, rollback, after answers each in turn) ends in what the database says, with a toast',
  async ({ app, as, remembers }) => {
    const ada = await as('ada')
    const shown = { before: ['pending', 'processing', 'pending'], after: ['pending', 'processing'] }
    for (const fail of /** @type {const} */ (['before', 'rollback', 'after'])) {
      await app.faults({ fail: 'none', delayMs: 0 })
      const { id, orderNumber } = await app.order('pending')
      const page = await ada.open('/')
      await app.faults({ fail, delayMs: 25_000 })
      const { token } = await advance(page, id)
      await ada.begun(token)
      await ada.settled(token)
      // Another page hears only of what is taken back, and not which order the user meant.
      if (remembers) assert.match(await toast(page), new RegExp(`#${orderNumber}\\b`), fail)
      else if (fail !== 'after') await toast(page)
      await unmarked(page, id)
      const stored = await app.storedStatus(id)
      assert.equal(stored, fail === 'after' ? 'processing' : 'pending', fail)
      await shows(page, id, stored)
      assert.deepEqual(await sequence(page, id), fail === 'after' ? shown.after : shown.before, fail)
    }
  },
)

scenario('with the network cut, the card goes back and says so', async ({ app, as }) => {
  const { id, orderNumber } = await app.order('pending')
  const ada = await as('ada')
  const page = await ada.open('/')
  // What changes need is loaded after the page: without it nothing would show.
  await page.waitForLoadState('networkidle')
  await ada.context.setOffline(true)
  await page.locator(`[data-order="${id}"] [data-advance]`).click()
  assert.match(await toast(page), new RegExp(`#${orderNumber}\\b`))
  await shows(page, id, 'pending')
  await unmarked(page, id)
  assert.deepEqual(await sequence(page, id), ['pending', 'processing', 'pending'])
  await ada.context.setOffline(false)
  assert.equal(await app.storedStatus(id), 'pending')
}, { 'its change does not reach the server, so that none is ever under way': but(SLOW) })

scenario(
  'after success board, list and detail show the new status, without an intermediate old value',
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const ada = await as('ada')
    const page = await ada.open('/')
    await app.faults({ delayMs: 25_000 })
    const { token } = await advance(page, id)
    await ada.begun(token)
    assert.equal((await ada.settled(token)).state, 'committed')
    await unmarked(page, id)
    await page.getByRole('link', { name: 'Orders', exact: true }).click()
    await page.locator(`tr[data-order="${id}"][data-status="processing"]`).waitFor()
    await page.locator(`tr[data-order="${id}"] a`).click()
    await page.locator(`article[data-order="${id}"][data-status="processing"]`).waitFor()
    await page.getByRole('link', { name: 'Board', exact: true }).click()
    await page.locator(`li[data-order="${id}"][data-status="processing"]`).waitFor()
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
    for (const path of ['/', '/orders', `/orders/${id}`]) {
      const fresh = await ada.open(path)
      await shows(fresh, id, 'processing')
      assert.deepEqual(await sequence(fresh, id), ['processing'], path)
    }
  },
)

scenario(
  'two changes to one order in flight, the first fails: the second stays; both fail: the original is back',
  async ({ app, as }) => {
    const ada = await as('ada')
    const outcomes = /** @type {const} */ ([
      { second: 'none', stored: 'shipped', shown: ['pending', 'processing', 'shipped'] },
      { second: 'rollback', stored: 'pending', shown: ['pending', 'processing', 'shipped', 'pending'] },
    ])
    for (const { second, stored, shown } of outcomes) {
      await app.faults({ fail: 'none', delayMs: 0 })
      const { id } = await app.order('pending')
      const page = await ada.open('/')
      await app.faults({ delayMs: 25_000, fail: 'rollback' })
      const first = await advance(page, id)
      await ada.begun(first.token)
      await app.faults({ delayMs: 25_000, fail: second })
      const button = page.locator(`[data-order="${id}"] [data-advance="shipped"]`)
      // A mutation of one document may wait in the browser for the one before it: its request is not waited for.
      await button.click()
      await shows(page, id, 'shipped')
      assert.equal((await ada.mutation(first.token)).state, 'pending', 'both changes were to be in flight')
      assert.equal((await ada.settled(first.token)).state, 'rolledBack')
      await toast(page)
      await unmarked(page, id)
      assert.equal(await app.storedStatus(id), stored)
      await shows(page, id, stored)
      assert.deepEqual(await sequence(page, id), shown)
    }
  },
)
