/**
 * A collection with every kind of field that a list can be filtered, sorted or selected by, on a real Payload and a
 * real database.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { postgresAdapter } from '@payloadcms/db-postgres'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { getPayload } from 'payload'
import { ServerView } from '../../lib/next/server-view.js'
import { cacheOf, optimisticCache } from '../../lib/payload/index.js'
import { failure } from './support/payload.js'
import { openAccess as access, testConfig } from './support/config.js'

export const LOCALES = ['en', 'de']
export const STATUSES = ['draft', 'open', 'done']
export const COLOURS = ['red', 'green', 'blue']

/** @type {import('payload').CollectionConfig[]} */
const collections = [
  {
    slug: 'tasks',
    access,
    fields: [
      { name: 'title', type: 'text' },
      { name: 'label', type: 'text', localized: true },
      { name: 'rank', type: 'number' },
      { name: 'status', type: 'select', options: STATUSES },
      { name: 'colours', type: 'select', hasMany: true, options: COLOURS },
      { name: 'urgent', type: 'checkbox' },
      { name: 'due', type: 'date' },
      {
        name: 'place',
        type: 'group',
        fields: [
          { name: 'city', type: 'text' },
          { name: 'floor', type: 'number' },
          { name: 'sign', type: 'text', localized: true },
        ],
      },
      {
        name: 'steps',
        type: 'array',
        fields: [
          { name: 'label', type: 'text' },
          { name: 'count', type: 'number' },
          { name: 'hint', type: 'text', localized: true },
        ],
      },
      { name: 'owner', type: 'relationship', relationTo: 'people' },
      { name: 'helpers', type: 'relationship', relationTo: 'people', hasMany: true },
      { name: 'about', type: 'relationship', relationTo: ['people', 'notes'] },
      { name: 'extra', type: 'json' },
      { name: 'secret', type: 'text', hidden: true },
    ],
  },
  {
    slug: 'people',
    access,
    fields: [
      { name: 'name', type: 'text' },
      { name: 'age', type: 'number' },
      { name: 'boss', type: 'relationship', relationTo: 'people' },
    ],
  },
  {
    slug: 'notes',
    access,
    trash: true,
    fields: [
      { name: 'text', type: 'text' },
      { name: 'rank', type: 'number' },
    ],
  },
]

const join = (/** @type {string} */ name, /** @type {string} */ on, more = {}) => ({
  name, type: 'join', collection: 'books', on, ...more,
})

/** Lists in documents. What is in the trash they show as null. */
const shelves = [
  {
    slug: 'shelves',
    access,
    fields: [
      { name: 'name', type: 'text' },
      join('books', 'shelf', { defaultSort: 'rank', defaultLimit: 2 }),
      join('titled', 'shelf', { defaultSort: 'title', maxDepth: 2 }),
      join('newest', 'shelf', { defaultLimit: 3 }),
      { name: 'lists', type: 'group', fields: [
        join('open', 'on', { where: { status: { equals: 'open' } }, defaultSort: '-rank', defaultLimit: 0 }),
      ] },
      join('tagged', 'tags', { defaultSort: 'id', defaultLimit: 2 }),
      join('many', 'shelf', { where: { colours: { in: ['red', 'blue'] } }, defaultSort: '-id' }),
      join('labelled', 'shelf', { where: { label: { equals: 'ant' } }, defaultSort: 'id' }),
      { name: 'boxes', type: 'join', collection: 'boxes', on: 'shelf' },
    ],
  },
  {
    slug: 'books',
    access,
    trash: true,
    indexes: [{ fields: ['shelf', 'rank'] }],
    fields: [
      { name: 'title', type: 'text' },
      { name: 'label', type: 'text', localized: true },
      { name: 'rank', type: 'number' },
      { name: 'status', type: 'select', options: STATUSES },
      { name: 'colours', type: 'select', hasMany: true, options: COLOURS },
      { name: 'place', type: 'group', fields: [{ name: 'city', type: 'text' }] },
      { name: 'shelf', type: 'relationship', relationTo: 'shelves' },
      { name: 'on', type: 'relationship', relationTo: ['shelves', 'people'] },
      { name: 'tags', type: 'relationship', relationTo: 'shelves', hasMany: true },
    ],
  },
  {
    slug: 'boxes',
    access,
    timestamps: false,
    fields: [
      { name: 'size', type: 'number' },
      { name: 'shelf', type: 'relationship', relationTo: 'shelves' },
      { name: 'inside', type: 'relationship', relationTo: 'boxes' },
      { name: 'boxes', type: 'join', collection: 'boxes', on: 'inside', defaultSort: 'size', defaultLimit: 2 },
    ],
  },
]

/** What the next write's hook does: fail, when a test wants it to. */
export const fault = { armed: false }

/** @param {{ slug: string }} collection */
const withFault = (collection) => ({
  ...collection,
  hooks: {
    afterChange: [
      () => {
        if (fault.armed) throw failure('No.')
      },
    ],
  },
})

/** @param {string} folder */
const sqlite = (folder) =>
  sqliteAdapter({
    client: { url: pathToFileURL(path.join(folder, 'truth.db')).href },
    transactionOptions: {},
    wal: true,
  })

/** @param {string} [postgres] URL of a database on a PostgreSQL server; SQLite unless given */
export async function openTruthShop(postgres) {
  const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-truth-'))
  const config = await testConfig({
    collections: /** @type {any} */ ([...collections, ...shelves].map(withFault)),
    localization: { locales: LOCALES, defaultLocale: LOCALES[0], fallback: true },
    db: postgres ? postgresAdapter({ pool: { connectionString: postgres } }) : sqlite(folder),
    plugins: [
      optimisticCache({
        name: `truth-${process.pid}`,
        collections: { tasks: true, people: true, notes: true, shelves: true, books: true, boxes: true },
        rest: true,
      }),
    ],
  })
  const payload = /** @type {any} */ (await getPayload({ config }))
  const cache = cacheOf(payload)
  return {
    payload,
    cache,
    /** A view of nobody's, as a page without changes in flight has it. */
    view: () =>
      new ServerView({ payload, user: null, cache, view: cache.view({ principal: 'anonymous', tokens: [] }) }),
    async close() {
      await payload.destroy()
      await rm(folder, { recursive: true })
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof openTruthShop>>} TruthShop */
