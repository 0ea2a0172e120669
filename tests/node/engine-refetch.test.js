/**
 * After a commit the columns of a board are read again one by one, in any order. Until the last answer has come, some
 * stand on the new state and others on the old one with the change over it: at no moment may that be seen.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { notifyManager } from '@tanstack/react-query'
import { mount, mutate, openBrowser, settledQuery } from './support/browser.js'

const STATUSES = ['pending', 'shipped']

/** Every column with its count, read once, and what a look at all of them at each notification saw. */
async function openBoard(t) {
  const browser = await openBrowser(t)
  const { client, engine, orders } = browser
  // As React's boundary does: what happens at once is seen at once.
  engine.batch = (write) => notifyManager.batch(write)
  const options = STATUSES.flatMap((status) => {
    const where = { status: { equals: status } }
    return [orders.find({ where, sort: '-total' }), orders.count({ where })]
  })
  const mounted = await Promise.all(options.map((one) => mount(t, client, one)))
  const look = () =>
    mounted
      .map(({ data }) => data().docs?.map(({ total }) => total) ?? `of ${data().totalDocs}`)
      .join(' | ')
  const seen = [look()]
  const record = notifyManager.batchCalls(() => look() !== seen.at(-1) && seen.push(look()))
  for (const { observer } of mounted) t.after(observer.subscribe(record))
  return { ...browser, options, look, seen }
}

/** All orders of some things. @param {any[]} items @returns {any[][]} */
const permutations = (items) =>
  items.length < 2
    ? [items]
    : items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]))

/** The held read of each of the board's queries. */
function reads({ options, server }) {
  const isOf = (/** @type {any} */ [, , type, { where }]) => (/** @type {any} */ { method, path, query }) =>
    method === 'GET' &&
    path === (type === 'count' ? 'orders/count' : 'orders') &&
    query.where.status.equals === where.status.equals
  return server.until(() => {
    const held = options.map(({ queryKey }) => server.waiting.find(isOf(queryKey)))
    return held.every(Boolean) && held
  })
}

/** Some of the orders in which four answers may come. */
const SEQUENCES = permutations([0, 1, 2, 3]).filter((_, index) => index % 3 === 0)

/** @type {Record<string, [(orders: any) => [any, any], string]>} */
const CHANGES = {
  'a card that moved': [
    (orders) => [orders.update(), { id: 7, data: { status: 'shipped' } }],
    '20 | of 1 | 30,10 | of 2',
  ],
  'a card that moved, and got another place': [
    (orders) => [orders.update(), { id: 7, data: { status: 'shipped', total: 40 } }],
    '20 | of 1 | 40,30 | of 2',
  ],
  'a card whose customer no other card shows': [
    (orders) => [orders.update(), { id: 8, data: { status: 'shipped' } }],
    '10 | of 1 | 30,20 | of 2',
  ],
  'a new card': [
    (orders) => [orders.create(), { data: { status: 'shipped', total: 15, customer: 2 } }],
    '20,10 | of 2 | 30,15 | of 2',
  ],
  'a deleted card': [(orders) => [orders.delete(), { id: 7 }], '20 | of 1 | 30 | of 1'],
}

for (const [what, [change, after]] of Object.entries(CHANGES)) {
  for (const sequence of SEQUENCES) {
    test(`${what} is seen once, where it belongs, while answers come in the order ${sequence}`, async (t) => {
      const board = await openBoard(t)
      const { client, server, orders, options, look, seen } = board
      const before = look()
      server.holds = () => true
      const moved = mutate(client, ...change(orders))
      ;(await server.until(() => server.waiting.find(({ method }) => method !== 'GET'))).release()
      await moved
      assert.equal(look(), after)
      const held = await reads(board)
      for (const at of sequence) {
        held[at].release()
        await settledQuery(client, options[at])
        // Whatever else is changed lays all changes over all queries anew.
        mutate(client, orders.update(), { id: 9, data: { note: `after ${at}` } })
      }
      assert.deepEqual(seen, [before, after])
    })
  }
}
