/**
 * A real Payload on a SQLite file whose collections have the shapes that the vectors speak of. Nothing that is
 * asked of it depends on the clock.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { getPayload } from 'payload'
import { openAccess as access, testConfig } from './config.js'

const anybody = () => true
const common = { access, timestamps: false }
const text = (/** @type {string} */ name, more = {}) => ({ name, type: /** @type {const} */ ('text'), ...more })
const number = (/** @type {string} */ name, more = {}) => ({ name, type: /** @type {const} */ ('number'), ...more })
const relation = (/** @type {string} */ name, /** @type {any} */ relationTo, more = {}) => ({
  name,
  type: /** @type {const} */ ('relationship'),
  relationTo,
  ...more,
})
const select = (/** @type {string} */ name, /** @type {string[]} */ options, more = {}) => ({
  name,
  type: /** @type {const} */ ('select'),
  options,
  ...more,
})

/** @type {any[]} */
const collections = [
  {
    ...common,
    slug: 'orders',
    fields: [
      number('number'),
      text('title'),
      select('status', ['pending', 'processing', 'shipped', 'cancelled']),
      number('total'),
      { name: 'paid', type: 'checkbox' },
      { name: 'placedAt', type: 'date' },
      select('sizes', ['s', 'm', 'l'], { hasMany: true }),
      text('keywords', { hasMany: true }),
      { name: 'content', type: 'json' },
      {
        name: 'address',
        type: 'group',
        fields: [text('city'), text('zip'), { name: 'geo', type: 'group', fields: [number('lat'), number('lng')] }],
      },
      { type: 'tabs', tabs: [{ name: 'meta', fields: [text('source'), text('campaign')] }] },
      {
        name: 'items',
        type: 'array',
        fields: [text('name'), number('quantity'), relation('product', 'products')],
      },
      {
        name: 'layout',
        type: 'blocks',
        blocks: [
          { slug: 'hero', fields: [text('heading')] },
          { slug: 'quote', fields: [text('words'), relation('author', 'customers')] },
        ],
      },
      relation('customer', 'customers'),
      relation('tags', 'tags', { hasMany: true }),
      relation('owner', ['customers', 'companies']),
      relation('parties', ['customers', 'companies'], { hasMany: true }),
    ],
  },
  {
    ...common,
    slug: 'customers',
    fields: [text('name'), relation('company', 'companies')],
  },
  { ...common, slug: 'companies', fields: [text('name')] },
  { ...common, slug: 'products', fields: [text('title'), number('price')] },
  { ...common, slug: 'tags', fields: [text('label')] },
  {
    ...common,
    slug: 'shelves',
    fields: [text('name'), { name: 'books', type: 'join', collection: 'books', on: 'shelf', defaultSort: 'title' }],
  },
  { ...common, slug: 'books', fields: [text('title'), relation('shelf', 'shelves')] },
  {
    ...common,
    slug: 'authors',
    fields: [
      text('name'),
      { name: 'works', type: 'join', collection: 'works', on: 'author', defaultSort: 'number', defaultLimit: 3 },
      { name: 'signed', type: 'join', collection: 'works', on: 'writers', defaultSort: '-number', maxDepth: 2 },
      {
        name: 'stock',
        type: 'group',
        fields: [
          {
            name: 'open',
            type: 'join',
            collection: 'works',
            on: 'owner',
            where: { status: { equals: 'open' } },
            defaultSort: 'number',
            defaultLimit: 0,
          },
        ],
      },
    ],
  },
  {
    ...common,
    slug: 'works',
    fields: [
      number('number'),
      text('title'),
      select('status', ['open', 'closed']),
      relation('author', 'authors'),
      relation('writers', 'authors', { hasMany: true }),
      relation('owner', ['authors', 'companies']),
    ],
  },
  {
    ...common,
    slug: 'clubs',
    fields: [
      text('name'),
      {
        name: 'events',
        type: 'join',
        collection: ['talks', 'walks'],
        on: 'club',
        defaultSort: '-number',
        defaultLimit: 3,
      },
      { name: 'all', type: 'join', collection: ['walks', 'talks'], on: 'club', defaultLimit: 0 },
      {
        name: 'open',
        type: 'join',
        collection: ['talks', 'walks'],
        on: 'club',
        where: { and: [{ status: { equals: 'open' } }, { relationTo: { equals: 'talks' } }] },
        defaultSort: 'number',
      },
      { name: 'talks', type: 'join', collection: 'talks', on: 'club', defaultSort: 'number', defaultLimit: 2 },
      {
        name: 'named',
        type: 'join',
        collection: 'walks',
        on: 'club',
        where: { label: { equals: 'long' } },
        defaultSort: 'number',
      },
    ],
  },
  {
    ...common,
    slug: 'talks',
    trash: true,
    fields: [
      number('number'),
      text('title'),
      select('status', ['open', 'closed']),
      relation('club', 'clubs'),
      { name: 'deletedAt', type: 'date' },
    ],
  },
  {
    ...common,
    slug: 'walks',
    fields: [number('number'), text('label', { localized: true }), relation('club', 'clubs')],
  },
  { slug: 'invoices', access, trash: true, fields: [number('number'), number('total')] },
  {
    ...common,
    slug: 'pages',
    fields: [
      number('number'),
      text('title', { localized: true }),
      { name: 'seo', type: 'group', fields: [text('words', { localized: true }), text('robots')] },
    ],
  },
  { access: { ...access, admin: anybody }, auth: true, slug: 'users', fields: [] },
]

/** @type {any[]} */
const globals = [
  {
    slug: 'settings',
    access: { read: anybody, update: anybody },
    fields: [
      text('siteName'),
      { name: 'address', type: 'group', fields: [text('city'), text('zip')] },
      relation('featured', 'products'),
    ],
  },
]

const slugs = [
  'orders', 'customers', 'companies', 'products', 'tags', 'books', 'shelves', 'works', 'authors', 'invoices', 'pages',
  'talks', 'walks', 'clubs',
]

/** What the plugin compiles from this config, by hand. */
export const SHAPES = {
  orders: {
    groups: ['address', 'address.geo', 'meta'],
    relations: {
      customer: 'customers',
      tags: 'tags',
      owner: ['customers', 'companies'],
      parties: ['customers', 'companies'],
      'items.product': 'products',
      'layout.author': 'customers',
    },
  },
  customers: { relations: { company: 'companies' } },
  shelves: { relations: { 'books.docs': 'books' } },
  books: { relations: { shelf: 'shelves' } },
  authors: {
    groups: ['stock'],
    relations: { 'works.docs': 'works', 'signed.docs': 'works', 'stock.open.docs': 'works' },
    joins: {
      works: { collection: 'works', on: 'author', sort: 'number', limit: 3 },
      signed: { collection: 'works', on: 'writers', sort: '-number', maxDepth: 2 },
      'stock.open': {
        collection: 'works',
        on: 'owner',
        where: { status: { equals: 'open' } },
        sort: 'number',
        limit: 0,
      },
    },
  },
  works: { relations: { author: 'authors', writers: 'authors', owner: ['authors', 'companies'] } },
  clubs: {
    relations: {
      'events.docs': ['talks', 'walks'],
      'all.docs': ['walks', 'talks'],
      'open.docs': ['talks', 'walks'],
      'talks.docs': 'talks',
      'named.docs': 'walks',
    },
    joins: {
      events: { collection: ['talks', 'walks'], on: 'club', sort: '-number', limit: 3 },
      all: { collection: ['walks', 'talks'], on: 'club', sort: 'id', limit: 0 },
      open: {
        collection: ['talks', 'walks'],
        on: 'club',
        where: { and: [{ status: { equals: 'open' } }, { relationTo: { equals: 'talks' } }] },
        sort: 'number',
      },
      talks: { collection: 'talks', on: 'club', sort: 'number', limit: 2 },
      named: { collection: 'walks', on: 'club', where: { label: { equals: 'long' } }, sort: 'number' },
    },
  },
  talks: { relations: { club: 'clubs' }, trash: true },
  walks: { relations: { club: 'clubs' }, localized: ['label'] },
  companies: {},
  products: {},
  tags: {},
  invoices: { trash: true },
  pages: { groups: ['seo'], localized: ['title', 'seo.words'] },
  'global:settings': { groups: ['address'], relations: { featured: 'products' } },
}

export async function openVectorShop() {
  const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-vectors-'))
  const config = await testConfig({
    collections,
    globals,
    localization: { locales: ['en', 'de'], defaultLocale: 'en', fallback: false },
    db: sqliteAdapter({
      client: { url: pathToFileURL(path.join(folder, 'shop.db')).href },
      allowIDOnCreate: true,
    }),
  })
  const payload = /** @type {any} */ (await getPayload({ config }))
  /** The collections that may hold documents. */
  const filled = new Set(slugs)

  return {
    /**
     * Makes these the only documents there are.
     * @param {Record<string, any>} documents by collection, or of a global
     */
    async seed(documents) {
      for (const slug of slugs.filter((slug) => filled.has(slug))) {
        await payload.delete({ collection: slug, where: {}, trash: true })
        filled.delete(slug)
      }
      for (const slug of Object.keys(documents)) filled.add(slug)
      for (const [slug, items] of Object.entries(documents)) {
        if (slug.startsWith('global:')) await payload.updateGlobal({ slug: slug.slice(7), data: items })
        else for (const { localized, ...data } of items) await seedOne(slug, data, localized)
      }
    },

    /** @param {any} query @returns {Promise<any>} the answer as JSON */
    async ask({ type, global, ...args }) {
      return JSON.parse(JSON.stringify(await payload[type]({ ...args, ...(global && { slug: global }) })))
    },

    /** @param {any} operation */
    async apply({ type, collection, id, data, locale }) {
      filled.add(collection)
      if (collection === 'global') await payload.updateGlobal({ slug: id, data })
      else if (type === 'create') await payload.create({ collection, data: { ...data, id } })
      else if (type === 'update') await payload.update({ collection, id, data, locale, trash: true })
      else await payload.delete({ collection, id, trash: true })
    },

    /** @param {string} collection @param {any} id @returns {Promise<any>} the whole document at depth 0, or null */
    async stored(collection, id) {
      const document = await payload.findByID({ collection, id, depth: 0, disableErrors: true, trash: true })
      return JSON.parse(JSON.stringify(document))
    },

    async close() {
      await payload.destroy()
      await rm(folder, { recursive: true })
    },
  }

  /**
   * @param {string} collection
   * @param {any} data
   * @param {Record<string, any>} [localized] data by locale
   */
  async function seedOne(collection, data, localized = {}) {
    await payload.create({ collection, data })
    for (const [locale, members] of Object.entries(localized)) {
      await payload.update({ collection, id: data.id, data: members, locale })
    }
  }
}
