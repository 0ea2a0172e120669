// Several tabs of one browser, and what is asked of the server for them.
import assert from 'node:assert/strict'
import { quiet } from './support/changes.js'
import { scenario } from './support/scenario.js'
import { advance, sequence, shows, unmarked } from './support/user.js'

const isPatch = (request) => request.method() === 'PATCH'

/**
 * What was asked for to render a page anew.
 * @param {import('./support/user.js').RecordedPage} page
 * @returns {string[]} grows
 */
function renderings(page) {
  const all = []
  page.on('request', (request) => {
    const headers = request.headers()
    if (headers.rsc && !headers['next-router-prefetch']) all.push(request.url())
  })
  return all
}

for (const hasLocks of [true, false]) {
  const how = hasLocks ? 'one after the other where there are Web Locks' : 'and end right without Web Locks'
  scenario(`two tabs send their changes of one order, in the order of tokens, ${how}`, async ({ app, as }) => {
    const { id } = await app.order('pending')
    const ada = await as('ada')
    if (!hasLocks) {
      await ada.context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }))
    }
    const first = await ada.open('/')
    await ada.context.addInitScript(() => {
      const { now } = Date
      Date.now = () => now() - 300_000
    })
    const second = await ada.open('/')
    assert.equal(await second.evaluate(() => Boolean(navigator.locks)), hasLocks)
    const happened = []
    first.on('response', (response) => isPatch(response.request()) && happened.push('the first is answered'))
    second.on('request', (request) => isPatch(request) && happened.push('the second is sent'))
    await app.faults({ delayMs: 25_000 })
    const { token } = await advance(first, id)
    await ada.begun(token)
    const sent = second.waitForRequest(isPatch)
    await second.locator(`[data-order="${id}"] [data-advance]`).click()
    await shows(second, id, 'processing')
    await second.waitForFunction((token) => document.cookie.split('.').some((other) => other > token), token)
    if (!hasLocks) await sent
    await app.faults({ delayMs: 0 })
    const later = (await sent).headers()['idempotency-key'].replaceAll('"', '')
    assert.ok(later > token, `${later} was made after ${token}`)
    for (const each of [token, later]) assert.equal((await ada.settled(each)).state, 'committed')
    for (const page of [first, second]) {
      await quiet(page)
      await unmarked(page, id)
      assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
    }
    const order = ['the first is answered', 'the second is sent']
    assert.deepEqual(happened, hasLocks ? order : order.reverse())
    assert.equal(await app.storedStatus(id), 'processing')
  })
}

scenario('after a change a page of server components that had shown it is rendered anew, and no other', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const [board, before] = [await ada.open('/'), await ada.open('/orders')]
  await app.faults({ delayMs: 25_000 })
  const { token } = await advance(board, id)
  await ada.begun(token)
  const during = await ada.open('/orders')
  await shows(during, id, 'processing')
  const asked = [board, before, during].map(renderings)
  await ada.settled(token)
  await during.getByText('saving…').waitFor({ state: 'detached' })
  for (const page of [board, before, during]) await quiet(page)
  assert.deepEqual(asked.map((all) => all.length), [0, 0, 1])
  assert.deepEqual(await sequence(during, id), ['processing'])
})

scenario('fifty changes of one order at once are two requests, and the last one wins', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const page = await ada.open('/')
  await app.faults({ delayMs: 25_000 })
  const bodies = []
  page.on('request', (request) => isPatch(request) && bodies.push(request.postDataJSON()))
  const sent = page.waitForRequest(isPatch)
  await page.locator(`[data-order="${id}"] [data-advance]`).evaluate((button) => {
    for (let click = 0; click < 49; click++) button.click()
  })
  await sent
  await page.locator(`[data-order="${id}"] [data-advance="shipped"]`).click()
  await shows(page, id, 'shipped')
  await app.faults({ delayMs: 0 })
  await quiet(page)
  await unmarked(page, id)
  assert.deepEqual(bodies, [{ status: 'processing' }, { status: 'shipped' }])
  assert.deepEqual(await sequence(page, id), ['pending', 'processing', 'shipped'])
  assert.equal(await app.storedStatus(id), 'shipped')
})
