// One process of kill-soak.test.js: does everything that a cache can do, in an order drawn from its seed, and checks
// all that it reads. It is killed at any moment, or ends when it is told to.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import process from 'node:process'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { Database, documentAt, DOCUMENTS } from './kill-soak-database.js'
import { random } from './kill-soak-random.js'

const { options, directory, intents, writer, seed } = JSON.parse(process.argv[2])
const PRINCIPAL = `users:${writer}`
/** What a pending mutation shows, to its author alone. */
const PENDING = -1
const OPEN_VIEWS = 4
const ROUND = 50

const draw = random(seed)
const database = new Database(directory)
const intentFile = fs.openSync(intents, 'a', 0o600)
const views = []
let cache = openCache(options)
let sequence = 0
let hits = 0
let stopping = false

const documentQuery = (id) => ({ type: 'findByID', collection: 'docs', id, depth: 0 })
const PAGE_QUERY = { type: 'find', collection: 'docs', sort: 'id', limit: DOCUMENTS, page: 1, depth: 0 }

function pageOf(docs) {
  const rest = { limit: DOCUMENTS, totalPages: 1, page: 1, pagingCounter: 1, hasPrevPage: false, hasNextPage: false }
  return { docs, totalDocs: DOCUMENTS, ...rest, prevPage: null, nextPage: null }
}

const leastNow = () => Array.from({ length: DOCUMENTS }, (_, id) => database.acked(id))

/** `least`: what was acked before the read began. */
function check(document, least) {
  const { id, n } = document
  assert.ok(n >= least[id], `document ${id} shows write ${n}, but ${least[id]} was acked before the read`)
  assert.ok(n <= database.position(id), `document ${id} shows write ${n}, which was never made`)
  assert.deepEqual(document, documentAt(id, n))
  hits++
}

function readDocument() {
  const id = draw(DOCUMENTS)
  const least = leastNow()
  const found = cache.get(`doc ${id}`)
  if (found !== undefined) return check(found, least)
  const since = cache.version
  cache.set(`doc ${id}`, database.read(id), { since, query: documentQuery(id) })
}

function readPage() {
  const least = leastNow()
  const found = cache.get('page')
  if (found !== undefined) {
    assert.equal(found.docs.length, DOCUMENTS)
    for (const document of found.docs) check(document, least)
    return
  }
  const since = cache.version
  const docs = Array.from({ length: DOCUMENTS }, (_, id) => database.read(id))
  cache.set('page', pageOf(docs), { since, query: PAGE_QUERY })
}

/** All that a view shows was true when it was opened. */
function readThroughView() {
  const least = leastNow()
  const view = cache.view({ principal: PRINCIPAL })
  const found = cache.get('page', view)
  if (found !== undefined) for (const document of found.docs) check(document, least)
  views.push(view)
  if (views.length > OPEN_VIEWS) views.splice(draw(views.length), 1)[0].close()
}

const update = (id, data) => ({ type: 'update', collection: 'docs', id, data })

/** What the parent needs when this process is killed in the middle: see kill-soak.test.js. */
function intend(token, id) {
  fs.writeSync(intentFile, `${JSON.stringify({ token, id, sequence })}\n`)
}

function write() {
  const id = draw(DOCUMENTS)
  const token = v7()
  sequence++
  intend(token, id)
  cache.begin(token, { principal: PRINCIPAL, operations: [update(id, { n: PENDING })] })
  if (draw(2)) readOwn(token, id)
  if (draw(4) === 0) return rollback(token)
  const position = database.write(id, writer, sequence)
  settle(id, () => cache.commit(token, { operations: [update(id, documentAt(id, position))] }))
  database.ack(id, position)
}

/** The author sees what is pending, and nobody else does. */
function readOwn(token, id) {
  const own = cache.view({ principal: PRINCIPAL, tokens: [token] })
  const pending = own.pending.length > 0
  const found = cache.get(`doc ${id}`, own)
  if (found !== undefined && pending && !own.torn) assert.equal(found.n, PENDING)
  own.close()
  const other = cache.view({ principal: 'users:0', tokens: [token] })
  assert.notEqual(cache.get(`doc ${id}`, other)?.n, PENDING)
  other.close()
}

function rollback(token) {
  try {
    cache.rollback(token, { reason: 'no' })
  } catch (error) {
    if (error.code !== 'ERR_OPTIMISTIC_TOKEN_UNKNOWN') throw error
  }
}

/** A reset forgets what is pending; who had written something invalidates it then, as the Payload plugin does. */
function settle(id, commit) {
  try {
    commit()
  } catch (error) {
    if (error.code !== 'ERR_OPTIMISTIC_TOKEN_UNKNOWN') throw error
    cache.invalidate([`docs:${id}`])
  }
}

function record() {
  const id = draw(DOCUMENTS)
  const token = v7()
  sequence++
  intend(token, id)
  cache.begin(token, { principal: PRINCIPAL, operations: [update(id, {})] })
  const position = database.write(id, writer, sequence)
  cache.record([update(id, { n: position })])
  database.ack(id, position)
  rollback(token)
}

/** Things of all sizes, so that the arena is always full. */
function fill() {
  const key = `filling ${draw(400)}`
  const size = draw(20) === 0 ? draw(100_000) : draw(4_000)
  cache.setBytes(key, 'x'.repeat(size + 1), { tags: [`filling:${draw(50)}`, 'filling'], ttl: 1 + draw(5_000) })
  const found = cache.getBytes(`filling ${draw(400)}`)
  if (found) assert.ok(found.every((byte) => byte === 120))
}

function look() {
  cache.stats()
  for (const { key } of cache.entries({ tag: 'docs', limit: 50 })) assert.match(key, /^(doc \d|page)$/)
}

function reopen() {
  views.length = 0
  cache.close()
  cache = openCache(options)
}

const ACTS = [
  [30, readDocument], [20, readPage], [10, readThroughView], [20, write], [3, record], [20, fill], [1, look],
  [2, () => cache.invalidate([`filling:${draw(50)}`])], [1, () => cache.invalidate(['docs'])], [0.2, reopen],
]
const WEIGHTS = ACTS.reduce((sum, [weight]) => sum + weight, 0)

function act() {
  let at = (draw(1 << 20) / (1 << 20)) * WEIGHTS
  for (const [weight, action] of ACTS) if ((at -= weight) < 0) return action()
}

function round() {
  try {
    for (let i = 0; i < ROUND; i++) act()
  } catch ({ stack }) {
    process.send({ failure: stack }, () => process.exit(1))
    return
  }
  process.send({ hits })
  hits = 0
  if (!stopping) return setImmediate(round)
  cache.close()
  process.disconnect()
}

process.on('message', () => {
  stopping = true
})
process.on('disconnect', () => process.exit())
round()
