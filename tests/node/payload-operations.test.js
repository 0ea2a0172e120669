/**
 * Every operation of Payload that writes: while the database is written a mutation is pending, afterwards none is, and
 * what was read through a view before is answered as the database answers it now. What an operation must leave alone
 * stays a hit.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { copyDataFromLocaleHandler } from '@payloadcms/ui/utilities/copyDataFromLocale'
import { schedulePublishHandler } from '@payloadcms/ui/utilities/schedulePublishHandler'
import { createLocalReq, getPayload } from 'payload'
import { v7 as newToken } from 'uuid'
import { cacheOf, optimisticCache } from '../../lib/payload/index.js'
import { WRITES } from '../../lib/payload/targets.js'
import { ServerView } from '../../lib/next/server-view.js'
import { openAccess as access, testConfig } from './support/config.js'

const text = (/** @type {string} */ name, more = {}) => /** @type {any} */ ({ name, type: 'text', ...more })

/** @type {any} */
let payload
/** @type {import('../../lib/index.js').Cache} */
let cache
/** @type {string} */
let folder
/** Pending mutations each time the adapter was about to write what is bracketed. @type {number[]} */
let pendingAtWrites = []

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'optimistic-operations-'))
  const config = await testConfig({
    localization: { locales: ['en', 'de'], defaultLocale: 'en' },
    collections: [
      { slug: 'orders', access, fields: [text('note'), { name: 'page', type: 'relationship', relationTo: 'pages' }] },
      {
        slug: 'pages',
        access,
        trash: true,
        versions: { drafts: { autosave: true, schedulePublish: true } },
        fields: [text('title'), text('local', { localized: true })],
      },
      { slug: 'media', access, upload: { staticDir: folder }, fields: [text('alt')] },
      { slug: 'users', access, auth: { verify: true, maxLoginAttempts: 2 }, fields: [text('name')] },
    ],
    globals: [{ slug: 'settings', access, versions: { drafts: true }, fields: [text('motto')] }],
    jobs: { deleteJobOnComplete: false, tasks: [{ slug: 'nothing', handler: () => ({ output: {} }) }] },
    db: withWatch(
      sqliteAdapter({
        client: { url: pathToFileURL(path.join(folder, 'operations.db')).href },
        transactionOptions: {},
        wal: true,
      }),
    ),
    email: () => ({
      name: 'none',
      defaultFromAddress: 'a@example.com',
      defaultFromName: 'A',
      sendEmail: async () => {},
    }),
    plugins: [
      optimisticCache({
        name: `operations-${process.pid}`,
        collections: { orders: true, pages: true, media: true, users: true, 'payload-jobs': true },
        globals: { settings: true },
      }),
    ],
  })
  payload = await getPayload({ config, key: 'operations' })
  cache = cacheOf(payload)
})
after(async () => {
  await payload.destroy()
  await rm(folder, { recursive: true })
})

/** Lies between the plugin and the database. @param {any} adapter */
const withWatch = (adapter) => ({
  ...adapter,
  init(/** @type {any} */ context) {
    const db = adapter.init(context)
    for (const name of Object.keys(WRITES)) {
      const write = db[name]
      db[name] = function (/** @type {any} */ args) {
        const about = `${args.collection ?? args.collectionSlug ?? args.slug ?? args.globalSlug ?? args.global ?? name}`
        if (cache && /orders|pages|media|users|settings|updateJobs|payload-jobs$/.test(about)) {
          pendingAtWrites.push(cache.stats().mutationsPending)
        }
        return write.call(this, args)
      }
    }
    return db
  },
})

const view = () => new ServerView({ payload, user: null, cache, view: cache.view({}) })

/** What pages show of everything. @type {Record<string, (from: any) => Promise<any>>} */
const reads = {
  orders: (from) => from.find({ collection: 'orders', overrideAccess: true, sort: 'id' }),
  pages: (from) => from.find({ collection: 'pages', overrideAccess: true, sort: 'id' }),
  german: (from) => from.find({ collection: 'pages', locale: 'de', overrideAccess: true, sort: 'id' }),
  drafts: (from) => from.find({ collection: 'pages', draft: true, overrideAccess: true, sort: 'id' }),
  trashed: (from) => from.find({ collection: 'pages', trash: true, overrideAccess: true, sort: 'id' }),
  count: (from) => from.count({ collection: 'pages', overrideAccess: true }),
  media: (from) => from.find({ collection: 'media', overrideAccess: true, sort: 'id' }),
  users: (from) => from.find({ collection: 'users', overrideAccess: true, sort: 'id' }),
  jobs: (from) => from.find({ collection: 'payload-jobs', overrideAccess: true, sort: 'id' }),
  settings: (from) => from.findGlobal({ slug: 'settings', overrideAccess: true }),
  draftSettings: (from) => from.findGlobal({ slug: 'settings', draft: true, overrideAccess: true }),
}

/** @param {any} from @returns {Promise<any>} */
const readAll = async (from) =>
  JSON.parse(
    JSON.stringify(
      Object.fromEntries(
        await Promise.all(Object.entries(reads).map(async ([name, read]) => [name, await read(from)])),
      ),
    ),
  )

const file = () => ({ data: Buffer.from('a'), mimetype: 'text/plain', name: `${Math.random()}.txt`, size: 1 })
const page = (data = {}) =>
  payload.create({ collection: 'pages', data: { title: 'old', _status: 'published', ...data } })
const user = async () => {
  const data = { email: `${Math.random()}@example.com`, password: 'a password', _verified: true }
  return { ...data, ...(await payload.create({ collection: 'users', data, showHiddenFields: true })) }
}
/** What a server function of the admin panel gets. */
const adminReq = async () => createLocalReq({ user: { ...(await user()), collection: 'users' } }, payload)
const inDb = (/** @type {string} */ collection, /** @type {any} */ id) =>
  payload.db.findOne({ collection, where: { id: { equals: id } } })

/**
 * Name → what comes before, what is done with it, and the reads that must stay hits.
 * @type {Record<string, [() => any, (made: any) => any, string[]?]>}
 */
const operations = {
  create: [() => {}, () => page(), ['settings', 'users']],
  'create of a draft': [() => {}, () => payload.create({ collection: 'pages', draft: true, data: { title: 'draft' } })],
  updateByID: [page, ({ id }) => payload.update({ collection: 'pages', id, data: { title: 'new' } }), ['settings']],
  'update in bulk': [
    page,
    () => payload.update({ collection: 'pages', where: { title: { equals: 'old' } }, data: { title: 'bulk' } }),
  ],
  'a draft saved': [
    page,
    ({ id }) => payload.update({ collection: 'pages', id, draft: true, data: { title: 'draft' } }),
    ['pages', 'german', 'count', 'settings'],
  ],
  'an autosave': [
    page,
    ({ id }) => payload.update({ collection: 'pages', id, draft: true, autosave: true, data: { title: 'auto' } }),
    ['pages', 'count'],
  ],
  'a localized write': [
    page,
    ({ id }) => payload.update({ collection: 'pages', id, locale: 'de', data: { local: 'neu' } }),
    ['settings'],
  ],
  trash: [page, ({ id }) => payload.update({ collection: 'pages', id, data: { deletedAt: new Date().toISOString() } })],
  'restore from trash': [
    () => page({ deletedAt: new Date().toISOString() }),
    ({ id }) => payload.update({ collection: 'pages', id, trash: true, data: { deletedAt: null } }),
  ],
  duplicate: [page, ({ id }) => payload.duplicate({ collection: 'pages', id })],
  restoreVersion: [
    async () => {
      const { id } = await page()
      await payload.update({ collection: 'pages', id, data: { title: 'second' } })
      const { docs } = await payload.findVersions({
        collection: 'pages',
        where: { parent: { equals: id } },
        sort: 'updatedAt',
      })
      return docs[0]
    },
    ({ id }) => payload.restoreVersion({ collection: 'pages', id }),
  ],
  deleteByID: [page, ({ id }) => payload.delete({ collection: 'pages', id }), ['settings']],
  'delete of what another document refers to': [
    async () => {
      const made = await page()
      await payload.create({ collection: 'orders', data: { page: made.id } })
      return made
    },
    ({ id }) => payload.delete({ collection: 'pages', id }),
  ],
  'delete in bulk': [page, () => payload.delete({ collection: 'pages', where: { title: { equals: 'old' } } })],
  'an upload': [() => {}, () => payload.create({ collection: 'media', data: { alt: 'a' }, file: file() }), ['pages']],
  'an upload replaced': [
    () => payload.create({ collection: 'media', data: { alt: 'a' }, file: file() }),
    ({ id }) => payload.update({ collection: 'media', id, data: {}, file: file() }),
  ],
  'update of a global': [
    () => {},
    () => payload.updateGlobal({ slug: 'settings', data: { motto: 'new', _status: 'published' } }),
    ['pages'],
  ],
  'a draft of a global': [
    () => {},
    () => payload.updateGlobal({ slug: 'settings', draft: true, data: { motto: 'draft' } }),
    ['settings', 'pages'],
  ],
  'restoreVersion of a global': [
    async () => {
      await payload.updateGlobal({ slug: 'settings', data: { motto: 'last', _status: 'published' } })
      return (await payload.findGlobalVersions({ slug: 'settings', sort: 'updatedAt' })).docs[0]
    },
    ({ id }) => payload.restoreGlobalVersion({ slug: 'settings', id }),
  ],
  login: [user, (one) => payload.login({ collection: 'users', data: one }), ['pages', 'settings']],
  'a login that fails': [
    user,
    ({ email }) => payload.login({ collection: 'users', data: { email, password: 'no' } }).catch(() => {}),
  ],
  unlock: [
    async () => {
      const one = await user()
      for (let i = 0; i < 2; i++)
        await payload.login({ collection: 'users', data: { ...one, password: 'no' } }).catch(() => {})
      return one
    },
    ({ email }) => payload.unlock({ collection: 'users', data: { email }, overrideAccess: true }),
  ],
  forgotPassword: [
    user,
    ({ email }) => payload.forgotPassword({ collection: 'users', data: { email }, disableEmail: true }),
  ],
  resetPassword: [
    async () => {
      const { email } = await user()
      return payload.forgotPassword({ collection: 'users', data: { email }, disableEmail: true })
    },
    (token) =>
      payload.resetPassword({ collection: 'users', data: { token, password: 'another' }, overrideAccess: true }),
  ],
  verifyEmail: [
    async () => {
      const data = { email: `${Math.random()}@example.com`, password: 'a password' }
      const { id } = await payload.create({ collection: 'users', data, disableVerificationEmail: true })
      return (await inDb('users', id))._verificationToken
    },
    (token) => payload.verifyEmail({ collection: 'users', token }),
  ],
  'a job queued': [() => {}, () => payload.jobs.queue({ task: 'nothing', input: {} }), ['pages', 'settings']],
  'the admin panel’s copy of data from a locale': [
    async () => ({ ...(await page({ local: 'english' })), req: await adminReq() }),
    async ({ id, req }) => {
      const between = { fromLocale: 'en', toLocale: 'de', overrideData: true }
      await copyDataFromLocaleHandler(/** @type {any} */ ({ collectionSlug: 'pages', docID: id, ...between, req }))
      assert.equal((await payload.findByID({ collection: 'pages', id, locale: 'de' })).local, 'english')
    },
    ['orders', 'settings', 'users'],
  ],
  'the admin panel’s schedule of a publication': [
    async () => ({ ...(await page()), req: await adminReq() }),
    async ({ id, req }) => {
      const doc = { relationTo: 'pages', value: id }
      const answer = await schedulePublishHandler({ type: 'publish', date: new Date(), doc, req, timezone: 'UTC' })
      assert.equal(answer.error, undefined)
    },
    ['pages', 'settings', 'users'],
  ],
  'jobs run': [() => payload.jobs.queue({ task: 'nothing', input: {} }), () => payload.jobs.run({ sequential: true })],
  'payload.db.updateMany': [
    page,
    () => payload.db.updateMany({ collection: 'pages', where: { title: { equals: 'old' } }, data: { title: 'db' } }),
  ],
  'payload.db.updateMany of nothing': [
    () => {},
    () => payload.db.updateMany({ collection: 'pages', where: { title: { equals: 'none' } }, data: { title: 'db' } }),
  ],
  'payload.db.deleteMany': [
    page,
    () => payload.db.deleteMany({ collection: 'pages', where: { title: { equals: 'old' } } }),
  ],
  'payload.db.deleteMany of nothing': [
    () => {},
    () => payload.db.deleteMany({ collection: 'pages', where: { title: { equals: 'none' } } }),
  ],
}

for (const [name, [prepare, act, kept = []]] of Object.entries(operations)) {
  test(`${name} is bracketed and settled, and leaves no stale answer`, async () => {
    const made = await prepare()
    await readAll(view())
    pendingAtWrites = []
    await act(made)
    assert.ok(pendingAtWrites.length > 0, 'nothing was written')
    assert.ok(
      pendingAtWrites.every((pending) => pending > 0),
      'a write was not bracketed',
    )
    assert.equal(cache.stats().mutationsPending, 0)
    for (const one of kept) {
      const { misses } = cache.stats()
      await reads[one](view())
      assert.equal(cache.stats().misses, misses, `${one} was dropped`)
    }
    assert.deepEqual(await readAll(view()), await readAll(payload))
  })
}

test('what is in flight for the published state of a global is not laid over its draft', async () => {
  const token = newToken()
  const type = /** @type {const} */ ('update')
  const operations = [{ type, collection: 'global', id: 'settings', data: { motto: 'x' } }]
  cache.begin(token, { principal: 'anonymous', operations })
  const pending = cache.view({ principal: 'anonymous', tokens: [token] })
  const page = new ServerView({ payload, user: null, cache, view: pending })
  assert.equal((await page.findGlobal({ slug: 'settings', overrideAccess: true })).motto, 'x')
  assert.notEqual((await page.findGlobal({ slug: 'settings', draft: true, overrideAccess: true })).motto, 'x')
  cache.rollback(token)
})
