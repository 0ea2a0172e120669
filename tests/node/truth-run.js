/**
 * Runs a sequence against the shop of truth-shop.js: documents are made, queries are asked, and after each write every
 * query is asked again, through the cache and past it. Both must say the same.
 *
 *   sequence = { people, tasks, notes, queries, writes }   plain JSON, see truth-random.js
 */
import assert from 'node:assert/strict'
import { fault } from './truth-shop.js'
import {
  randomBook, randomPerson, randomQuery, randomTask, randomWrite, shelfQuery, shelfWrite,
} from './truth-random.js'

/** @typedef {import('./truth-shop.js').TruthShop} TruthShop */
/** @typedef {{ people: any[], tasks: any[], notes: any[], books: any[], queries: any[], writes: any[] }} Sequence */
/** @typedef {{ people: any[], tasks: any[], notes: any[], shelves: any[], books: any[], boxes: any[] }} Ids */

/** @param {import('./schedules-random.js').Random} random @returns {Sequence} */
export const randomSequence = (random) => (random.chance(JOINED) ? sequenceOfJoins(random) : sequenceOfAll(random))

/** The share of sequences that are about joins. */
const JOINED = 0.25

/** @param {import('./schedules-random.js').Random} random @returns {Sequence} */
const sequenceOfJoins = (random) => ({
  people: [randomPerson(random, 0)],
  tasks: [],
  notes: [],
  books: Array.from({ length: 1 + random.below(5) }, () => randomBook(random)),
  queries: Array.from({ length: 4 }, () => shelfQuery(random)),
  writes: Array.from({ length: 4 }, () => shelfWrite(random)),
})

/** @param {import('./schedules-random.js').Random} random @returns {Sequence} */
const sequenceOfAll = (random) => ({
  people: [0, 1, 2].map((index) => randomPerson(random, index)),
  tasks: Array.from({ length: 2 + random.below(4) }, () => randomTask(random)),
  notes: Array.from({ length: random.below(3) }, (_, rank) => ({ text: 'note', rank })),
  books: [{ title: 'upper', shelf: { shelf: 0 } }, { title: 'lower', shelf: { shelf: 1 } }],
  queries: Array.from({ length: 4 }, () => randomQuery(random)),
  writes: Array.from({ length: 3 }, () => randomWrite(random)),
})

/** @param {any} value @param {Ids} ids @returns {any} with the names of documents replaced by their ids */
function resolve(value, ids) {
  if (Array.isArray(value)) return value.map((item) => resolve(item, ids))
  if (value === null || typeof value !== 'object') return value
  if (typeof value.person === 'number') return ids.people[value.person % ids.people.length]
  if (typeof value.shelf === 'number') return ids.shelves[value.shelf % ids.shelves.length]
  if (typeof value.box === 'number') return ids.boxes[value.box % Math.max(ids.boxes.length, 1)] ?? null
  if (typeof value.task === 'number') return ids.tasks[value.task % Math.max(ids.tasks.length, 1)] ?? 0
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member, ids)]))
}

/** @param {TruthShop} shop */
async function empty({ payload, cache }) {
  for (const collection of ['tasks', 'books', 'boxes', 'people', 'notes', 'shelves']) {
    await payload.db.deleteMany({ collection, where: {} })
    cache.invalidate([collection])
  }
}

/** Rows get their ids from Payload, not from the database. @param {any} data @param {number} task */
function withRowIds(data, task) {
  if (data.steps === undefined) return data
  const steps = data.steps.map((/** @type {object} */ step, /** @type {number} */ row) => {
    return { ...step, id: `${task}-${row}` }
  })
  return { ...data, steps }
}

/** Localized values by locale, as a database takes them. @param {any} data @param {number} index */
function translated(data, index) {
  const isTranslated = index % 2 === 1
  const byLocale = (/** @type {any} */ object, /** @type {string} */ name) =>
    object?.[name] === undefined
      ? object
      : { ...object, [name]: { en: object[name], ...(isTranslated && { de: `de ${object[name]}` }) } }
  return {
    ...byLocale(data, 'label'),
    ...(data.place && { place: byLocale(data.place, 'sign') }),
    ...(data.steps && { steps: data.steps.map((/** @type {any} */ step) => byLocale(step, 'hint')) }),
  }
}

/**
 * Goes to the database itself, past Payload's hooks, because it is what takes the most time.
 * @param {TruthShop} shop
 * @param {Sequence} sequence
 * @returns {Promise<Ids>}
 */
async function fill({ payload }, sequence) {
  /** @type {Ids} */
  const ids = { people: [], tasks: [], notes: [], shelves: [], books: [], boxes: [] }
  for (const name of ['upper', 'lower']) {
    ids.shelves.push((await payload.db.create({ collection: 'shelves', data: { name } })).id)
  }
  for (const collection of /** @type {const} */ (['people', 'tasks', 'notes', 'books'])) {
    for (const [index, data] of sequence[collection].entries()) {
      const made = await payload.db.create({ collection, data: translated(withRowIds(resolve(data, ids), index), index) })
      ids[collection].push(made.id)
    }
  }
  return ids
}

/** @param {TruthShop} shop @param {any} write @param {Ids} ids */
async function perform({ payload }, write, ids) {
  const data = resolve(write.data, ids)
  const id = resolve(write.id, ids)
  const { locale } = write
  const note = ids.notes[write.note % Math.max(ids.notes.length, 1)]
  const book = ids.books[write.book % ids.books.length]
  switch (write.act) {
    case 'create':
      ids.tasks.push((await payload.create({ collection: 'tasks', data, locale })).id)
      break
    case 'delete':
      await payload.delete({ collection: 'tasks', id })
      break
    case 'person':
      await payload.update({ collection: 'people', id, data })
      break
    case 'shelf':
      await payload.update({ collection: 'shelves', id: resolve({ shelf: write.shelf }, ids), data })
      break
    case 'new shelf':
      ids.shelves.push((await payload.create({ collection: 'shelves', data })).id)
      break
    case 'no shelf':
      if (ids.shelves.length < 2) break
      await payload.delete({ collection: 'shelves', id: ids.shelves.splice(write.shelf % ids.shelves.length, 1)[0] })
      break
    case 'book':
    case 'binned book':
      await payload.update({ collection: 'books', id: book, data, locale, trash: true })
      break
    case 'new book':
      ids.books.push((await payload.create({ collection: 'books', data, locale })).id)
      break
    case 'no book':
      await payload.delete({ collection: 'books', id: book })
      break
    case 'box': {
      const box = ids.boxes[write.box]
      if (box === undefined) ids.boxes.push((await payload.create({ collection: 'boxes', data })).id)
      else await payload.update({ collection: 'boxes', id: box, data })
      break
    }
    case 'bulk':
      await payload.update({ collection: 'tasks', where: resolve(write.where, ids), data, locale })
      break
    case 'note':
      ids.notes.push((await payload.create({ collection: 'notes', data })).id)
      break
    case 'trash':
    case 'restore':
      await payload.update({
        collection: 'notes',
        id: note ?? 0,
        trash: true,
        data: { deletedAt: write.act === 'trash' ? new Date(0).toISOString() : null },
      })
      break
    default:
      await payload.update({ collection: 'tasks', id, data, locale })
  }
}

/** Writes that must fail do, and the others may: their document can be gone. */
async function performOrFail(/** @type {TruthShop} */ shop, /** @type {any} */ write, /** @type {Ids} */ ids) {
  fault.armed = write.fails === true
  try {
    await perform(shop, write, ids)
  } catch (error) {
    const { status } = /** @type {any} */ (error)
    if (![400, 404, 418].includes(status)) throw error
  } finally {
    fault.armed = false
  }
}

/**
 * @param {TruthShop} shop
 * @param {Sequence} sequence
 * @returns {Promise<{ hits: number, reads: number, joined: number }>} of the reads after writes; `joined`: hits after a
 *   replay on what shows joins
 * @throws {assert.AssertionError} when the cache said what the database does not
 */
export async function runSequence(shop, sequence) {
  await empty(shop)
  const ids = await fill(shop, sequence)
  const queries = sequence.queries.map((query) => resolve(query, ids))
  const view = shop.view()
  for (const { type, ...args } of queries) await read(view, type, args)
  view.close()
  let hits = 0
  let reads = 0
  let joined = 0
  for (const write of sequence.writes) {
    await performOrFail(shop, write, ids)
    const later = shop.view()
    for (const { type, ...args } of queries) {
      const { misses, replays } = shop.cache.stats()
      const answer = await read(later, type, args)
      reads++
      if (shop.cache.stats().misses > misses) continue // it was loaded just now
      hits++
      if (['shelves', 'boxes'].includes(args.collection) && shop.cache.stats().replays > replays) joined++
      const truth = await read(shop.payload, type, args)
      assert.equal(JSON.stringify(answer, null, 1), JSON.stringify(truth, null, 1), JSON.stringify({ type, ...args }))
    }
    later.close()
  }
  return { hits, reads, joined }
}

/** @param {any} reader @param {string} type @param {object} args */
const read = (reader, type, args) => reader[type]({ ...structuredClone(args), overrideAccess: true })

/** @param {Sequence} sequence @yields {Sequence} with one thing less */
function* smaller(sequence) {
  for (const name of /** @type {const} */ (['writes', 'queries', 'tasks', 'notes', 'books'])) {
    for (const [index] of sequence[name].entries()) yield { ...sequence, [name]: sequence[name].toSpliced(index, 1) }
  }
  for (const name of /** @type {const} */ (['writes', 'tasks', 'books'])) {
    for (const [index, one] of sequence[name].entries()) {
      const data = name === 'writes' ? one.data : one
      for (const member of Object.keys(data ?? {})) {
        const { [member]: _gone, ...rest } = data
        yield { ...sequence, [name]: sequence[name].with(index, name === 'writes' ? { ...one, data: rest } : rest) }
      }
    }
  }
  for (const [index, query] of sequence.queries.entries()) {
    for (const member of Object.keys(query)) {
      if (['type', 'collection', 'id'].includes(member)) continue
      const { [member]: _gone, ...rest } = query
      yield { ...sequence, queries: sequence.queries.with(index, rest) }
    }
  }
}

/**
 * Takes things away from a sequence that went wrong for as long as it goes on going wrong.
 * @param {TruthShop} shop
 * @param {Sequence} sequence
 */
export async function shrink(shop, sequence) {
  const goesWrong = async (/** @type {Sequence} */ candidate) => {
    try {
      await runSequence(shop, candidate)
      return false
    } catch (error) {
      return error instanceof assert.AssertionError
    }
  }
  for (let smallest = sequence; ; ) {
    let found = false
    for (const candidate of smaller(smallest)) {
      if (!(await goesWrong(candidate))) continue
      smallest = candidate
      found = true
      break
    }
    if (!found) return smallest
  }
}
