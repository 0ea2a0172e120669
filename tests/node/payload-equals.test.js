// The order of documents that are equal in all that a list is sorted by, on a real Payload and SQLite.
import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { ServerView } from '../../lib/next/server-view.js'
import { openAccess as access } from './support/config.js'
import { openShop } from './support/payload.js'

/** What makes SQLite read them in an order of their ranks. */
const FINDINGS = {
  'an index of several fields': { indexes: [{ fields: ['shelf', 'rank'] }], where: { shelf: { equals: 1 } } },
  'an index of what is asked': { rank: { index: true }, where: { rank: { greater_than: 0 } } },
}

for (const [what, { indexes, rank: more, where }] of Object.entries(/** @type {Record<string, any>} */ (FINDINGS))) {
  test(`equals are listed as the database has them, also by ${what}`, async (t) => {
    const fields = /** @type {any[]} */ ([
      { name: 'shelf', type: 'number' },
      { name: 'rank', type: 'number', ...more },
      { name: 'title', type: 'text' },
    ])
    const { cache, close, payload } = await openShop({
      plugin: { name: `equals-${process.pid}-${what.length}`, collections: { books: true } },
      settings: { collections: [{ slug: 'books', access, indexes, fields }] },
    })
    t.after(close)
    const books = /** @type {any} */ (payload)
    const ids = []
    for (const rank of [1, 2, 3]) {
      const data = { shelf: 1, rank, title: 'same', createdAt: '2026-01-01T00:00:00.000Z' }
      ids.push((await books.create({ collection: 'books', data })).id)
    }
    const asked = { collection: 'books', where, sort: 'title' }
    const read = () =>
      new ServerView({ payload, user: null, cache, view: cache.view({ principal: 'anonymous', tokens: [] }) }).find(asked)
    const idsOf = (/** @type {{ docs: any[] }} */ { docs }) => docs.map(({ id }) => id)
    const before = idsOf(await read())
    await books.update({ collection: 'books', id: ids[0], data: { rank: 9 } })
    const truth = idsOf(await books.find(asked))
    assert.notDeepEqual(truth, before, 'the database has another order now')
    assert.deepEqual(idsOf(await read()), truth)
  })
}
