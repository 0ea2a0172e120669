/** Lists and counts follow changes in flight: documents move between queries, enter at their place, and go back. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { dehydrate, hydrate, QueryClient } from '@tanstack/react-query'
import { compareKeys } from '../../lib/query/overlay/where.js'
import { mount, mutate, openBrowser, when } from './support/browser.js'

const holdsWrites = ({ method }) => method !== 'GET'
const idle = (client) => when(client, () => client.isFetching() === 0 && client.isMutating() === 0)

/** A column of a board: the orders of a status, the dearest first, and how many there are. */
async function mountColumn(t, client, orders, status) {
  const where = { status: { equals: status } }
  const cards = await mount(t, client, orders.find({ where, sort: '-total' }), ({ docs, totalDocs }) =>
    [...docs.map(({ total }) => total), `of ${totalDocs}`].join(' ')
  )
  const count = await mount(t, client, orders.count({ where }), ({ totalDocs }) => totalDocs)
  return { cards, count }
}

for (const end of [undefined, 'rollback']) {
  test(`a card is in its new column at once, and ${end ? 'goes back when refused' : 'stays when saved'}`, async (t) => {
    const { server, client, orders } = await openBrowser(t)
    const pending = await mountColumn(t, client, orders, 'pending')
    const shipped = await mountColumn(t, client, orders, 'shipped')
    const details = shipped.cards.data().docs[0]
    server.holds = holdsWrites
    const moved = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
    assert.deepEqual([pending.cards.value(), shipped.cards.value()], ['20 of 1', '30 10 of 2'])
    assert.deepEqual([pending.count.value(), shipped.count.value()], [1, 2])
    assert.equal(shipped.cards.data().docs[0], details, 'what does not change keeps its identity')
    assert.equal(shipped.cards.data().docs[1].customer.name, 'Ada', 'it is shown as its old column showed it')
    ;(await server.held('PATCH')).release(end)
    await (end ? assert.rejects(moved) : moved)
    await idle(client)
    const back = (value) => (end ? [value] : [])
    assert.deepEqual(pending.cards.values, ['20 10 of 2', '20 of 1', ...back('20 10 of 2')])
    assert.deepEqual(shipped.cards.values, ['30 of 1', '30 10 of 2', ...back('30 of 1')])
    assert.deepEqual(pending.count.values, [2, 1, ...back(2)])
    assert.deepEqual(shipped.count.values, [1, 2, ...back(1)])
  })

  test(`a new order is at its place at once, and ${end ? 'goes when refused' : 'stays when saved'}`, async (t) => {
    const { server, client, orders } = await openBrowser(t)
    const pending = await mountColumn(t, client, orders, 'pending')
    const shipped = await mountColumn(t, client, orders, 'shipped')
    server.holds = holdsWrites
    const created = mutate(client, orders.create(), { data: { status: 'pending', total: 15, customer: 1 } })
    assert.equal(pending.cards.value(), '20 15 10 of 3')
    ;(await server.held('POST', 'orders')).release(end)
    await (end ? assert.rejects(created) : created)
    await idle(client)
    const back = (value) => (end ? [value] : [])
    assert.deepEqual(pending.cards.values, ['20 10 of 2', '20 15 10 of 3', ...back('20 10 of 2')])
    assert.deepEqual(pending.count.values, [2, 3, ...back(2)])
    assert.deepEqual(shipped.cards.values, ['30 of 1'])
    assert.deepEqual(shipped.count.values, [1])
  })

  test(`a deleted order is gone at once, and ${end ? 'comes back when that is refused' : 'stays away'}`, async (t) => {
    const { server, client, orders } = await openBrowser(t)
    const pending = await mountColumn(t, client, orders, 'pending')
    server.holds = holdsWrites
    const deleted = mutate(client, orders.delete(), { id: 8 })
    assert.equal(pending.cards.value(), '10 of 1')
    ;(await server.held('DELETE')).release(end)
    await (end ? assert.rejects(deleted) : deleted)
    await idle(client)
    const back = (value) => (end ? [value] : [])
    assert.deepEqual(pending.cards.values, ['20 10 of 2', '10 of 1', ...back('20 10 of 2')])
    assert.deepEqual(pending.count.values, [2, 1, ...back(2)])
  })
}

test('a card that waits in one column and moves on in another mutation is in the last one only', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const [pending, shipped, paid] = await Promise.all(
    ['pending', 'shipped', 'paid'].map((status) => mountColumn(t, client, orders, status))
  )
  server.holds = holdsWrites
  const first = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const second = mutate(client, orders.update(), { id: 7, data: { status: 'paid' } })
  const shown = () => [pending, shipped, paid].map(({ cards }) => cards.value())
  const counts = () => [pending, shipped, paid].map(({ count }) => count.value())
  assert.deepEqual(shown(), ['20 of 1', '30 of 1', '10 of 1'])
  assert.deepEqual(counts(), [1, 1, 1])
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(first)
  assert.deepEqual(shown(), ['20 of 1', '30 of 1', '10 of 1'], 'the later one stands on the restored base')
  ;(await server.held('PATCH')).release('rollback')
  await assert.rejects(second)
  assert.deepEqual(shown(), ['20 10 of 2', '30 of 1', 'of 0'])
  assert.deepEqual(counts(), [2, 1, 0])
})

test('a card whose move is refused leaves a later move of another card alone', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const [pending, shipped] = await Promise.all(
    ['pending', 'shipped'].map((status) => mountColumn(t, client, orders, status))
  )
  server.holds = holdsWrites
  const first = mutate(client, orders.update(), { id: 7, data: { status: 'shipped' } })
  const second = mutate(client, orders.update(), { id: 8, data: { status: 'shipped' } })
  const shown = () => [pending, shipped].map(({ cards }) => cards.value())
  assert.deepEqual(shown(), ['of 0', '30 20 10 of 3'])
  ;(await server.held('PATCH', 'orders/7')).release('rollback')
  await assert.rejects(first)
  assert.deepEqual(shown(), ['10 of 1', '30 20 of 2'])
  ;(await server.held('PATCH', 'orders/8')).release()
  await second
  await idle(client)
  assert.deepEqual(shown(), ['10 of 1', '30 20 of 2'])
})

test('a new order that the database gives the id of a deleted one is not shown as that', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const { cards, count } = await mountColumn(t, client, orders, 'shipped')
  server.holds = () => true
  const deleted = mutate(client, orders.delete(), { id: 9 })
  const created = mutate(client, orders.create(), { data: { status: 'shipped', total: 15, customer: 1 } })
  ;(await server.held('DELETE')).release()
  await deleted
  ;(await server.held('POST', 'orders')).release()
  assert.equal((await created).id, 9)
  assert.deepEqual(cards.values, ['30 of 1', 'of 0', '15 of 1'])
  server.holds = () => false
  server.waiting.forEach(({ release }) => release())
  await idle(client)
  assert.deepEqual(cards.values, ['30 of 1', 'of 0', '15 of 1'])
  assert.deepEqual(count.values, [1, 0, 1])
})

test('a document that becomes known while it is being changed enters the list then', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const shipped = await mountColumn(t, client, orders, 'shipped')
  server.holds = holdsWrites
  const moved = mutate(client, orders.update(), { id: 8, data: { status: 'shipped' } })
  assert.equal(shipped.cards.value(), '30 of 1', 'nobody knows what it looks like')
  await mount(t, client, orders.findByID(8))
  assert.equal(shipped.cards.value(), '30 20 of 2')
  ;(await server.held('PATCH')).release()
  await moved
  await idle(client)
})

test('a new relation stays populated when the answer that knew its document is gone', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const { value } = await mount(t, client, orders.findByID(7), ({ customer, note }) => `${customer.name} ${note}`)
  const other = orders.findByID(8)
  await client.fetchQuery(other)
  server.holds = holdsWrites
  const saved = [mutate(client, orders.update(), { id: 7, data: { customer: 2 } })]
  assert.equal(value(), 'Grace null')
  client.removeQueries({ queryKey: other.queryKey })
  saved.push(mutate(client, orders.update(), { id: 7, data: { note: 'new' } }))
  assert.equal(value(), 'Grace new')
  const first = await server.held('PATCH')
  server.holds = () => false
  first.release()
  await Promise.all(saved)
  await idle(client)
})

test('what is hydrated of one document shows in others at once', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.sendsVersions = false
  const { value } = await mount(t, client, orders.findByID(7), ({ customer }) => customer.name)
  const { queryKey } = orders.findByID(8)
  client.setQueryData(queryKey, null)
  server.holds = holdsWrites
  const saved = mutate(client, orders.update(), { id: 7, data: { customer: 2 } })
  assert.equal(value(), 'Ada', 'nobody knows the other one')
  const rendering = new QueryClient()
  t.after(() => rendering.clear())
  const options = { updatedAt: Date.now() + 1000 }
  rendering.setQueryData(queryKey, { id: 8, customer: { id: 2, name: 'Grace' } }, options)
  hydrate(client, dehydrate(rendering))
  assert.equal(value(), 'Grace')
  ;(await server.held('PATCH')).release()
  await saved
  await idle(client)
})

test('a new relation stays as the newest answer had it, when the next shows the document no more', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  const old = orders.findByID(7)
  await client.fetchQuery(old)
  const name = () => client.getQueryData(old.queryKey).customer.name
  const { queryKey } = orders.findByID(8)
  await mount(t, client, orders.findByID(8))
  await mutate(client, orders.update(), { id: 7, data: { customer: 2 } })
  assert.equal(name(), 'Grace')
  server.write('customers', 2, { name: 'Grace Hopper' })
  await client.refetchQueries({ queryKey })
  assert.equal(name(), 'Grace Hopper')
  server.write('orders', 8, { customer: 1 })
  await client.refetchQueries({ queryKey })
  await mutate(client, orders.update(), { id: 9, data: { note: 'new' } })
  assert.equal(name(), 'Grace Hopper')
  await client.refetchQueries()
})

test('of two documents a number and a text have no order, whichever comes first', () => {
  assert.deepEqual([compareKeys(6, '-0'), compareKeys('-0', 6)], [undefined, undefined])
  assert.deepEqual([compareKeys(6, 7), compareKeys('6', '7'), compareKeys(null, 'a')], [-1, -1, -1])
})
