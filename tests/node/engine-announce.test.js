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

test('what changes a document that is being created is announced by its temporary id', async (t) => {
  const { server, client, engine, orders } = await openBrowser(t)
  server.holds = isWrite
  const created = mutate(client, orders.create(), { data: { note: 'new' } })
  const [{ token: id }] = engine.layers
  const updated = mutate(client, orders.update(), { id, data: { note: 'newer' } })
  const [announced] = await server.until(() => server.announced.length > 0 && server.announced)
  const operations = [{ type: 'update', collection: 'orders', id, data: { note: 'newer' } }]
  assert.deepEqual(announced, { token: engine.layers[1].token, operations })
  server.holds = () => false
  for (const { release } of server.waiting) release()
  const saved = await created
  assert.deepEqual(await updated, { ...saved, note: 'newer' })
  assert.equal((await client.fetchQuery(orders.findByID(id))).id, saved.id)
  assert.equal(server.log.at(-1).path, `orders/${saved.id}`, 'from then on it goes by its real id')
  await idle(client)
})

test('what is in the offline queue is not announced', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  let isEmpty = true
  await queueOffline(client, {
    persister: { restoreClient: () => undefined, removeClient: () => {}, persistClient: () => (isEmpty = false) },
  })
  server.holds = isWrite
  const saved = [1, 2].map((note) =>
    mutate(client, orders.update({ offline: 'queue' }), { id: 7, data: { note: String(note) } }),
  )
  await server.held('PATCH', 'orders/7')
  server.holds = () => false
  for (const { release } of server.waiting) release()
  await Promise.all(saved)
  await idle(client)
  assert.deepEqual([announcements(server), isEmpty], [[], false])
})
