// What the cache keeps, and what it does not.
import assert from 'node:assert/strict'
import { v7 as uuid } from 'uuid'
import { but } from './support/conditions.js'
import { scenario } from './support/scenario.js'
import { statusesIn } from './support/user.js'

const NO_PAGES = { 'no page of a browser has a part in it': but() }

scenario('rolling one order back leaves all other entries hits', async ({ app, as }) => {
  const [changed, other, third] = [await app.order('pending'), await app.order('pending'), await app.order('shipped')]
  const ada = await as('ada')
  const paths = ['/', '/orders', ...[changed, other, third].map(({ id }) => `/orders/${id}`)]
  const readAll = () => Promise.all(paths.map((path) => ada.html(path)))
  await readAll()
  const warm = await app.stats()
  await readAll()
  const read = await app.stats()
  assert.equal(read.misses, warm.misses, 'the pages were to be in the cache')

  await app.faults({ fail: 'rollback' })
  const token = uuid()
  const response = await ada.patch(changed.id, { status: 'processing' }, token)
  assert.equal(response.status(), 500)
  assert.equal((await ada.settled(token)).state, 'rolledBack')
  assert.equal((await app.stats()).rollbacks, read.rollbacks + 1)

  const before = await app.stats()
  const pages = await readAll()
  const after = await app.stats()
  assert.equal(after.misses, before.misses)
  assert.equal(after.hits - before.hits, read.hits - warm.hits)
  assert.equal(after.entries, read.entries)
  for (const html of pages.slice(0, 3)) assert.deepEqual(statusesIn(html, changed.id), ['pending'])
}, NO_PAGES)

scenario(
  'a slow read that began before a commit and ends after it does not leave the old value in the cache',
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const path = `/orders/${id}`
    const ada = await as('ada')
    await app.faults({ readDelayMs: 4000 })
    const { misses } = await app.stats()
    let ended = false
    const slow = ada.html(path).finally(() => (ended = true))
    while ((await app.stats()).misses === misses);
    const token = uuid()
    const response = await ada.patch(id, { status: 'processing' }, token)
    assert.equal(response.status(), 200)
    assert.equal((await ada.settled(token)).state, 'committed')
    assert.equal(ended, false, 'the read was to end after the commit')
    assert.deepEqual(statusesIn(await slow, id), ['pending'], 'the read was to begin before the commit')
    await app.faults({ readDelayMs: 0 })
    assert.deepEqual(statusesIn(await ada.html(path), id), ['processing'])
    assert.deepEqual(statusesIn(await ada.html('/orders'), id), ['processing'])
  },
  NO_PAGES,
)
