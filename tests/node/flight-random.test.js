// Threads and processes fetch one number while it is being changed, and some of them are killed. FLIGHT_SEED=… runs one
// order of steps again; what the machine makes of it may differ.
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import test from 'node:test'
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { Random } from './schedules-random.js'
import { ProcessActor, ThreadActor } from './support/flight-actor.js'

const SEED = Number(process.env.FLIGHT_SEED ?? 1)
const STEPS = Number(process.env.FLIGHT_STEPS ?? 400)
const KILLS = 2
const TAGS = ['number']
const PRINCIPAL = 'users:1'

/** A database of one number, in a file, so that processes can read it. */
class Database {
  #folder = mkdtempSync(path.join(os.tmpdir(), 'optimistic-cache-flight-'))
  file = path.join(this.#folder, 'number')

  write(number) {
    const draft = path.join(this.#folder, 'draft')
    writeFileSync(draft, String(number))
    renameSync(draft, this.file)
  }

  remove() {
    rmSync(this.#folder, { recursive: true })
  }
}

test('what is fetched is never older than what was committed when it was asked for', async (t) => {
  t.diagnostic(`FLIGHT_SEED=${SEED}`)
  const random = new Random(SEED)
  const database = new Database()
  t.after(() => database.remove())
  const options = { name: `flight-random-${process.pid}`, memory: 'shared', maxBytes: 2 << 20 }
  const cache = openCache(options)
  t.after(() => cache.close())
  const start = async (Kind) => {
    const actor = new Kind(t)
    await actor.call('open', options)
    return actor
  }
  const actors = await Promise.all([ProcessActor, ProcessActor, ThreadActor, ThreadActor].map(start))

  let committed = 0
  let last = 0
  const undone = new Set()
  let asked = []
  database.write(committed)

  const write = () => {
    const token = v7()
    cache.begin(token, { principal: PRINCIPAL, operations: [{ type: 'invalidate', tags: TAGS }] })
    database.write(++last)
    if (random.chance(0.7)) {
      cache.commit(token)
      committed = last
    } else {
      database.write(committed)
      cache.rollback(token)
      undone.add(last)
    }
  }
  const ask = (actor) => {
    const [least, never] = [committed, new Set(undone)]
    const answer = actor.call('fetchNumber', 'number', { tags: TAGS }, database.file, random.below(10))
    const check = answer.then((value) => {
      assert.ok(value >= least, `${value} was loaded before ${least} was committed`)
      assert.ok(!never.has(value), `${value} was rolled back before it was asked for`)
    })
    check.catch(() => {}) // it is looked at below
    asked.push({ actor, check })
  }
  const kill = async (index) => {
    const [dead] = actors.splice(index, 1)
    asked = asked.filter(({ actor }) => actor !== dead)
    await dead.kill()
    actors.push(await start(dead.constructor))
  }

  for (let step = 1; step <= STEPS; step++) {
    if (random.chance(0.25)) write()
    else ask(random.pick(actors))
    if (step % Math.ceil(STEPS / (KILLS + 1)) === 0) await kill(random.below(actors.length))
    if (random.chance(0.3)) await new Promise(setImmediate)
    if (random.chance(0.05)) await Promise.all(asked.splice(0).map(({ check }) => check))
  }
  await Promise.all(asked.map(({ check }) => check))
  assert.equal(await actors[0].call('fetchNumber', 'number', { tags: TAGS }, database.file, 0), committed)
})
