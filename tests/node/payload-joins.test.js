/**
 * Joins on a real Payload and SQLite: while a change is in flight, the server shows its author what `payload.find`
 * answers once it is made, and when it is taken back, what it answered before.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { getPayload } from 'payload'
import { v7 as newToken } from 'uuid'
import { ServerView } from '../../lib/next/server-view.js'
import { cacheOf, optimisticCache } from '../../lib/payload/index.js'
import { collection } from '../../lib/query/index.js'
import { openAccess as access, testConfig } from './support/config.js'

const join = (/** @type {string} */ name, /** @type {string} */ on, more = {}) => ({
  name, type: 'join', collection: 'books', on, defaultSort: '-rank', ...more,
})
const relation = (/** @type {string} */ name, /** @type {string | string[]} */ relationTo, more = {}) => ({
  name, type: 'relationship', relationTo, ...more,
})

/** @type {any[]} */
const collections = [
  {
    slug: 'shelves',
    access,
    fields: [
      { name: 'name', type: 'text' },
      join('books', 'shelf', { defaultLimit: 3 }),
      join('newest', 'shelf', { defaultSort: undefined }),
      { name: 'lists', type: 'group', fields: [join('open', 'on', { where: { status: { equals: 'open' } } })] },
      join('tagged', 'tags', { defaultSort: 'rank' }),
    ],
  },
  { slug: 'rooms', access, fields: [{ name: 'name', type: 'text' }] },
  {
    slug: 'books',
    access,
    fields: [
      { name: 'title', type: 'text' },
      { name: 'rank', type: 'number' },
      { name: 'status', type: 'select', options: ['open', 'closed'] },
      relation('shelf', 'shelves'),
      relation('on', ['shelves', 'rooms']),
      relation('tags', 'shelves', { hasMany: true }),
    ],
  },
]

/** @type {any} */
let payload
/** @type {ReturnType<typeof cacheOf>} */
let cache
/** @type {string} */
let folder

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'optimistic-joins-'))
  const config = await testConfig({
    collections,
    db: sqliteAdapter({
      client: { url: pathToFileURL(path.join(folder, 'joins.db')).href },
      transactionOptions: {},
      wal: true,
    }),
    plugins: [
      optimisticCache({ name: `joins-${process.pid}`, collections: { shelves: true, rooms: true, books: true } }),
    ],
  })
  payload = await getPayload({ config })
  cache = cacheOf(payload)
})

after(async () => {
  await payload.destroy()
  await rm(folder, { recursive: true })
})

const ON = (/** @type {number} */ value, relationTo = 'shelves') => ({ relationTo, value })

/** Ranks of shelf 1: 50 and 30; of shelf 2: 40; of none: 20. */
async function seed() {
  for (const collection of ['books', 'shelves', 'rooms']) await payload.delete({ collection, where: {} })
  const made = []
  for (const name of ['one', 'two']) made.push(await payload.create({ collection: 'shelves', data: { name } }))
  const [one, two] = made.map(({ id }) => id)
  const room = await payload.create({ collection: 'rooms', data: { name: 'room' } })
  const rows = [
    { title: 'a', rank: 50, status: 'open', shelf: one, on: ON(one), tags: [one] },
    { title: 'b', rank: 30, status: 'closed', shelf: one, on: ON(one), tags: [one, two] },
    { title: 'c', rank: 40, status: 'open', shelf: two, on: ON(two), tags: [] },
    { title: 'd', rank: 20, status: 'open', shelf: null, on: ON(room.id, 'rooms'), tags: [two] },
  ]
  const books = []
  for (const data of rows) books.push((await payload.create({ collection: 'books', data })).id)
  return { one, two, room: room.id, books }
}

/** @typedef {Awaited<ReturnType<typeof seed>>} Seeded */

/** @param {string[]} [tokens] */
const viewWith = (tokens = []) =>
  new ServerView({ payload, user: null, cache, view: cache.view({ principal: 'anonymous', tokens }) })

/**
 * Everything that shows joins with documents: of one shelf and of all.
 * @param {any} reader a view, or Payload
 * @param {Seeded} seeded
 */
async function read(reader, { one, two }) {
  const answers = []
  for (const depth of [1, 2]) {
    answers.push(await reader.find({ collection: 'shelves', sort: 'id', depth }))
    for (const id of [one, two]) answers.push(await reader.findByID({ collection: 'shelves', id, depth }))
  }
  return JSON.parse(JSON.stringify(answers))
}

/** @param {any} reader @returns {Promise<any[]>} the joins of all shelves, which show ids */
async function readIDs(reader) {
  const { docs } = await reader.find({ collection: 'shelves', sort: 'id', depth: 0 })
  return JSON.parse(JSON.stringify(docs)).flatMap((/** @type {any} */ { books, newest, lists, tagged }) => [
    books, newest, lists.open, tagged,
  ])
}

/** @type {(answers: any) => any} without what the database makes of the time */
const timeless = (answers) =>
  JSON.parse(JSON.stringify(answers, (name, value) => (/^(cre|upd)atedAt$/.test(name) ? undefined : value)))

/** @type {Record<string, (seeded: Seeded) => { type: string, id?: number, data?: any }>} */
const CHANGES = {
  'a book leaves a shelf': ({ books }) => ({ type: 'update', id: books[0], data: { shelf: null } }),
  'a book moves to another shelf': ({ books, two }) => ({ type: 'update', id: books[0], data: { shelf: two } }),
  'a book comes to the front': ({ books }) => ({ type: 'update', id: books[1], data: { rank: 60 } }),
  'a book goes back, with another title': ({ books }) => ({
    type: 'update',
    id: books[0],
    data: { rank: 10, title: 'z' },
  }),
  'a book is closed': ({ books }) => ({ type: 'update', id: books[0], data: { status: 'closed' } }),
  'a book is opened': ({ books }) => ({ type: 'update', id: books[1], data: { status: 'open' } }),
  'a book goes to a room': ({ books, room }) => ({ type: 'update', id: books[0], data: { on: ON(room, 'rooms') } }),
  'a book is tagged': ({ books, one, two }) => ({ type: 'update', id: books[0], data: { tags: [two, one] } }),
  'a book loses its tags': ({ books }) => ({ type: 'update', id: books[1], data: { tags: [] } }),
  'a book is new': ({ books, one, two }) => ({
    type: 'create',
    id: Math.max(...books) + 1,
    data: { title: 'new', rank: 45, status: 'open', shelf: one, on: ON(two), tags: [two] },
  }),
  'a book is deleted': ({ books }) => ({ type: 'delete', id: books[0] }),
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what}: its author sees what is then true, or what was`, async () => {
    const seeded = await seed()
    const { type, id, data } = change(seeded)
    const base = await read(viewWith(), seeded)
    const ids = await readIDs(viewWith())
    assert.deepEqual(base, await read(payload, seeded))
    const token = newToken()
    const operation = /** @type {any} */ ({ type, collection: 'books', id, data })
    cache.begin(token, { principal: 'anonymous', operations: [operation] })
    const { misses } = cache.stats()
    const overlaid = await read(viewWith([token]), seeded)
    const overlaidIDs = await readIDs(viewWith([token]))
    assert.deepEqual(await read(viewWith(), seeded), base, 'somebody else sees it')
    cache.rollback(token)
    assert.deepEqual(await read(viewWith([token]), seeded), base, 'it is not taken back')
    assert.equal(cache.stats().misses, misses, 'something was read from the database again')
    await payload[type]({ collection: 'books', id, data })
    const truth = await read(payload, seeded)
    assert.deepEqual(timeless(overlaid), timeless(truth))
    assert.notDeepEqual(timeless(overlaid), timeless(base))
    // Their order may not be known: then one does not enter, or move.
    const trueIDs = await readIDs(payload)
    const isGuessed = (/** @type {any} */ one, /** @type {number} */ at) =>
      ![ids[at], trueIDs[at]].some((known) => isDeepStrictEqual(one, known))
    assert.deepEqual(overlaidIDs.filter(isGuessed), [])
    assert.deepEqual(await read(viewWith(), seeded), truth, 'a hit after the commit is not true')
  })
}

test('a page state has the shapes of what joins show, also where they show ids', async () => {
  await seed()
  const { shapes } = await viewWith().dehydrate([collection('shelves').find({ depth: 0 })])
  assert.deepEqual(Object.keys(shapes).sort(), ['books', 'shelves'])
})
