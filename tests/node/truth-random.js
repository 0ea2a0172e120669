/**
 * Random documents, queries and writes for the shop of truth-shop.js. All are plain JSON, so that a sequence of them
 * can be printed, cut down and run again. Documents are named by their place in it (`{ task: 2 }`, `{ person: 0 }`),
 * because the database gives the ids.
 */
import { COLOURS, LOCALES, STATUSES } from './truth-shop.js'

/** @typedef {import('./schedules-random.js').Random} Random */

const WORDS = ['ant', 'Bee', 'bee', 'cow', '', 'Äsche', 'a_b', '10', '9']
const DATES = ['2026-01-01T00:00:00.000Z', '2026-02-01T12:30:00.000Z', '2025-12-31T23:59:59.999Z']
const NUMBERS = [0, 1, 2, 3, -1, 1.5, 10]

const maybeNull = (/** @type {Random} */ random, /** @type {unknown} */ value) => (random.chance(0.2) ? null : value)

/** Values of the fields, by name. @type {Record<string, (random: Random) => unknown>} */
const FIELDS = {
  title: (random) => maybeNull(random, random.pick(WORDS)),
  label: (random) => maybeNull(random, random.pick(WORDS)),
  rank: (random) => maybeNull(random, random.pick(NUMBERS)),
  status: (random) => maybeNull(random, random.pick(STATUSES)),
  colours: (random) => random.some(COLOURS),
  urgent: (random) => random.chance(0.5),
  due: (random) => maybeNull(random, random.pick(DATES)),
  place: (random) =>
    random.pick([
      { city: random.pick(WORDS) },
      { floor: random.pick(NUMBERS) },
      { city: null, floor: 3 },
      { sign: maybeNull(random, random.pick(WORDS)) },
    ]),
  steps: (random) =>
    Array.from({ length: random.below(3) }, () => ({
      label: random.pick(WORDS),
      count: random.pick(NUMBERS),
      ...(random.chance(0.2) && { hint: random.pick(WORDS) }),
    })),
  owner: (random) => maybeNull(random, person(random)),
  helpers: (random) => Array.from({ length: random.below(3) }, () => person(random)),
  about: (random) => maybeNull(random, { relationTo: 'people', value: person(random) }),
  extra: (random) => random.pick([{ a: 1 }, [1, 2], { b: { c: null } }, null]),
  secret: (random) => random.pick(WORDS),
}

const PEOPLE = 3
const person = (/** @type {Random} */ random) => ({ person: random.below(PEOPLE) })

/** @param {Random} random @param {number} [most] */
function taskData(random, most = 4) {
  const names = Object.keys(FIELDS)
  /** @type {Record<string, unknown>} */
  const data = {}
  for (let left = 1 + random.below(most); left > 0; left--) {
    const name = random.pick(names)
    data[name] = FIELDS[name](random)
  }
  return data
}

/** What where can ask of a path. @type {[path: string, operators: string[], value: (random: Random) => unknown][]} */
const ASKED = [
  ['title', ['equals', 'not_equals', 'in', 'not_in', 'exists', 'like', 'contains'], (random) => random.pick(WORDS)],
  [
    'rank',
    [
      'equals', 'not_equals', 'in', 'not_in', 'exists',
      'greater_than', 'greater_than_equal', 'less_than', 'less_than_equal',
    ],
    (random) => random.pick(NUMBERS),
  ],
  ['label', ['equals', 'not_equals', 'in', 'exists', 'like'], (random) => random.pick(WORDS)],
  ['status', ['equals', 'not_equals', 'in', 'not_in', 'exists'], (random) => random.pick(STATUSES)],
  ['colours', ['equals', 'in'], (random) => random.pick(COLOURS)],
  ['urgent', ['equals', 'not_equals', 'exists'], (random) => random.chance(0.5)],
  ['due', ['equals', 'exists', 'greater_than', 'less_than_equal'], (random) => random.pick(DATES)],
  ['place.city', ['equals', 'not_equals', 'in', 'exists'], (random) => random.pick(WORDS)],
  ['place.floor', ['equals', 'greater_than', 'less_than'], (random) => random.pick(NUMBERS)],
  ['steps.label', ['equals', 'in'], (random) => random.pick(WORDS)],
  ['steps.count', ['equals', 'greater_than'], (random) => random.pick(NUMBERS)],
  ['owner', ['equals', 'not_equals', 'in', 'exists'], (random) => person(random)],
  ['owner.name', ['equals', 'not_equals'], (random) => random.pick(WORDS)],
  ['helpers', ['equals', 'in'], (random) => person(random)],
  ['id', ['equals', 'not_equals', 'in', 'greater_than'], (random) => ({ task: random.below(8) })],
]

/** @param {Random} random */
function condition(random) {
  const [path, operators, value] = random.pick(ASKED)
  const operator = random.pick(operators)
  if (operator === 'exists') return { [path]: { exists: random.chance(0.5) } }
  if (operator === 'in' || operator === 'not_in') return { [path]: { [operator]: [value(random), value(random)] } }
  return { [path]: { [operator]: value(random) } }
}

/** @param {Random} random @returns {object} */
function where(random) {
  if (random.chance(0.6)) return random.chance(0.6) ? { status: { equals: random.pick(STATUSES) } } : condition(random)
  const second = random.chance(0.3) ? { or: [condition(random), condition(random)] } : condition(random)
  return { [random.pick(['and', 'or'])]: [condition(random), second] }
}

const SORTS = [
  'label', 'rank', '-rank', 'title', 'createdAt', '-createdAt', 'id', '-id', 'due', '-updatedAt', 'place.floor', 'owner',
]
const SELECTS = [
  { title: true, status: true },
  { rank: true, owner: true },
  { place: { city: true } },
  { steps: false },
]

const sort = (/** @type {Random} */ random) =>
  random.chance(0.8) ? random.pick(SORTS) : [random.pick(SORTS), random.pick(SORTS)]

/**
 * Arguments of a read.
 * @param {Random} random
 * @returns {{ type: 'find' | 'findByID' | 'count' } & Record<string, any>}
 */
export function randomQuery(random) {
  const type = random.weighted([
    [7, 'find'],
    [1, 'count'],
    [1, 'findByID'],
    [1, 'people'],
    [1, 'notes'],
    [0.5, 'shelves'],
  ])
  if (type === 'people') {
    return { type: 'find', collection: 'people', depth: random.below(2), sort: random.pick(['age', '-age', 'id']) }
  }
  if (type === 'notes') {
    const trash = random.chance(0.5) && { trash: true }
    return { type: 'find', collection: 'notes', depth: 0, sort: 'rank', limit: 1 + random.below(4), ...trash }
  }
  if (type === 'shelves') return shelfQuery(random)
  const locale = inLocale(random)
  if (type === 'count') return { type, collection: 'tasks', ...locale, ...(random.chance(0.8) && { where: where(random) }) }
  if (type === 'findByID') {
    const id = { task: random.below(6) }
    return { type, collection: 'tasks', id, depth: random.below(3), disableErrors: true, ...locale }
  }
  return {
    type,
    collection: 'tasks',
    depth: random.below(3),
    ...(random.chance(0.7) && { where: where(random) }),
    ...(random.chance(0.8) && { sort: sort(random) }),
    ...(random.chance(0.8) && { limit: random.weighted([[5, 20], [3, 1 + random.below(4)], [1, 0]]) }),
    ...(random.chance(0.15) && { page: 1 + random.below(3) }),
    ...(random.chance(0.1) && { pagination: false }),
    ...(random.chance(0.2) && { select: random.pick(SELECTS) }),
    ...locale,
  }
}

/**
 * Of documents with joins, or of some that show such.
 * @param {Random} random
 * @returns {{ type: 'find' | 'findByID' } & Record<string, any>}
 */
export function shelfQuery(random) {
  const populate = random.chance(0.2) && { populate: { books: { title: true, rank: true } } }
  const args = { depth: random.below(4), ...inLocale(random), ...populate }
  if (random.chance(0.4)) {
    return { type: 'findByID', collection: 'shelves', id: { shelf: random.below(2) }, disableErrors: true, ...args }
  }
  const selected = random.pick([{ name: true, books: true }, { tagged: true, newest: true }])
  const select = random.chance(0.3) && { select: selected }
  const collection = random.weighted([[4, 'shelves'], [1, 'books'], [1.5, 'boxes']])
  const sort = random.pick(['id', ...(collection === 'boxes' ? [] : ['-createdAt'])])
  const through = random.chance(0.15) && { where: { 'books.title': { not_equals: random.pick(WORDS) } } }
  return { type: 'find', collection, sort, ...args, ...(collection === 'shelves' && { ...select, ...through }) }
}

/** @param {Random} random */
const inLocale = (random) =>
  random.chance(0.35) && {
    locale: random.pick(LOCALES),
    ...(random.chance(0.3) && { fallbackLocale: false }),
  }

const personData = (/** @type {Random} */ random) =>
  random.chance(0.5) ? { name: random.pick(WORDS) } : { age: random.pick(NUMBERS) }

/**
 * A write; `fails` makes its hook throw, so that it is rolled back.
 * @param {Random} random
 * @returns {Record<string, any>}
 */
export function randomWrite(random) {
  const fails = random.chance(0.1)
  const act = random.weighted([
    [8, 'update'],
    [3, 'create'],
    [2, 'delete'],
    [2, 'person'],
    [1, 'bulk'],
    [1, 'note'],
    [1, 'trash'],
    [1, 'restore'],
    [0.5, 'shelf'],
    [1, 'book'],
  ])
  const task = { task: random.below(8) }
  const locale = random.chance(0.25) && { locale: random.pick(LOCALES) }
  switch (act) {
    case 'create':
      return { act, data: taskData(random, 8), fails, ...locale }
    case 'delete':
      return { act, id: task }
    case 'person':
      return { act, id: person(random), data: personData(random), fails }
    case 'bulk':
      return { act, where: condition(random), data: { status: random.pick(STATUSES) }, ...locale }
    case 'note':
      return { act, data: { text: random.pick(WORDS), rank: random.pick(NUMBERS) }, fails }
    case 'trash':
    case 'restore':
      return { act, note: random.below(4) }
    case 'shelf':
    case 'book':
      return shelfWrite(random)
    default:
      return {
        act,
        id: task,
        data: random.chance(0.4) ? { status: random.pick(STATUSES) } : taskData(random),
        fails,
        ...locale,
      }
  }
}

const SHELVES = 3
const shelf = (/** @type {Random} */ random) => ({ shelf: random.below(SHELVES) })
const onPerson = (/** @type {Random} */ random) => ({ relationTo: 'people', value: person(random) })
const onShelf = (/** @type {Random} */ random) => ({ relationTo: 'shelves', value: shelf(random) })

/** Values of a book's fields, by name. @type {Record<string, (random: Random) => unknown>} */
const BOOK = {
  title: FIELDS.title,
  label: FIELDS.label,
  rank: FIELDS.rank,
  status: FIELDS.status,
  colours: FIELDS.colours,
  place: (random) => ({ city: random.pick(WORDS) }),
  shelf: (random) => maybeNull(random, shelf(random)),
  on: (random) => maybeNull(random, random.chance(0.8) ? onShelf(random) : onPerson(random)),
  tags: (random) => Array.from({ length: random.below(4) }, () => shelf(random)),
}

/** @param {Random} random @param {number} share of the fields */
const bookData = (random, share) =>
  Object.fromEntries(
    Object.entries(BOOK)
      .filter(() => random.chance(share))
      .map(([name, make]) => [name, make(random)]),
  )

/** @param {Random} random */
export const randomBook = (random) => ({ ...maybeOld(random), ...bookData(random, 0.8) })

/** Some are of one time, so that nothing tells which comes first. @param {Random} random */
const maybeOld = (random) => random.chance(0.4) && { createdAt: random.pick(DATES.slice(0, 2)) }

/**
 * Of documents with joins, and of those in them.
 * @param {Random} random
 * @returns {Record<string, any>}
 */
export function shelfWrite(random) {
  const fails = random.chance(0.1)
  const act = random.weighted([
    [8, 'book'],
    [3, 'new book'],
    [2, 'no book'],
    [2, 'binned book'],
    [3, 'box'],
    [1, 'shelf'],
    [0.5, 'new shelf'],
    [0.5, 'no shelf'],
  ])
  const locale = random.chance(0.2) && { locale: random.pick(LOCALES) }
  if (act === 'book') return { act, book: random.below(6), data: bookData(random, 0.2), fails, ...locale }
  if (act === 'new book') return { act, data: { ...maybeOld(random), ...bookData(random, 0.6) }, fails, ...locale }
  if (act === 'box') {
    const inside = random.chance(0.6) && { inside: maybeNull(random, { box: random.below(4) }) }
    const where = random.chance(0.5) && { shelf: shelf(random) }
    return { act, box: random.below(4), data: { size: random.pick(NUMBERS), ...where, ...inside }, fails }
  }
  if (act === 'binned book') return { act, book: random.below(6), data: { deletedAt: maybeNull(random, DATES[0]) } }
  const data = act === 'shelf' || act === 'new shelf' ? { name: random.pick(WORDS) } : null
  return { act, book: random.below(6), shelf: random.below(SHELVES), data, fails }
}

/** @param {Random} random */
export const randomTask = (random) => taskData(random, 10)

/** @param {Random} random @param {number} index */
export const randomPerson = (random, index) => ({
  name: random.pick(WORDS),
  age: random.pick(NUMBERS),
  boss: index > 0 && random.chance(0.5) ? { person: index - 1 } : null,
})
