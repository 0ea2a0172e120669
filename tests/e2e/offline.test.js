// Changes made without a network, where the board keeps them.
import assert from 'node:assert/strict'
import { scenario } from './support/scenario.js'
import { sequence, shows, unmarked } from './support/user.js'

/** @typedef {import('./support/user.js').RecordedPage} RecordedPage */

/** Opens the board and has it keep what is changed offline. @param {import('./support/user.js').User} user */
async function openKeeping(user) {
  const page = await user.open('/')
  await page.locator('[data-demo] summary').click()
  await page.locator('[data-demo] [name=offline]').check()
  await page.waitForLoadState('networkidle')
  return page
}

/** Pages and what they are made of come without a network too, as from a service worker. @param {RecordedPage} page */
const keepPages = (page) =>
  page.route(/./, async (route) => {
    const request = route.request()
    const isKept = request.resourceType() === 'document' || request.url().includes('/_next/static/')
    if (isKept) await route.fulfill({ response: await route.fetch() })
    else await route.continue()
  })

/** @param {RecordedPage} page @returns {Promise<string[]>} the tokens of what is kept, in order */
const kept = (page) =>
  page.evaluate(() => {
    const stored = JSON.parse(localStorage.getItem('order-board queue') ?? '{"clientState":{"mutations":[]}}')
    return stored.clientState.mutations.map(({ state }) => state.variables.token)
  })

/** Resolves when that many changes are kept. @param {RecordedPage} page @param {number} count */
const keeps = (page, count) =>
  page.waitForFunction((count) => {
    const stored = JSON.parse(localStorage.getItem('order-board queue') ?? '{"clientState":{"mutations":[]}}')
    return stored.clientState.mutations.length === count
  }, count)

/** @param {RecordedPage} page @returns {string[]} what it sends and asks from here on, in words */
function conversation(page) {
  /** @type {string[]} */
  const said = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    const token = request.headers()['idempotency-key']?.replaceAll('"', '')
    if (token) said.push(`${request.method()} ${pathname} ${token}`)
    if (pathname === '/api/optimistic/mutations') said.push('ask')
  })
  return said
}

/** @param {RecordedPage} page @param {number} id */
const press = (page, id) => page.locator(`[data-order="${id}"] [data-advance]`).click()

scenario(
  'what is changed without a network shows after a reload, and is sent in order with the same tokens',
  async ({ app, as }) => {
    const [one, other] = [await app.order('pending'), await app.order('pending')]
    const ada = await as('ada')
    const page = await openKeeping(ada)
    await keepPages(page)
    await ada.context.setOffline(true)
    const said = conversation(page)
    await press(page, one.id)
    await shows(page, one.id, 'processing')
    await press(page, other.id)
    await shows(page, other.id, 'processing')
    await press(page, one.id)
    await shows(page, one.id, 'shipped')
    await keeps(page, 3)
    const tokens = await kept(page)
    await page.reload()
    await shows(page, one.id, 'shipped')
    await shows(page, other.id, 'processing')
    assert.deepEqual(await kept(page), tokens)
    assert.equal(await app.storedStatus(one.id), 'pending')
    assert.deepEqual(said.filter((one) => one !== 'ask'), [])
    await page.unrouteAll({ behavior: 'wait' })
    await ada.context.setOffline(false)
    await Promise.all([one.id, other.id].map((id) => unmarked(page, id)))
    await keeps(page, 0)
    assert.deepEqual(
      said.filter((one) => one !== 'ask'),
      [one, other, one].map(({ id }, index) => `PATCH /api/orders/${id} ${tokens[index]}`),
    )
    assert.deepEqual([await app.storedStatus(one.id), await app.storedStatus(other.id)], ['shipped', 'processing'])
    // The server had not heard of it when it rendered the page.
    assert.deepEqual(await sequence(page, one.id), ['pending', 'processing', 'shipped', 'pending', 'shipped'])
    assert.deepEqual(await sequence(page, other.id), ['pending', 'processing', 'pending', 'processing'])
    page.shown.delete(other.id)
  },
)

scenario('what became of a change whose answer was lost is asked for before it is sent again', async ({ app, as }) => {
  const ada = await as('ada')
  const page = await openKeeping(ada)
  for (const hadArrived of [true, false]) {
    const { id } = await app.order('pending')
    let lost = 0
    let isDown = true
    await page.route(/\/api\//, async (route) => {
      const isChange = route.request().method() === 'PATCH'
      if (!isDown && (!isChange || lost > 0)) return route.continue()
      if (isChange && lost++ === 0 && hadArrived) await route.fetch()
      await route.abort('connectionreset')
    })
    const said = conversation(page)
    await press(page, id)
    await page.locator(`[data-order="${id}"][data-pending="unknown"]`).waitFor()
    await shows(page, id, 'processing')
    assert.equal(await app.storedStatus(id), hadArrived ? 'processing' : 'pending')
    const asked = said.length
    isDown = false
    await unmarked(page, id)
    await keeps(page, 0)
    const sent = said.filter((one) => one !== 'ask')
    assert.deepEqual(sent, [sent[0], sent[0]], 'the same request twice')
    assert.equal(said[0], sent[0])
    assert.equal(said.slice(asked)[0], 'ask', said.join())
    assert.equal(await app.storedStatus(id), 'processing')
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
    await page.unrouteAll({ behavior: 'wait' })
  }
})
