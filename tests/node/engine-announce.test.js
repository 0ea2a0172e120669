/** What waits in the browser for its turn is announced, so that pages that the server renders meanwhile show it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { queueOffline } from '../../lib/query/offline.js'
import { mutate, openBrowser, when } from './support/browser.js'

const isWrite = ({ method }) => method !== 'GET'
const idle = (client) => when(client, () => client.isFetching() === 0 && client.isMutating() === 0)
const announcements = ({ announced }) => announced.map(({ operations }) => operations.map(({ data }) => data.note).join())

test('what waits behind another change of its document is announced with the token that it is sent with', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = isWrite
  const saved = [7, 8, 7].map((id, index) => mutate(client, orders.update(), { id, data: { note: `${index}` } }))
  const { token } = engine.layers[2]
  const [announced] = await server.until(() => server.announced.length > 0 && server.announced)
  const operations = [{ type: 'update', collection: 'orders', id: 7, data: { note: '2' } }]
  assert.deepEqual(announced, { token, operations })
  server.holds = () => false
  for (const { release } of server.waiting) release()
  await Promise.all(saved)
  await idle(client)
  assert.equal(server.log.filter(isWrite).at(-1).token, token)
  assert.deepEqual(announcements(server), ['2'], 'what was sent at once was not announced')
  assert.equal(server.find('orders', 7).note, '2')
})

test('what is put into a change that waits is announced anew, one announcement at a time', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = isWrite
  const update = orders.update({ coalesce: true })
  const saved = [mutate(client, update, { id: 7, data: { note: 'sent' } })]
  for (let index = 1; index <= 20; index++) saved.push(mutate(client, update, { id: 7, data: { note: `${index}` } }))
  const { token } = engine.layers[1]
  await server.until(() => announcements(server).at(-1) === '20')
  assert.deepEqual([announcements(server), server.announced.at(-1).token], [['1', '20'], token])
  server.holds = () => false
  for (const { release } of server.waiting) release()
  await Promise.all(saved)
  await idle(client)
  assert.deepEqual([announcements(server), server.find('orders', 7).note], [['1', '20'], '20'])
})

test('where announcements are refused no more are made, and nothing else is different', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.isDeaf = true
  for (const round of ['a', 'b']) {
    const saved = [1, 2].map((index) => mutate(client, orders.update(), { id: 7, data: { note: round + index } }))
    assert.deepEqual((await Promise.all(saved)).map(({ note }) => note), [`${round}1`, `${round}2`])
    await idle(client)
  }
  assert.deepEqual(announcements(server), ['a2'])
})

test('no more than pages can show are announced', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = isWrite
  const all = Array.from({ length: 20 }, (_, index) => mutate(client, orders.update(), { id: 7, data: { note: `${index}` } }))
  assert.equal(engine.pending.length, 20)
  const first = await server.held('PATCH')
  server.holds = () => false
  first.release()
  await Promise.all(all)
  await idle(client)
  assert.deepEqual(announcements(server).length, 15)
})

test('neither what changes a document that is not there yet is announced, nor what is in the offline queue', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  let isEmpty = true
  await queueOffline(client, {
    persister: { restoreClient: () => undefined, removeClient: () => {}, persistClient: () => (isEmpty = false) },
  })
  server.holds = isWrite
  const saved = [
    mutate(client, orders.create(), { data: { note: 'new' } }),
    mutate(client, orders.update(), { id: engine.layers[0].token, data: { note: 'newer' } }),
    mutate(client, orders.update({ offline: 'queue' }), { id: 7, data: { note: '1' } }),
    mutate(client, orders.update({ offline: 'queue' }), { id: 7, data: { note: '2' } }),
  ]
  await server.held('POST', 'orders')
  await server.held('PATCH', 'orders/7')
  server.holds = () => false
  for (const { release } of server.waiting) release()
  await Promise.all(saved)
  await idle(client)
  assert.deepEqual([announcements(server), isEmpty], [[], false])
})
