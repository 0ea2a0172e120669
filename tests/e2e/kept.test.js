// Pages that the browser keeps as they are when they are left, and shows again when the user comes back.
import assert from 'node:assert/strict'
import { quiet } from './support/changes.js'
import { comesBack } from './support/conditions.js'
import { elsewhere } from './support/elsewhere.js'
import { keeping } from './support/scenario.js'
import { advance, sequence, shows, unmarked } from './support/user.js'

keeping('a page that is left in mid-flight holds up no other tab, and is kept', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const [left, other] = [await ada.open('/'), await ada.open('/')]
  await app.faults({ delayMs: 25_000 })
  const { token } = await advance(left, id)
  await ada.begun(token)
  const sent = other.waitForRequest((request) => request.method() === 'PATCH')
  await other.locator(`[data-order="${id}"] [data-advance]`).click()
  await shows(other, id, 'processing')
  await left.goto(await elsewhere())
  const later = (await sent).headers()['idempotency-key'].replaceAll('"', '')
  assert.equal((await ada.mutation(token)).state, 'pending', 'it was to be in mid-flight')
  assert.equal((await ada.settled(token, later)).state, 'committed')
  await comesBack(ada, left)
  for (const page of [left, other]) {
    await quiet(page)
    await unmarked(page, id)
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
  }
  assert.equal(await app.storedStatus(id), 'processing')
})
