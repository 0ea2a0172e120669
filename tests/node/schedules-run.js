// One random schedule: fills, brackets and reads in an order that the seed chooses, with every read checked.
//
// What a read must say is known exactly. An entry was filled from a database that showed a certain set of writes; since
// then the writes that entered the log up to the version of the read were replayed on it. So the answer is that of a
// database that holds the fill's writes and those, and none that was rolled back; or it is a miss. A write still in its
// bracket may thus be counted or not, by what the fill saw. One whose commit has returned always is.
import assert from 'node:assert/strict'
import { v7 } from 'uuid'
import { answer, apply, initialState, makeChange, makeOrder, QUERIES, SHAPES } from './schedules-model.js'
import { Random } from './schedules-random.js'

const STEPS = 36
const PRINCIPALS = ['users:1', 'users:2', 'anonymous']
const MOST_AT_ONCE = 3

/**
 * @typedef {object} Write one mutation and its transaction
 * @property {string} token
 * @property {string} principal
 * @property {any[]} begun operations, as the cache was told before the write
 * @property {any[]} operations as the database has them
 * @property {'begun' | 'written' | 'committed' | 'undone'} database
 * @property {number | undefined} version at which the cache must count it
 * @property {boolean} open in its bracket
 * @property {boolean} expired
 */

export class Schedule {
  counts = { hits: 0, misses: 0, overlaid: 0, torn: 0, refused: 0, steps: 0, keptOverRollback: 0 }
  trace = []
  #random
  #room
  #actors
  #initial
  #serial = 0
  #nextId = 100
  /** @type {Write[]} all of them, those that reached the database in the order in which they did */
  #writes = []
  #fills = []
  #views = new Map()
  /** key → fills that were kept, the newest last; empty after a refused one @type {Map<string, any[]>} */
  #entries = new Map()

  /**
   * @param {number} seed
   * @param {{ call: (method: string, ...args: any[]) => any }[]} actors threads (or handles) on one cache
   */
  constructor(seed, actors) {
    this.#random = new Random(seed)
    this.#room = { maxLog: this.#random.pick([4, 16, 1024, 1024]), maxViews: this.#random.pick([2, 64]) }
    this.#actors = actors
    this.#initial = initialState(this.#random)
  }

  /** Of the cache: at times it has too little room for the log, or for older states, which may cost misses. */
  get options() {
    const { maxLog, maxViews } = this.#room
    return { maxBytes: 1 << 20, maxEntries: 256, maxLog, maxViews, shapes: SHAPES }
  }

  async run() {
    for (const key of this.#random.some(Object.keys(QUERIES))) await this.#fillAtOnce(key)
    for (let step = 0; step < STEPS; step++) await this.#step()
    for (const write of this.#writes.filter(({ open }) => open)) await this.#finish(write)
    await this.#readAll()
    const { replays, inexact } = await this.#anyActor().call('stats')
    this.counts.replays = replays
    this.counts.inexact = inexact
  }

  // ---- Steps

  async #step() {
    this.counts.steps++
    const { fills, begun, written, committed, undone, idle } = this.#enabled()
    const one = (items, step, weight = 3) => [items.length > 0 ? weight : 0, () => step(this.#random.pick(items))]
    await this.#random.weighted([
      [5, () => this.#readNewest(this.#anyKey())],
      one([...this.#views.keys()], (view) => this.#readThroughView(view, this.#anyKey()), 5),
      [4, () => this.#fillAtOnce(this.#anyKey())],
      [fills < MOST_AT_ONCE ? 4 : 0, () => this.#fillBegin()],
      one(this.#fills.filter(({ text }) => text === undefined), (fill) => this.#fillRead(fill)),
      one(this.#fills.filter(({ text }) => text !== undefined), (fill) => this.#fillSet(fill), 1.5),
      [begun.length + written.length + committed.length < MOST_AT_ONCE ? 4 : 0, () => this.#begin()],
      one(begun, (write) => this.#writeToDatabase(write)),
      one(written, (write) => this.#commitInDatabase(write)),
      one(written, (write) => this.#undoInDatabase(write), 2),
      one(committed, (write) => this.#commit(write)),
      one(undone, (write) => this.#rollback(write)),
      one(idle, (write) => this.#expire(write), 0.4),
      [0.4, () => this.#record()],
      [0.2, () => this.#invalidate()],
      [this.#views.size < MOST_AT_ONCE ? 2 : 0, () => this.#openView()],
      one([...this.#views.keys()], (view) => this.#closeView(view), 1),
    ])()
  }

  #enabled() {
    const open = this.#writes.filter((write) => write.open)
    return {
      fills: this.#fills.length,
      begun: open.filter((write) => write.database === 'begun' && !this.#isLocked(write)),
      written: open.filter(({ database }) => database === 'written'),
      committed: open.filter(({ database }) => database === 'committed'),
      undone: open.filter(({ database }) => database === 'undone'),
      idle: open.filter(({ expired }) => !expired),
    }
  }

  // ---- Fills

  async #fillAtOnce(key) {
    const fill = await this.#newFill(key)
    await this.#fillRead(fill)
    await this.#fillSet(fill)
  }

  async #newFill(key) {
    const actor = this.#anyActor()
    return { key, actor, since: await actor.call('version'), text: undefined, included: new Set() }
  }

  async #fillBegin() {
    const fill = await this.#newFill(this.#anyKey())
    this.#note('fill begins', fill.key, fill.since)
    this.#fills.push(fill)
  }

  /** The database shows what is committed, and at times what never will be: a dirty read. */
  #fillRead(fill) {
    const dirty = this.#random.chance(0.4)
    const shows = ({ database, expired }) => database === 'committed' || (dirty && database === 'written' && !expired)
    fill.included = new Set(this.#writes.filter(shows))
    fill.text = JSON.stringify(answer(this.#fold((write) => fill.included.has(write)), QUERIES[fill.key])) ?? null
    this.#note('fill reads', fill.key, [...fill.included].map(({ token }) => token))
  }

  async #fillSet(fill) {
    this.#fills = this.#fills.filter((other) => other !== fill)
    if (fill.text === null) return
    const { key, since } = fill
    const kept = await fill.actor.call('set', key, JSON.parse(fill.text), { since, query: QUERIES[key] })
    this.#note('fill sets', key, { since, kept })
    if (!kept) this.counts.refused++
    // One that is refused takes the newest state along; views may still see the older ones.
    this.#entries.set(key, [...(this.#entries.get(key) ?? []), kept ? fill : undefined])
  }

  // ---- Brackets

  async #begin() {
    const token = v7({ random: this.#random.bytes(16), msecs: 1_700_000_000_000 + ++this.#serial, seq: this.#serial })
    const operations = Array.from({ length: 1 + this.#random.below(2) }, () => this.#anyOperation())
    const begun = operations.map((operation) => this.#asBegun(operation))
    const principal = this.#random.pick(PRINCIPALS)
    this.#note('begin', token, principal, begun)
    await this.#anyActor().call('begin', token, { principal, operations: begun })
    this.#writes.push(newWrite({ token, principal, begun, operations, open: true }))
  }

  #anyOperation() {
    const collection = this.#random.pick(['orders', 'orders', 'orders', 'customers', 'products'])
    const serial = ++this.#serial
    if (collection === 'orders' && this.#random.chance(0.15)) {
      const id = this.#nextId++
      return { type: 'create', collection, id, data: makeOrder(id, serial, this.#random) }
    }
    const ids = [...this.#initial[collection].keys()]
    const id = this.#random.pick(ids)
    if (this.#random.chance(0.1)) return { type: 'delete', collection, id }
    return { type: 'update', collection, id, data: makeChange(collection, serial, this.#random) }
  }

  /** Before the write, the id of a new document is not known, nor what a hook adds to the data. */
  #asBegun({ type, collection, id, data }) {
    if (type === 'create') return { type, collection, data }
    if (type === 'delete') return { type, collection, id }
    const guess = { ...data }
    if (this.#random.chance(0.5)) delete guess.updatedAt
    const previous = this.#fold(isInDatabase)[collection].get(id)
    return { type, collection, id, data: guess, ...(previous && this.#random.chance(0.5) ? { previous } : undefined) }
  }

  /** Another transaction holds a document that this one writes. */
  #isLocked(write) {
    const held = this.#writes.filter(({ database }) => database === 'written').flatMap(({ operations }) => operations)
    return write.operations.some(({ collection, id }) =>
      held.some((operation) => operation.collection === collection && operation.id === id),
    )
  }

  #writeToDatabase(write) {
    const now = this.#fold(isInDatabase)
    const fails = write.operations.some(({ type, collection, id }) => type !== 'create' && !now[collection].has(id))
    write.database = fails ? 'undone' : 'written'
    this.#note('database', write.database, write.token)
    // The order of writes is that of the database.
    this.#writes = [...this.#writes.filter((other) => other !== write), write]
  }

  #commitInDatabase(write) {
    this.#note('database commits', write.token)
    write.database = 'committed'
  }

  #undoInDatabase(write) {
    this.#note('database undoes', write.token)
    write.database = 'undone'
  }

  async #commit(write) {
    const asBegun = this.#random.chance(0.2) && JSON.stringify(write.begun) === JSON.stringify(write.operations)
    // An update that does not say what it changed cannot be replayed, only invalidate.
    const bare = this.#random.chance(0.1)
    const operations = write.operations.map(({ data, ...operation }) => (bare ? operation : { ...operation, data }))
    this.#note('commit', write.token, asBegun ? 'as begun' : operations)
    write.version = await this.#anyActor().call('commit', write.token, asBegun ? undefined : { operations })
    write.open = false
  }

  /** Everything that the mutation did not touch is a hit before and after, and says the same. */
  async #rollback(write) {
    const actor = this.#anyActor()
    if (write.expired) {
      write.open = false
      return
    }
    const touched = new Set(write.begun.concat(write.operations).flatMap(tagsOf))
    const untouched = (await actor.call('entries')).filter(({ tags }) => !tags.some((tag) => touched.has(tag)))
    const before = []
    for (const { key } of untouched) before.push(await actor.call('read', key))
    this.#note('rollback', write.token)
    await actor.call('rollback', write.token)
    write.open = false
    for (const [index, { key }] of untouched.entries()) {
      const after = await actor.call('read', key)
      // An entry that older views hold back is brought up to date on each read, for which a short log may be too short.
      const isLost = after.bytes === undefined && this.#room.maxLog < STEPS
      if (before[index].bytes === undefined || isLost) continue
      assert.equal(after.bytes, before[index].bytes, `the rollback of ${write.token} changed ${key}`)
      this.counts.keptOverRollback++
    }
    await this.#readAll()
  }

  /** The outcome is unknown to the cache. The transaction may still commit; then its late commit is told too. */
  async #expire(write) {
    this.#note('expire', write.token)
    await this.#anyActor().call('expire', write.token)
    write.expired = true
    if (write.database === 'committed') write.version = await this.#anyActor().call('version')
    if (write.database === 'committed' && this.#random.chance(0.5)) write.open = false
  }

  async #finish(write) {
    if (write.database === 'begun' && !this.#isLocked(write)) this.#writeToDatabase(write)
    if (write.database === 'written') this.#commitInDatabase(write)
    if (write.database === 'committed') await this.#commit(write)
    else if (write.database === 'undone') await this.#rollback(write)
  }

  /** A write that nobody bracketed, told afterwards. */
  async #record() {
    const operations = [this.#anyOperation()]
    const token = `record ${++this.#serial}`
    const write = newWrite({ token, principal: '', begun: [], operations, open: false })
    if (this.#isLocked(write)) return
    this.#writeToDatabase(write)
    if (write.database === 'undone') return
    write.database = 'committed'
    this.#note('record', operations)
    write.version = await this.#anyActor().call('record', operations)
  }

  async #invalidate() {
    const tags = [this.#random.pick(['orders', 'orders:1', 'customers', 'customers:1', 'nothing'])]
    this.#note('invalidate', tags)
    await this.#anyActor().call('invalidate', tags)
  }

  // ---- Views

  async #openView() {
    const id = ++this.#serial
    const owners = this.#writes.filter(({ open }) => open).map(({ principal }) => principal)
    const principal = this.#random.pick([...PRINCIPALS, ...owners, ...owners])
    const presented = this.#writes.filter(
      ({ begun, open }) => begun.length > 0 && this.#random.chance(open ? 0.9 : 0.3),
    )
    const actor = this.#anyActor()
    const view = await actor.call('view', id, { principal, tokens: presented.map(({ token }) => token) })
    const own = presented.filter((write) => write.principal === principal)
    // Laid over in the order of the tokens, which is that of the user's actions.
    const byToken = (a, b) => (a.token < b.token ? -1 : 1)
    const pending = own.filter((write) => write.open && !write.expired).sort(byToken)
    const tokens = (writes) => writes.map(({ token }) => token).sort()
    this.#note('view', id, principal, view)
    assert.deepEqual(view.pending.sort(), tokens(pending), 'it lays over what is pending and its own')
    const foreign = presented.filter((write) => write.principal !== principal)
    assert.deepEqual(view.unknown.sort(), tokens(foreign), "another principal's token looks like one that nobody began")
    this.#views.set(id, { actor, pending, version: view.version })
  }

  async #closeView(id) {
    this.#note('view closes', id)
    await this.#views.get(id).actor.call('closeView', id)
    this.#views.delete(id)
  }

  // ---- Reads

  async #readAll() {
    for (const key of Object.keys(QUERIES)) await this.#readNewest(key)
  }

  async #readNewest(key) {
    const actor = this.#anyActor()
    const reading = await actor.call('read', key)
    if (!this.#isHit(key, reading)) {
      if (this.#random.chance(0.5)) await this.#fillAtOnce(key)
      return
    }
    const head = await actor.call('version')
    const fill = this.#entries.get(key)?.at(-1)
    assert.ok(fill, `${key} was refused, and is a hit`)
    const { version } = reading
    assert.ok(version >= fill.since && version <= head, `${key} is said to be of version ${version}`)
    assert.equal(reading.bytes, this.#expected(fill, head), `${key} at the head`)
    assert.equal(reading.bytes, this.#expected(fill, version), `${key} at the version that it says, ${version}`)
  }

  async #readThroughView(id, key) {
    const { actor, pending, version } = this.#views.get(id)
    const base = this.#random.chance(0.4)
    const reading = await actor.call('read', key, id, { base })
    if (!this.#isHit(key, reading)) return this.#fetchThroughView(id, key, base)
    if (reading.torn) this.counts.torn++
    const head = reading.torn ? await actor.call('version') : version
    const allowed = new Set()
    for (const fill of this.#entries.get(key)?.filter(Boolean) ?? []) {
      for (let at = version; at <= head; at++) {
        if (!reading.overlaid) allowed.add(this.#expected(fill, at))
        for (const layers of base ? [] : layerings(pending)) {
          allowed.add(this.#expected(fill, at, layers.flatMap(({ begun }) => begun)))
        }
      }
    }
    if (reading.overlaid) {
      this.counts.overlaid++
      assert.ok(!base && pending.length > 0, `${key} is overlaid without a pending mutation`)
      if (!pending.every(({ begun }) => isPlain(begun, QUERIES[key]))) return
    }
    const choice = [...allowed].join('\n')
    assert.ok(allowed.has(reading.bytes), `${key} through a view: ${reading.bytes} is none of\n${choice}`)
  }

  /** What was just a miss is loaded, kept, and shown as the view sees it. */
  async #fetchThroughView(id, key, base) {
    const { actor, pending } = this.#views.get(id)
    const fill = await this.#newFill(key)
    this.#fillRead(fill)
    if (fill.text === null) return
    const fetched = await actor.call('fetch', key, id, JSON.parse(fill.text), { query: QUERIES[key] }, { base })
    this.#note('fetch', key, fetched)
    this.#entries.set(key, [...(this.#entries.get(key) ?? []), fill])
    assert.equal(fetched.hit, false, `${key} was a miss just before`)
    if (!fetched.overlaid) return assert.equal(fetched.bytes, fill.text, `${key} as it was loaded`)
    assert.ok(!base && pending.length > 0, `${key} is overlaid without a pending mutation`)
    if (!pending.every(({ begun }) => isPlain(begun, QUERIES[key]))) return
    const allowed = layerings(pending).map((layers) => this.#overlaid(fill, layers))
    const choice = allowed.join('\n')
    assert.ok(allowed.includes(fetched.bytes), `${key} as loaded: ${fetched.bytes} is none of\n${choice}`)
  }

  #isHit(key, reading) {
    this.#note('read', key, reading)
    assert.equal(reading.value, reading.bytes, `${key} as an object and as bytes`)
    if (reading.bytes === undefined) this.counts.misses++
    else this.counts.hits++
    return reading.bytes !== undefined
  }

  // ---- The model

  /** What a fill's entry says at `version`, which may lie before the fill where nothing happened to it in between. */
  #expected(fill, version, overlay = []) {
    const isLater = (write) => write.version > version && write.version <= fill.since
    // What a dirty read saw may be told until the cache has heard that it never became true.
    const isUndone = (write) => write.database === 'undone' && !write.open
    const isFilled = (write) => fill.included.has(write) && !isLater(write) && !isUndone(write)
    const isCounted = (write) => write.version <= version || isFilled(write)
    return JSON.stringify(answer(apply(this.#fold(isCounted), overlay), QUERIES[fill.key]))
  }

  #overlaid(fill, layers) {
    const state = this.#fold((write) => fill.included.has(write))
    return JSON.stringify(answer(apply(state, layers.flatMap(({ begun }) => begun)), QUERIES[fill.key]))
  }

  #fold(isCounted) {
    return this.#writes.filter(isCounted).reduce((state, { operations }) => apply(state, operations), this.#initial)
  }

  #anyKey() {
    return this.#random.pick(Object.keys(QUERIES))
  }

  #anyActor() {
    return this.#random.pick(this.#actors)
  }

  #note(...parts) {
    this.trace.push(parts)
  }
}

/** @returns {Write} */
const newWrite = (members) => ({ ...members, database: 'begun', version: undefined, expired: false })

const isInDatabase = ({ database }) => database === 'written' || database === 'committed'

const tagsOf = ({ collection, id }) => (id === undefined ? [collection] : [collection, `${collection}:${id}`])

/**
 * The mutations that a view may lay over: all that are pending. One that was committed since may be laid over an older
 * state, or not.
 */
function layerings(pending) {
  const isPending = ({ open, expired }) => open && !expired
  const isOptional = (write) => !isPending(write) && write.database === 'committed'
  return pending
    .filter(isOptional)
    .reduce((sets, one) => [...sets, ...sets.map((set) => new Set([...set, one]))], [new Set()])
    .map((chosen) => pending.filter((write) => isPending(write) || chosen.has(write)))
}

/** Is laying these operations over an answer to `query` just a matter of changing members in place? */
function isPlain(operations, query) {
  const moving = [...Object.keys(query.where ?? {}).map((path) => path.split('.')[0]), query.sort?.replace('-', '')]
  return operations.every(({ type, collection, data }) => {
    if (type !== 'update') return false
    if (collection !== query.collection) return query.where === undefined
    const relations = query.depth > 0 ? ['customer', 'items'] : []
    return !Object.keys(data).some((member) => moving.includes(member) || relations.includes(member))
  })
}
