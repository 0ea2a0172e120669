// Documents whose ids are texts, numbers of the user's own, or UUIDs: followed in lists, alone, and through relations.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { v7 as newToken } from 'uuid'
import { ServerView } from '../../lib/next/server-view.js'
import { openAccess as access } from './support/config.js'
import { gate, openShop } from './support/payload.js'

/**
 * What kind → the type of a field `id`, where there is one, and the ids of two documents.
 * @type {Record<string, { type?: 'text' | 'number', ids: (string | number | undefined)[] }>}
 */
const KINDS = {
  text: { type: 'text', ids: ['41', 'a "quoted" id/ä'] },
  number: { type: 'number', ids: [41, 7] },
  uuid: { ids: [undefined, undefined] },
}

for (const [kind, { type, ids }] of Object.entries(KINDS)) {
  test(`a change is shown, replayed and taken away where ids are of the kind ${kind}`, async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-ids-'))
    let held = gate()
    const name = { name: 'name', type: /** @type {const} */ ('text') }
    const idType = kind === 'uuid' ? /** @type {const} */ ('uuid') : 'number'
    const shop = await openShop({
      folder,
      plugin: { name: `ids-${kind}-${process.pid}`, collections: { things: true, holders: true } },
      settings: {
        db: sqliteAdapter({
          client: { url: pathToFileURL(path.join(folder, 'ids.db')).href },
          idType,
          transactionOptions: {},
          wal: true,
        }),
        collections: [
          {
            slug: 'things',
            access,
            hooks: { beforeChange: [({ operation }) => (operation === 'update' ? held.wait() : undefined)] },
            fields: type ? [{ name: 'id', type, required: true }, name] : [name],
          },
          { slug: 'holders', access, fields: [{ name: 'thing', type: 'relationship', relationTo: 'things' }] },
          { slug: 'users', access, auth: true, fields: [] },
        ],
      },
    })
    t.after(async () => {
      await shop.close()
      await rm(folder, { recursive: true })
    })
    const { cache } = shop
    const payload = /** @type {any} */ (shop.payload)
    const create = (/** @type {string | number | undefined} */ id) =>
      payload.create({ collection: 'things', data: { name: 'old', ...(id !== undefined && { id }) } })
    const [first, second] = [await create(ids[0]), await create(ids[1])]
    for (const thing of [first, second]) await payload.create({ collection: 'holders', data: { thing: thing.id } })

    /** @param {any} from */
    const readAll = async (from) =>
      JSON.parse(
        JSON.stringify([
          (await from.find({ collection: 'things', depth: 0, sort: 'id', overrideAccess: true })).docs,
          (await from.find({ collection: 'holders', depth: 1, sort: 'id', overrideAccess: true })).docs,
          await from.findByID({ collection: 'things', id: first.id, disableErrors: true, overrideAccess: true }),
          await from.findByID({ collection: 'things', id: second.id, disableErrors: true, overrideAccess: true }),
          (await from.count({ collection: 'things', overrideAccess: true })).totalDocs,
        ]),
      )
    const view = (/** @type {string[]} */ tokens = []) =>
      new ServerView({ payload, user: null, cache, view: cache.view({ principal: 'anonymous', tokens }), tokens })
    /** @param {any} thing @param {any} answers @returns {string[]} what it is called in each */
    const namesOf = (thing, [things, holders, ...single]) =>
      [...things, ...holders.map((/** @type {any} */ holder) => holder.thing), ...single]
        .filter((one) => one?.id === thing.id)
        .map(({ name }) => name)

    assert.deepEqual(await readAll(view()), await readAll(payload))
    const { misses } = cache.stats()
    for (const thing of [first, second]) {
      held = gate()
      const token = newToken()
      const sent = shop.rest('PATCH', `/things/${encodeURIComponent(thing.id)}`, { data: { name: 'new' }, token })
      await held.arrived
      const [{ operations }] = view([token]).pending
      assert.equal(operations[0].id, thing.id, 'the id is of the type that the database has')
      assert.deepEqual(namesOf(thing, await readAll(view([token]))), ['new', 'new', 'new'])
      assert.deepEqual(namesOf(thing, await readAll(view())), ['old', 'old', 'old'])
      held.open()
      assert.equal((await sent).status, 200)
      assert.deepEqual(namesOf(thing, await readAll(view())), ['new', 'new', 'new'])
    }
    assert.equal(cache.stats().misses, misses, 'an answer was loaded, not replayed')
    assert.deepEqual(await readAll(view()), await readAll(payload))

    await payload.delete({ collection: 'things', id: second.id })
    assert.deepEqual(await readAll(view()), await readAll(payload))
    await payload.delete({ collection: 'things', id: first.id })
    assert.deepEqual(await readAll(view()), await readAll(payload))
  })
}

test('a document whose id is too long for the cache is written and read all the same, and never stale', async (t) => {
  const shop = await openShop({
    plugin: { name: `ids-long-${process.pid}`, collections: { things: true, holders: true } },
    settings: {
      collections: [
        { slug: 'things', access, fields: [{ name: 'id', type: 'text' }, { name: 'name', type: 'text' }] },
        { slug: 'holders', access, fields: [{ name: 'thing', type: 'relationship', relationTo: 'things' }] },
        { slug: 'users', access, auth: true, fields: [] },
      ],
    },
  })
  t.after(() => shop.close())
  const { cache } = shop
  const payload = /** @type {any} */ (shop.payload)
  const id = 'x'.repeat(3000)
  const asked = /** @type {any[]} */ ([
    { collection: 'things', sort: 'id' },
    { collection: 'things', sort: 'id', limit: 1 },
    { collection: 'holders', depth: 0 },
    { collection: 'holders', depth: 1 },
  ])
  const same = async (/** @type {string} */ what) => {
    const own = cache.view({ principal: 'anonymous', tokens: [] })
    const view = new ServerView({ payload, user: null, cache, view: own })
    for (const args of asked) {
      const truth = await payload.find({ ...args })
      assert.equal(JSON.stringify(await view.find(args)), JSON.stringify(truth), `${what}: ${JSON.stringify(args)}`)
    }
    view.close()
    assert.equal(cache.stats().mutationsPending, 0)
  }
  await payload.create({ collection: 'things', data: { id: 'a', name: 'short' } })
  await same('before')
  await payload.create({ collection: 'things', data: { id, name: 'old' } })
  const { id: holder } = await payload.create({ collection: 'holders', data: { thing: id } })
  await same('a create')
  await payload.update({ collection: 'things', id, data: { name: 'new' } })
  await same('an update')
  const token = newToken()
  const sent = await shop.rest('PATCH', `/things/${id}`, { data: { name: 'newer' }, token })
  assert.deepEqual([sent.status, cache.status(token, 'anonymous')?.state], [200, 'committed'])
  await same('an update with a token')
  await payload.update({ collection: 'things', where: { id: { in: ['a', id] } }, data: { name: 'both' } })
  await same('a bulk update')
  await payload.update({ collection: 'holders', id: holder, data: { thing: 'a' } })
  await same('an update of what refers to it')
  await payload.delete({ collection: 'things', id })
  await same('a delete')
})
