// GraphQL in a server of bundles, where each has its own copy of the package and of the config.
import assert from 'node:assert/strict'
import { v7 as uuid } from 'uuid'
import { scenario } from './support/scenario.js'

scenario('a mutation through GraphQL that comes again is answered the same, and another with its key is not run', async ({
  app,
  as,
}) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const token = uuid()
  const send = async (/** @type {string} */ status) => {
    const query = `mutation { updateOrder(id: ${id}, data: { status: ${status} }) { status updatedAt } }`
    const headers = { 'Idempotency-Key': `"${token}"` }
    const response = await ada.request.post('/api/graphql', { headers, data: { query } })
    return { status: response.status(), headers: response.headers(), body: await response.json() }
  }
  const first = await send('processing')
  assert.equal(first.body.data.updateOrder.status, 'processing')
  const again = await send('processing')
  assert.deepEqual([again.status, again.body], [200, first.body])
  assert.equal(again.headers['idempotency-replayed'], 'true')
  const other = await send('shipped')
  assert.equal(other.status, 422)
  assert.equal(other.body.errors[0].extensions.data.code, 'ERR_OPTIMISTIC_TOKEN_REUSED')
})
