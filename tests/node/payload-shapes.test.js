/**
 * From a Payload config to shapes, and from a request's data to what its owner is shown.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { changesBetween, translationsIn } from '../../lib/payload/changes.js'
import { optimisticCache } from '../../lib/payload/index.js'
import { idsOfWhere, overlayData } from '../../lib/payload/operations.js'
import { planOf } from '../../lib/payload/plans.js'
import { isRefusal } from '../../lib/payload/outcome.js'
import { compileCollections, draftShape, readRules, referrersOf } from '../../lib/payload/shapes.js'
import { openShop } from './support/payload.js'
import { testConfig } from './support/config.js'

/**
 * @param {any[]} collections
 * @param {any} [config]
 */
const build = (collections, config) =>
  testConfig({
    collections: [...collections, { slug: 'customers', fields: [{ name: 'name', type: 'text' }] }],
    db: sqliteAdapter({ client: { url: 'file::memory:' } }),
    ...config,
  })

/**
 * @param {any[]} fields of the collection `orders`
 * @param {any} [more] of it
 * @param {any} [config]
 */
async function compile(fields, more, config) {
  const built = await build([{ slug: 'orders', fields, ...more }], config)
  const collections = Object.fromEntries(
    built.collections.map((collection) => [collection.slug, { config: collection }]),
  )
  return compileCollections(/** @type {any} */ (collections), /** @type {any} */ (built.blocks ?? []), ['orders'])
}

/** @param {any[]} fields @param {any} [more] @param {any} [config] */
const shapeOf = async (fields, more, config) => (await compile(fields, more, config)).get('orders')?.shape

const text = (/** @type {string} */ name) => ({ name, type: 'text' })
const customer = { name: 'customer', type: 'relationship', relationTo: 'customers' }

test('relations are found through rows, tabs, groups, arrays and blocks, also referenced ones', async () => {
  const shape = await shapeOf(
    [
      { type: 'row', fields: [customer] },
      { type: 'collapsible', label: 'More', fields: [{ ...customer, name: 'payer' }] },
      {
        type: 'tabs',
        tabs: [
          { label: 'Unnamed', fields: [{ ...customer, name: 'owner' }] },
          { name: 'tab', fields: [{ ...customer, name: 'contact', hasMany: true }] },
        ],
      },
      { name: 'address', type: 'group', fields: [text('city'), { name: 'geo', type: 'group', fields: [text('lat')] }] },
      { type: 'group', label: 'Without a name', fields: [{ ...customer, name: 'loose' }] },
      { name: 'items', type: 'array', fields: [{ ...customer, name: 'for' }] },
      { name: 'layout', type: 'blocks', blocks: [{ slug: 'hero', fields: [{ ...customer, name: 'star' }] }] },
      { name: 'shared', type: 'blocks', blocks: [], blockReferences: ['quote'] },
    ],
    undefined,
    { blocks: [{ slug: 'quote', fields: [{ ...customer, name: 'author' }] }] },
  )
  const targets = ['customer', 'items.for', 'layout.star', 'loose', 'owner', 'payer', 'shared.author', 'tab.contact']
  assert.deepEqual(Object.keys(shape?.relations ?? {}).sort(), targets)
  assert.deepEqual(new Set(Object.values(shape?.relations ?? {})), new Set(['customers']))
  assert.deepEqual(shape?.groups.sort(), ['address', 'address.geo', 'tab'])
  assert.equal(shape?.opaque, undefined)
})

test('what relations lead to gets a shape, what they do not lead to gets none', async () => {
  const logs = { slug: 'logs', fields: [text('line')] }
  const built = await build([{ slug: 'orders', fields: [customer] }, logs])
  const collections = Object.fromEntries(
    built.collections.map((collection) => [collection.slug, { config: collection }]),
  )
  const compiled = compileCollections(/** @type {any} */ (collections), [], ['orders'])
  assert.deepEqual([...compiled.keys()], ['orders', 'customers'])
  assert.deepEqual(referrersOf(compiled, 'customers'), ['orders'])
})

const afterRead = [() => 'anything']
/** @type {Record<string, [any[], any?, any?]>} */
const opaque = {
  'a field hook afterRead': [[{ ...text('note'), hooks: { afterRead } }]],
  'a field hook afterRead in an array': [
    [{ name: 'items', type: 'array', fields: [{ ...text('note'), hooks: { afterRead } }] }],
  ],
  'field access read': [[{ ...text('note'), access: { read: () => true } }]],
  'a virtual field': [[{ ...text('note'), virtual: true }]],
  drafts: [[text('note')], { versions: { drafts: true } }],
  'log-in': [[text('note')], { auth: true }],
  'a collection hook afterRead': [[text('note')], { hooks: { afterRead: [() => {}] } }],
  'a collection hook beforeRead': [[text('note')], { hooks: { beforeRead: [() => {}] } }],
  'a collection hook afterOperation': [[text('note')], { hooks: { afterOperation: [() => {}] } }],
}

for (const [what, args] of Object.entries(opaque)) {
  test(`a collection with ${what} is opaque`, async () => {
    assert.equal((await shapeOf(...args))?.opaque, true)
  })
}

test('a relation to several collections keeps its targets, so that entries depend on what they show', async () => {
  const shape = await shapeOf([{ ...customer, relationTo: ['customers', 'orders'] }])
  assert.deepEqual(shape?.relations.customer, ['customers', 'orders'])
  assert.equal(shape?.opaque, undefined)
})

test('localized fields are named wherever they are, and make nothing opaque', async () => {
  const local = (/** @type {string} */ name) => ({ ...text(name), localized: true })
  const shape = await shapeOf(
    [
      local('note'),
      { name: 'seo', type: 'group', fields: [local('words')] },
      { name: 'rows', type: 'array', fields: [local('hint')] },
    ],
    undefined,
    { localization: { locales: ['en', 'de'], defaultLocale: 'en' } },
  )
  assert.deepEqual(shape?.localized, ['note', 'seo.words', 'rows.hint'])
  assert.equal(shape?.opaque, undefined)
})

test('a collection says whether it has a trash, and a member what its value does not tell', async () => {
  const rows = { name: 'rows', type: 'array', fields: [{ name: 'due', type: 'date' }] }
  const tags = { name: 'tags', type: 'text', hasMany: true }
  const shape = await shapeOf([rows, tags, { name: 'meta', type: 'json' }, text('note')], { trash: true })
  assert.equal(shape?.trash, true)
  const { deletedAt, createdAt, updatedAt, ...kinds } = shape?.kinds ?? {}
  assert.deepEqual(kinds, { rows: 'rows', 'rows.due': 'date', tags: 'rows', meta: 'json' })
  assert.deepEqual([deletedAt, createdAt, updatedAt], ['date', 'date', 'date'])
})

test("a value of another document's is never kept, nor a join that asks one, one of several by tags", async () => {
  const virtual = await compile([customer, { ...text('customerName'), virtual: 'customer.name' }])
  assert.equal(readRules(virtual, virtual.get('orders'), 0).cacheable, false)
  const joined = (/** @type {object} */ more) =>
    compile([
      { name: 'parts', type: 'join', collection: 'orders', on: 'whole', ...more },
      { ...customer, name: 'whole', relationTo: 'orders' },
    ])
  const join = await joined({ where: { id: { exists: true } } })
  assert.equal(join.get('orders')?.shape.relations['parts.docs'], 'orders')
  assert.deepEqual(readRules(join, join.get('orders'), 2), { cacheable: true, tags: [], joined: ['orders'] })
  assert.equal(join.get('orders')?.shape.opaque, undefined)
  assert.deepEqual(referrersOf(join, 'customers'), [], 'what only a join shows refers to nothing')
  const several = await joined({ collection: ['orders'] })
  assert.deepEqual(readRules(several, several.get('orders'), 2), { cacheable: true, tags: ['orders'], joined: [] })
  for (const more of [{ where: { and: [{ 'whole.id': { exists: true } }] } }, { defaultSort: 'whole.id' }]) {
    const asking = await joined(more)
    assert.equal(readRules(asking, asking.get('orders'), 0).cacheable, false)
  }
  const plain = await compile([customer])
  assert.deepEqual(readRules(plain, plain.get('orders'), 2), { cacheable: true, tags: [], joined: [] })
  assert.equal(readRules(plain, plain.get('logs'), 0).cacheable, false)
})

test('a join says of which collections, by what, in which order, and how many it shows', async () => {
  const of = (/** @type {any} */ collection, /** @type {object} */ more) => ({
    name: 'parts', type: 'join', collection, on: 'whole', ...more,
  })
  const whole = { ...customer, name: 'whole', relationTo: 'orders' }
  const where = { note: { equals: 'x' } }
  const joins = async (/** @type {any[]} */ ...fields) => (await shapeOf([...fields, whole]))?.joins
  assert.deepEqual(await joins(of('orders', { defaultLimit: 3, defaultSort: '-note', maxDepth: 2, where })), {
    parts: { collection: 'orders', on: 'whole', where, sort: '-note', limit: 3, maxDepth: 2 },
  })
  const group = { name: 'in', type: 'group', fields: [of('orders', {})] }
  assert.deepEqual(await joins(group), { 'in.parts': { collection: 'orders', on: 'whole', maxDepth: 1 } })
  const several = { collection: ['orders'], on: 'whole', maxDepth: 1 }
  assert.deepEqual(await joins(of(['orders'], {})), { parts: several })
  const timeless = await shapeOf([of(['orders'], {}), whole], { timestamps: false })
  assert.deepEqual(timeless?.joins, { parts: { ...several, sort: 'id' } })
  const shape = await shapeOf([of('orders', {}), whole])
  assert.equal(shape && 'joins' in draftShape(shape), false, 'drafts are joined to drafts, and these are not followed')
})

test('relations of one name, but to two collections, are not kept with their documents', async () => {
  const to = (/** @type {string} */ slug, /** @type {string} */ relationTo) => ({
    slug,
    fields: [{ name: 'shown', type: 'relationship', relationTo }],
  })
  const compiled = await compile([
    { name: 'layout', type: 'blocks', blocks: [to('one', 'customers'), to('two', 'orders')] },
  ])
  assert.deepEqual(readRules(compiled, compiled.get('orders'), 0), {
    cacheable: true, tags: ['customers', 'orders'], joined: [],
  })
  assert.equal(readRules(compiled, compiled.get('orders'), 1).cacheable, false)
})

test('a slug that no collection has stops Payload with a sentence that names it', async () => {
  await assert.rejects(openShop({ plugin: { collections: /** @type {any} */ ({ orders: true, custommers: true }) } }), {
    code: 'ERR_OPTIMISTIC_ARGUMENT',
    message: /does not exist: "custommers"; there are "orders", "customers"/,
  })
})

for (const [what, options] of Object.entries({
  nothing: undefined,
  'a list': { collections: ['orders'] },
  'a slug that is false': { collections: { orders: false } },
  'a ttl of 0': { collections: { orders: true }, ttl: 0 },
})) {
  test(`the plugin does not take ${what}`, () => {
    assert.throws(() => optimisticCache(/** @type {any} */ (options)), { code: 'ERR_OPTIMISTIC_ARGUMENT' })
  })
}

test('the overlay takes values as the database will have them, and leaves out what it cannot tell', async () => {
  const fields = [
    { name: 'total', type: 'number' },
    { name: 'paid', type: 'checkbox' },
    { name: 'due', type: 'date' },
    { name: 'meta', type: 'json' },
    { ...text('secret'), hidden: true },
    { ...text('price'), access: { update: () => false } },
    customer,
    { name: 'items', type: 'array', fields: [text('product'), { ...text('cost'), hidden: true }] },
    { name: 'address', type: 'group', fields: [text('city'), { ...text('geo'), hidden: true }] },
  ]
  const [{ flattenedFields }] = (await build([{ slug: 'orders', fields }])).collections
  const shown = (/** @type {any} */ data) => overlayData(data, flattenedFields)
  assert.deepEqual(shown({ total: '12', paid: true, due: '2026-01-02', customer: 3 }), {
    total: 12,
    paid: true,
    due: '2026-01-02T00:00:00.000Z',
    customer: 3,
  })
  assert.deepEqual(shown({ total: null, address: { city: 'Aa', geo: 'x' } }), { total: null, address: { city: 'Aa' } })
  assert.deepEqual(shown({ items: [{ product: 'tea' }] }), { items: [{ product: 'tea' }] })
  const nothing = [
    { total: 'x', paid: 'yes', due: 'soon', meta: {}, customer: {} },
    { secret: 'x', price: 'x', id: 1 },
  ]
  const unclear = [{ items: [{ product: 'tea', cost: '1' }] }, { items: 'x', address: [] }, null, 'x', []]
  for (const data of [...nothing, ...unclear]) assert.equal(shown(data), undefined)
})

test('ids are taken from a where that asks for nothing else', () => {
  assert.deepEqual(idsOfWhere({ id: { equals: 7 } }), [7])
  assert.deepEqual(idsOfWhere({ id: { in: [7, 8] } }), [7, 8])
  assert.deepEqual(idsOfWhere({ id: { in: '7,8' } }), ['7', '8'])
  assert.deepEqual(idsOfWhere({ and: [{ id: { equals: 7 } }] }), [7])
  const others = [undefined, {}, { id: { not_in: [7] } }, { id: { in: [7], not_equals: 7 } }, { status: { equals: 7 } }]
  const more = [{ id: { equals: 7 }, status: { equals: 'x' } }, { or: [{ id: { equals: 7 } }] }, { and: [{}, {}] }]
  for (const where of [...others, ...more]) assert.equal(idsOfWhere(where), undefined)
})

test('a change is exact only where no member came or went', () => {
  const before = { id: 1, note: 'a', tags: [1], address: { city: 'Aa', zip: null } }
  assert.deepEqual(changesBetween(before, { ...before, note: 'b' }, []), {
    data: { note: 'b' },
    previous: { note: 'a' },
  })
  assert.deepEqual(changesBetween(before, { ...before, tags: [1] }, []), { data: {}, previous: {} })
  assert.equal(changesBetween(before, { ...before, extra: 1 }, []), undefined)
  const { note: _, ...without } = before
  assert.equal(changesBetween(before, without, []), undefined)
  const address = { city: 'Bb' }
  assert.equal(changesBetween(before, { ...before, address }, ['address']), undefined)
  assert.deepEqual(changesBetween(before, { ...before, address }, [])?.data, { address })
})

test('of a document in all locales, what one does not say is told apart', () => {
  const document = { note: { en: 'a', de: 'b' }, plain: 1, rows: [{ hint: { de: 'x' }, n: 1 }], seo: { words: null } }
  const paths = ['note', 'rows.hint', 'seo.words', 'gone']
  assert.deepEqual(translationsIn(document, paths, 'en'), [{ de: 'b' }, [{ de: 'x' }], null, undefined])
  assert.deepEqual(translationsIn(document, paths, 'de'), [{ en: 'a' }, [{}], null, undefined])
})

test('an operation is in the locale of its request, of which the default one has no name', () => {
  const payload = { config: { localization: { defaultLocale: 'en' } } }
  const config = { slug: 'orders', flattenedFields: [{ type: 'text', name: 'note', localized: true }] }
  const runtime = { idOf: (/** @type {string} */ _, /** @type {number} */ id) => id }
  const planned = (/** @type {string} */ locale) => {
    const args = { id: 7, data: { note: 'x' }, req: { locale, payload } }
    return planOf(/** @type {any} */ (runtime), /** @type {any} */ (config), args, 'update')
  }
  const operation = { type: 'update', collection: 'orders', id: 7, data: { note: 'x' } }
  assert.deepEqual(planned('de').operations, [{ ...operation, locale: 'de' }])
  assert.deepEqual(planned('en').operations, [operation])
})

test('only an answer of the database itself is a refusal to commit', () => {
  const wrapped = (/** @type {object} */ cause) => Object.assign(new Error('Failed query'), { cause })
  for (const code of ['SQLITE_BUSY', 'SQLITE_CONSTRAINT_FOREIGNKEY', '23503', '40001']) {
    assert.equal(isRefusal(wrapped({ code })), true, code)
  }
  for (const code of ['SQLITE_IOERR_WRITE', 'ECONNRESET', '08006', '57P01', 'TRANSACTION_CLOSED', undefined]) {
    assert.equal(isRefusal(wrapped({ code })), false, code)
  }
})
