/**
 * Random answers and operations for core and browser, in the format of tests/vectors: a small shop's documents, what
 * queries show of them, and changes. The answers are as plain as a reader of design and Payload would make them; they
 * need not be what a database says, as both sides get the same.
 */

import { layOver } from '../../lib/query/lay-over.js'
import { describe } from './support/vectors.js'

/** @typedef {import('./schedules-random.js').Random} Random */
/** @typedef {Record<string, any>} Data */
/**
 * Maps by collection and id, and `denied`: scope, collection and id of what a reader may not see.
 * @typedef {{ denied: Set<string> } & Record<string, any>} Documents
 */

export const SHAPES = {
  orders: {
    groups: ['address', 'address.geo'],
    relations: {
      customer: 'customers',
      tags: 'tags',
      owner: ['customers', 'companies'],
      'items.product': 'products',
      'items.buyer': 'customers',
      parties: ['customers', 'companies'],
      favourite: 'products',
    },
    localized: ['title', 'address.zip', 'notes.text'],
    hidden: ['secret'],
    kinds: { sizes: 'rows', items: 'rows', content: 'json', placedAt: 'date' },
    trash: true,
  },
  customers: {
    groups: ['account'],
    relations: { company: 'companies', friends: 'customers', 'account.orders.docs': 'orders', favourite: 'products' },
    joins: { 'account.orders': { collection: 'orders', on: 'owner', where: { paid: { not_equals: true } }, limit: 2 } },
    localized: ['name'],
  },
  companies: {
    relations: { 'staff.docs': 'customers', 'fans.docs': 'customers' },
    joins: {
      staff: { collection: 'customers', on: 'company', sort: 'name', limit: 3 },
      fans: { collection: 'customers', on: 'company', sort: ['-rank', 'id'], limit: 0, maxDepth: 2 },
    },
  },
  products: {
    relations: {
      'sold.docs': 'orders',
      'liked.docs': ['orders', 'customers'],
      'ranked.docs': ['customers', 'orders'],
    },
    joins: {
      sold: { collection: 'orders', on: 'items.product', sort: '-number', limit: 2 },
      liked: { collection: ['orders', 'customers'], on: 'favourite', sort: '-createdAt', limit: 3, maxDepth: 2 },
      ranked: {
        collection: ['customers', 'orders'],
        on: 'favourite',
        where: { relationTo: { not_equals: 'companies' } },
        sort: 'rank',
        limit: 0,
      },
    },
  },
  tags: {
    relations: { 'orders.docs': 'orders' },
    joins: {
      orders: { collection: 'orders', on: 'tags', where: { status: { equals: 'pending' } }, limit: 3, maxDepth: 3 },
    },
  },
  'global:settings': { groups: ['address'], relations: { featured: 'products' } },
}

const STATUSES = ['pending', 'processing', 'shipped']
const WORDS = ['ant', 'Bee', 'bee cow', '', 'Äsche', 'äsche', '10', '9', 'a,b', 'say "so"', '𝄞', '￼']
const NUMBERS = [0, 1, 2, 3, -1, 1.5, 10]
const DATES = ['2026-01-01T00:00:00.000Z', '2026-02-01T12:30:00.000Z', '2025-12-31T23:59:59.999Z', '2026-02-01']
const SIZES = ['s', 'm', 'l']
const IDS = { customers: [1, 2, 3, 4], companies: [1, 2], products: [1, 2, 3], tags: ['a', 'b', 'c'] }
const ORDERS = 7

const maybeNull = (/** @type {Random} */ random, /** @type {unknown} */ value) => (random.chance(0.15) ? null : value)
const some = (/** @type {Random} */ random, /** @type {any[]} */ items) => items.filter(() => random.chance(0.4))
const row = (/** @type {Random} */ random, /** @type {number} */ at) => ({
  ...(random.chance(0.9) && { id: `r${at}` }),
  name: random.pick(WORDS),
  quantity: random.pick(NUMBERS),
  ...(random.chance(0.8) && { product: maybeNull(random, random.pick(IDS.products)) }),
  ...(random.chance(0.5) && { buyer: maybeNull(random, random.pick(IDS.customers)) }),
})

/** @param {Random} random */
function party(random) {
  const relationTo = random.pick(['customers', 'companies'])
  return { relationTo, value: random.pick(IDS[/** @type {'customers'} */ (relationTo)]) }
}

/** @type {Record<string, Record<string, (random: Random) => unknown>>} */
const FIELDS = {
  orders: {
    number: (random) => random.pick(NUMBERS),
    title: (random) => maybeNull(random, random.pick(WORDS)),
    status: (random) => maybeNull(random, random.pick(STATUSES)),
    total: (random) => maybeNull(random, random.pick(NUMBERS)),
    paid: (random) => maybeNull(random, random.chance(0.5)),
    placedAt: (random) => maybeNull(random, random.pick(DATES)),
    sizes: (random) => some(random, SIZES),
    content: (random) => random.pick([{ a: 1 }, [1, 2], { b: { c: null } }, null, 'text']),
    address: (random) =>
      maybeNull(random, {
        ...(random.chance(0.7) && { city: maybeNull(random, random.pick(WORDS)) }),
        ...(random.chance(0.6) && { zip: random.pick(WORDS) }),
        ...(random.chance(0.4) && { geo: { lat: random.pick(NUMBERS), ...(random.chance(0.5) && { lng: 1 }) } }),
      }),
    items: (random) => [0, 1, 2].filter(() => random.chance(0.4)).map((at) => row(random, at)),
    customer: (random) => maybeNull(random, random.pick(IDS.customers)),
    tags: (random) => some(random, IDS.tags),
    owner: (random) => maybeNull(random, party(random)),
    parties: (random) => some(random, [party(random), party(random), party(random)]),
    notes: (random) => some(random, [{ id: 'n1', text: random.pick(WORDS) }, { id: 'n2', text: null }]),
    favourite: (random) => maybeNull(random, random.pick(IDS.products)),
    rank: (random) => maybeNull(random, random.pick(NUMBERS)),
    secret: (random) => random.pick(WORDS),
    createdAt: (random) => random.pick(DATES),
    updatedAt: (random) => random.pick(DATES),
    deletedAt: (random) => (random.chance(0.7) ? null : random.pick(DATES)),
  },
  customers: {
    name: (random) => random.pick(WORDS),
    rank: (random) => maybeNull(random, random.pick(NUMBERS)),
    phones: (random) => some(random, WORDS),
    company: (random) => maybeNull(random, random.pick(IDS.companies)),
    friends: (random) => some(random, IDS.customers),
    favourite: (random) => maybeNull(random, random.pick(IDS.products)),
  },
  companies: { name: (random) => random.pick(WORDS) },
  products: { title: (random) => random.pick(WORDS), price: (random) => random.pick(NUMBERS) },
  tags: { label: (random) => random.pick(WORDS) },
  global: {
    siteName: (random) => random.pick(WORDS),
    address: (random) => ({ city: random.pick(WORDS), zip: maybeNull(random, random.pick(WORDS)) }),
    featured: (random) => maybeNull(random, random.pick(IDS.products)),
  },
}

/** @param {Random} random @param {string} collection @param {number} share of the fields */
function members(random, collection, share) {
  const chosen = Object.entries(FIELDS[collection]).filter(() => random.chance(share))
  return Object.fromEntries(chosen.map(([name, make]) => [name, make(random)]))
}

/** @param {Random} random */
function randomDocuments(random) {
  /** @type {Documents} */
  const documents = { denied: new Set() }
  for (const scope of [undefined, 'a', 'b']) {
    for (const id of IDS.customers) if (random.chance(0.1)) documents.denied.add([scope, 'customers', id].join())
  }
  for (const [slug, ids] of Object.entries({ ...IDS, orders: Array.from({ length: ORDERS }, (_, at) => at + 1) })) {
    documents[slug] = new Map(ids.map((/** @type {any} */ id) => [id, { id, ...members(random, slug, 1) }]))
  }
  return documents
}

/** What where can ask of a path. @type {[path: string, operators: string[], value: (random: Random) => unknown][]} */
const COMMON = ['equals', 'not_equals', 'in', 'not_in', 'exists']
const ORDERED = ['greater_than', 'greater_than_equal', 'less_than', 'less_than_equal']
const TEXT = ['like', 'not_like', 'contains']
/** @type {[path: string, operators: string[], value: (random: Random) => unknown][]} */
const ASKED = [
  ['title', [...COMMON, ...ORDERED, ...TEXT], (random) => random.pick(WORDS)],
  ['number', [...COMMON, ...ORDERED, 'like'], (random) => random.pick([...NUMBERS, '1', '1.50', 'x'])],
  ['status', [...COMMON, ...TEXT, 'near'], (random) => random.pick(STATUSES)],
  ['total', [...COMMON, ...ORDERED], (random) => random.pick([...NUMBERS, null])],
  ['paid', COMMON, (random) => random.pick([true, false, 'true', null])],
  ['placedAt', [...COMMON, ...ORDERED], (random) => random.pick(DATES)],
  ['createdAt', ORDERED, (random) => random.pick(DATES)],
  ['sizes', [...COMMON, 'contains', 'all'], (random) => random.pick(SIZES)],
  ['address.city', [...COMMON, ...TEXT, ...ORDERED], (random) => random.pick(WORDS)],
  ['address.geo.lat', [...COMMON, ...ORDERED], (random) => random.pick(NUMBERS)],
  ['items.name', COMMON, (random) => random.pick(WORDS)],
  ['items.quantity', ['equals', ...ORDERED], (random) => random.pick(NUMBERS)],
  ['items.product', COMMON, (random) => random.pick(IDS.products)],
  ['customer', [...COMMON, ...ORDERED], (random) => random.pick([...IDS.customers, '1', null])],
  ['customer.name', COMMON, (random) => random.pick(WORDS)],
  ['customer.id', ['equals', 'in'], (random) => random.pick(IDS.customers)],
  ['tags', COMMON, (random) => random.pick(IDS.tags)],
  ['tags.label', ['equals'], (random) => random.pick(WORDS)],
  ['owner', ['equals', 'not_equals', 'exists'], (random) => ({ relationTo: 'customers', value: random.below(4) + 1 })],
  ['owner.value', ['equals', 'in'], (random) => random.pick(IDS.customers)],
  ['owner.relationTo', ['equals', 'in'], (random) => random.pick(['customers', 'companies'])],
  ['content.a', ['equals', 'exists'], (random) => random.pick(NUMBERS)],
  ['id', [...COMMON, ...ORDERED], (random) => random.below(ORDERS) + 1],
  ['nothing', ['equals', 'exists'], (random) => random.pick(WORDS)],
]

/** @param {Random} random @returns {Data} */
function condition(random) {
  const [path, operators, value] = random.pick(ASKED)
  const operator = random.pick(operators)
  if (operator === 'exists') return { [path]: { exists: random.pick([true, false, 'true', 'false']) } }
  if (!['in', 'not_in', 'all'].includes(operator)) return { [path]: { [operator]: value(random) } }
  return { [path]: { [operator]: [value(random), value(random)].slice(random.below(2)) } }
}

/** @param {Random} random @returns {Data} */
function where(random) {
  if (random.chance(0.4)) return { status: { equals: random.pick(STATUSES) } }
  if (random.chance(0.5)) return condition(random)
  if (random.chance(0.3)) return { ...condition(random), ...condition(random) }
  const second = random.chance(0.3) ? { or: [condition(random), condition(random)] } : condition(random)
  return { [random.pick(['and', 'or'])]: [condition(random), second] }
}

const SORTS = [
  'number', '-number', 'title', '-title', 'total', '-createdAt', 'createdAt', 'id', '-id', 'placedAt', '-updatedAt',
  'address.city', 'paid', 'customer', 'nothing', 'number,-id', 'customer.name',
]
const SELECTS = [
  { title: true, status: true, number: true },
  { number: true, customer: true, items: true },
  { address: { city: true }, status: true },
  { items: false, content: false },
  { tags: true, owner: true, createdAt: true },
]

/** @param {Random} random @returns {Data} */
function randomQuery(random) {
  const type = random.weighted([
    [8, 'find'],
    [2, 'count'],
    [2, 'findByID'],
    [1, 'findGlobal'],
    [1, 'customers'],
    [5, 'parents'],
  ])
  const common = {
    depth: random.below(4),
    ...(random.chance(0.2) && { locale: random.pick(['en', 'de']) }),
    ...(random.chance(0.2) && { scope: random.pick(['a', 'b']) }),
  }
  const select = random.chance(0.3) && { select: random.pick(SELECTS) }
  const trash = random.chance(0.3) && { trash: true }
  const asked = random.chance(0.75) && { where: where(random) }
  switch (type) {
    case 'count':
      return { type, collection: 'orders', ...common, ...asked, ...trash }
    case 'findByID':
      return { type, collection: 'orders', id: 1 + random.below(ORDERS), ...common, ...select, ...trash }
    case 'findGlobal':
      return { type, global: 'settings', ...common }
    case 'parents':
      return parentQuery(random, common)
    case 'customers':
      return { type: 'find', collection: 'customers', sort: random.pick(['name', 'id', '-name']), limit: 10, ...common }
    default:
      return {
        type,
        collection: 'orders',
        ...common,
        ...select,
        ...trash,
        ...asked,
        ...(random.chance(0.8) && { sort: random.chance(0.8) ? random.pick(SORTS) : ['status', random.pick(SORTS)] }),
        ...(random.chance(0.9) && { limit: random.weighted([[4, 20], [4, 1 + random.below(4)], [1, 0]]) }),
        ...(random.chance(0.25) && { page: 1 + random.below(3) }),
        ...(random.chance(0.1) && { pagination: false }),
      }
  }
}

/**
 * Of documents with joins.
 * @param {Random} random @param {Data} common @returns {Data}
 */
function parentQuery(random, common) {
  const collection = random.pick(['customers', 'companies', 'companies', 'products', 'tags'])
  const asked = () => ({
    ...(random.chance(0.5) && { limit: random.below(4) }),
    ...(random.chance(0.3) && { page: 1 + random.below(2) }),
    ...(random.chance(0.4) && { sort: random.pick(['name', '-id', 'number', 'rank']) }),
    ...(random.chance(0.3) && { where: { id: { greater_than: 2 } } }),
    ...(random.chance(0.5) && { count: true }),
  })
  const paths = Object.keys(/** @type {any} */ (SHAPES)[collection].joins)
  const joins = random.chance(0.4) && { joins: Object.fromEntries(paths.map((path) => [path, asked()])) }
  if (random.chance(0.4)) {
    const id = random.pick(/** @type {any} */ (IDS)[collection])
    return { type: 'findByID', collection, id, ...common, ...joins }
  }
  return { type: 'find', collection, sort: random.pick(['name', 'id', '-id']), limit: 10, ...common, ...joins }
}

/** Shows documents as the answer to one query does. */
class Camera {
  /** @type {Map<string, Data[]>} */
  #lists = new Map()

  /** @param {Documents} documents @param {Data} query */
  constructor(documents, query) {
    this.documents = documents
    this.query = query
  }

  /** @param {string} shape @param {Data} document @param {number} level @returns {Data} */
  shoot(shape, document, level) {
    const shown = structuredClone(document)
    const { relations = {}, hidden = [], joins = {} } = /** @type {any} */ (SHAPES)[shape]
    for (const name of hidden) delete shown[name]
    for (const path of Object.keys(joins)) this.#join(shown, shape, path, joins[path], level)
    for (const [path, target] of Object.entries(relations)) {
      const { maxDepth } = joins[path.replace(/\.docs$/, '')] ?? { maxDepth: Infinity }
      this.#populate(shown, path.split('.'), target, level + Math.max(0, this.query.depth - (maxDepth ?? 1)))
    }
    return level === 0 ? selected(shown, this.query.select) : shown
  }

  /** @param {Data} query @returns {Data[]} */
  #listed(query) {
    const key = JSON.stringify(query)
    const list = this.#lists.get(key) ?? listed(this.documents, query)
    this.#lists.set(key, list)
    return list
  }

  /** @param {Data} shown @param {string} shape @param {string} path @param {Data} join @param {number} level */
  #join(shown, shape, path, join, level) {
    const asked = (level === 0 && this.query.joins?.[path]) || {}
    const list = Array.isArray(join.collection)
      ? this.#joinedOfSeveral(shown.id, shape, join, asked)
      : this.#joined(shown.id, shape, join.collection, join, asked).map(({ id }) => id)
    const { limit = join.limit ?? 10, page = 1, count } = asked
    const [from, to] = limit > 0 ? [(page - 1) * limit, page * limit] : [0, list.length]
    const docs = list.slice(from, to)
    const value = { docs, hasNextPage: to < list.length, ...(count && { totalDocs: list.length }) }
    const [name, inner] = path.split('.')
    shown[name] = inner ? { ...shown[name], [inner]: value } : value
  }

  /**
   * The documents of one collection that a join shows, those in the trash included.
   * @param {any} id @param {string} shape @param {string} collection @param {Data} join @param {Data} asked
   */
  #joined(id, shape, collection, { on, where, sort }, asked) {
    const isPolymorphic = Array.isArray(/** @type {any} */ (SHAPES)[collection].relations[on])
    const parent = isPolymorphic ? { relationTo: shape, value: id } : id
    const conditions = [{ [on]: { equals: parent } }, where ?? {}, asked.where ?? {}]
    return this.#listed({ collection, where: { and: conditions }, sort: asked.sort ?? sort, trash: true })
  }

  /** @param {any} id @param {string} shape @param {Data} join @param {Data} asked */
  #joinedOfSeveral(id, shape, join, asked) {
    const { where: _, ...rest } = join
    const sort = asked.sort ?? join.sort
    const [name, sign] = [sort.replace('-', ''), sort[0] === '-' ? -1 : 1]
    const documents = join.collection.flatMap((/** @type {string} */ relationTo) =>
      this.#joined(id, shape, relationTo, rest, asked).map((document) => ({ relationTo, document })),
    )
    const order = (/** @type {any} */ one, /** @type {any} */ other) => {
      const [a, b] = [one, other].map(({ document }) => document[name] ?? null)
      return a === b ? 0 : sign * (a === null || (b !== null && a < b) ? -1 : 1)
    }
    const sorted = /** @type {any[]} */ (documents.sort(order))
    return sorted.map(({ relationTo, document }) => ({ relationTo, value: document.id }))
  }

  /** @param {any} value @param {string[]} path @param {string | string[]} target @param {number} level */
  #populate(value, [name, ...rest], target, level) {
    if (Array.isArray(value)) {
      for (const item of value) this.#populate(item, [name, ...rest], target, level)
      return
    }
    if (value?.[name] === undefined || value[name] === null) return
    if (rest.length > 0) {
      this.#populate(value[name], rest, target, level)
      return
    }
    const shown = (/** @type {any} */ item) => this.#related(item, target, level)
    value[name] = Array.isArray(value[name]) ? value[name].map(shown) : shown(value[name])
  }

  /** @param {string} collection @param {any} id */
  #isDenied(collection, id) {
    return this.documents.denied.has([this.query.scope, collection, id].join())
  }

  /** @param {any} item @param {string | string[]} target @param {number} level @returns {any} */
  #related(item, target, level) {
    if (Array.isArray(target)) return { ...item, value: this.#related(item.value, item.relationTo, level) }
    const document = this.documents[target].get(item)
    // An id stays where its reader may not see the document.
    if (level >= this.query.depth || !document || this.#isDenied(target, item)) return item
    if (/** @type {any} */ (SHAPES)[target].trash && document.deletedAt) return null
    return this.shoot(target, document, level + 1)
  }
}

/** @param {Data} document @param {Data | undefined} select @returns {Data} */
function selected(document, select) {
  if (!select) return document
  const names = Object.keys(select)
  const isNamed = Object.values(select).every(Boolean)
  const kept = Object.entries(document).filter(([name]) => name === 'id' || names.includes(name) === isNamed)
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const part = select[name]
      return [name, typeof part === 'object' && value ? selected(value, part) : value]
    })
  )
}

/** @param {Random} random @param {Documents} documents @param {Data} query */
function answer(random, documents, query) {
  const camera = new Camera(documents, query)
  switch (query.type) {
    case 'findGlobal':
      return camera.shoot('global:settings', { id: 1, ...members(random, 'global', 0.8) }, 0)
    case 'findByID':
      return camera.shoot(query.collection, documents[query.collection].get(query.id) ?? {}, 0)
    case 'count':
      return { totalDocs: listed(documents, perhapsAsked(random, query)).length }
    default:
      return page(random, documents, query)
  }
}

/**
 * The documents that the query asks for, in its order: those that come into an empty list when each is created.
 * @param {Documents} documents @param {Data} query @returns {Data[]}
 */
function listed(documents, { collection, where, sort, trash }) {
  const query = { type: 'find', collection, where, sort, trash, limit: 0, depth: 0 }
  const creates = [...documents[collection].values()].map((doc) => ({ type: 'create', collection, id: doc.id, doc }))
  const { relations, trash: hasTrash } = /** @type {any} */ (SHAPES)[collection]
  const shapes = { [collection]: { relations, trash: hasTrash } }
  const { docs } = layOver({ docs: [], totalDocs: 0, limit: 0 }, describe(query), /** @type {any} */ (creates), shapes)
  return docs
}

/**
 * Else the cache does not know why some of them are in it.
 * @param {Random} random @param {Data} query
 */
const perhapsAsked = (random, { where, ...query }) => ({ ...query, ...(random.chance(0.95) && { where }) })

/** @param {Random} random @param {Documents} documents @param {Data} query */
function page(random, documents, query) {
  const { collection, pagination, limit = pagination === false ? 0 : 10, page = 1 } = query
  const camera = new Camera(documents, query)
  const list = listed(documents, perhapsAsked(random, query))
  const isPaged = limit > 0 && pagination !== false
  const [from, to] = limit > 0 ? [(page - 1) * limit, page * limit] : [0, list.length]
  const docs = list.slice(from, to).map((document) => camera.shoot(collection, document, 0))
  const totalDocs = isPaged ? list.length : docs.length
  const totalPages = isPaged ? Math.max(1, Math.ceil(totalDocs / limit)) : 1
  const hasNextPage = isPaged && page < totalPages
  const hasPrevPage = isPaged && page > 1 && totalDocs > 0
  return {
    docs,
    hasNextPage,
    hasPrevPage,
    limit,
    nextPage: hasNextPage ? page + 1 : null,
    page,
    pagingCounter: isPaged && totalDocs > 0 ? from + 1 : 1,
    prevPage: hasPrevPage ? page - 1 : null,
    totalDocs,
    totalPages,
  }
}

/**
 * Makes the change, too, so that what the next operation says of its document is true.
 * @param {Random} random @param {Documents} documents
 */
function randomOperation(random, documents) {
  const collection = random.weighted([
    [8, 'orders'],
    [5, 'customers'],
    [1, 'companies'],
    [1, 'products'],
    [1, 'global'],
  ])
  const locale = random.chance(0.15) && { locale: random.pick(['en', 'de']) }
  const data = members(random, collection, random.pick([0.1, 0.2, 0.5, 0.9]))
  if (collection === 'global') return { type: 'update', collection, id: 'settings', data, ...locale }
  const ids = documents[collection]
  const isNew = random.chance(0.2)
  // A few of them, so that several operations are on one document.
  const id = isNew ? 100 + random.below(2) : random.pick([...ids.keys()].slice(-4))
  const previous = ids.get(id)
  const known = previous && random.chance(0.3) && { previous }
  if (isNew && !previous) {
    const doc = { id, ...members(random, collection, 1), ...data }
    ids.set(id, doc)
    return { type: 'create', collection, id, data, ...(random.chance(0.4) && { doc }) }
  }
  if (random.chance(0.2)) {
    ids.delete(id)
    return { type: 'delete', collection, id, ...known }
  }
  const doc = { ...previous, ...data }
  ids.set(id, doc)
  return { type: 'update', collection, id, data, ...locale, ...known, ...(random.chance(0.3) && { doc }) }
}

/** @param {Random} random @returns {Data} a vector without what is expected of it */
export function randomCase(random) {
  const documents = randomDocuments(random)
  const read = () => {
    const query = randomQuery(random)
    return { query, value: answer(random, documents, query) }
  }
  const answers = { ...read(), others: Array.from({ length: random.below(4) }, read) }
  const operations = Array.from({ length: 1 + random.below(4) }, () => randomOperation(random, documents))
  return { shapes: SHAPES, ...answers, operations }
}
