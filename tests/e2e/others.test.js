// What everybody else sees of a change: nothing, until it is true.
import assert from 'node:assert/strict'
import { scenario } from './support/scenario.js'
import { advance, sequence, shows } from './support/user.js'

const everywhere = (id, status) => ({ '/': status, '/orders': status, [`/orders/${id}`]: status })

scenario(
  "another user's HTML in mid-flight shows the old status, and the new one after the commit",
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const ada = await as('ada')
    const grace = await as('grace')
    assert.deepEqual(await grace.servedStatuses(id), everywhere(id, 'pending'))
    const page = await ada.open('/')
    await app.faults({ delayMs: 25_000 })
    const { token } = await advance(page, id)
    await ada.begun(token)
    assert.deepEqual(await ada.servedStatuses(id), everywhere(id, 'processing'))
    assert.deepEqual(await grace.servedStatuses(id), everywhere(id, 'pending'))
    assert.equal((await ada.mutation(token)).state, 'pending', 'the pages were to be loaded in mid-flight')
    assert.equal((await ada.settled(token)).state, 'committed')
    assert.deepEqual(await grace.servedStatuses(id), everywhere(id, 'processing'))
  },
)

scenario(
  'a token presented by another user, or by nobody, changes nothing that they see',
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const ada = await as('ada')
    const grace = await as('grace')
    const nobody = await as('nobody')
    const page = await ada.open('/')
    await app.faults({ delayMs: 25_000, fail: 'rollback' })
    const { token } = await advance(page, id)
    await ada.begun(token)
    for (const user of [grace, nobody]) {
      await user.context.addCookies([{ name: 'payload-optimistic', value: token, url: app.url }])
      assert.equal((await user.mutation(token)).state, 'unknown')
    }
    assert.deepEqual(await grace.servedStatuses(id), everywhere(id, 'pending'))
    const board = await grace.open('/')
    await shows(board, id, 'pending')
    for (const path of ['/', '/orders', `/orders/${id}`]) {
      const response = await nobody.request.get(path, { maxRedirects: 0 })
      assert.equal(response.status(), 307, path)
      assert.match(response.headers().location, /\/login$/, path)
      assert.doesNotMatch(await response.text(), /data-order=/, path)
    }
    const login = await nobody.html('/login')
    assert.doesNotMatch(login, /processing/)
    assert.deepEqual(await ada.servedStatuses(id), everywhere(id, 'processing'))
    assert.equal((await ada.mutation(token)).state, 'pending', 'the token was to be presented in mid-flight')
    assert.equal((await ada.settled(token)).state, 'rolledBack')
    assert.deepEqual(await grace.servedStatuses(id), everywhere(id, 'pending'))
    assert.deepEqual(await sequence(board, id), ['pending'])
  },
)
