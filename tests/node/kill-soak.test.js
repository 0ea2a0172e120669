// Four processes do everything at once over one shared arena, are killed at any moment, and replaced. What the others
// read must be true all the same. SOAK_KILLS sets how many are killed; SEED repeats a run as far as the scheduler does.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openCache } from '../../lib/index.js'
import { Database, DOCUMENTS } from './kill-soak-database.js'
import { random } from './kill-soak-random.js'

const KILLS = Number(process.env.SOAK_KILLS ?? 25)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32))
const PROCESSES = 4
/** Milliseconds; a survivor that is still silent then hangs. */
const SILENCE = 60_000
const WORKER = fileURLToPath(new URL('kill-soak-worker.js', import.meta.url))

class Soak {
  #draw = random(SEED)
  #directory
  #options
  #workers = []
  #writers = 0
  #settling = []
  hits = 0
  lost = 0

  constructor(directory, options) {
    this.#directory = directory
    this.#options = options
    this.database = new Database(directory)
    this.cache = openCache(options)
  }

  start() {
    const writer = ++this.#writers
    const intents = path.join(this.#directory, `intents-${writer}`)
    const settings = { options: this.#options, directory: this.#directory, intents, writer, seed: SEED + writer }
    const child = fork(WORKER, [JSON.stringify(settings)])
    const worker = { child, writer, intents, exited: once(child, 'exit'), failure: undefined }
    child.on('message', ({ failure, hits = 0 }) => {
      worker.failure ??= failure
      this.hits += hits
    })
    this.#workers.push(worker)
  }

  /** Kills one of them in the middle of its work, and starts another. */
  async kill() {
    const worker = this.#workers.splice(this.#draw(this.#workers.length), 1)[0]
    await this.#heard(worker)
    await delay(this.#draw(20))
    worker.child.kill('SIGKILL')
    await worker.exited
    assert.equal(worker.failure, undefined)
    assert.doesNotMatch(this.cache.stats().started, /damaged/)
    this.start()
    const settled = this.#settle(worker)
    settled.catch(() => {}) // stop() waits for it
    this.#settling.push(settled)
  }

  /**
   * What the last write of a dead process left open is settled by those who live; from then on readers may count on
   * it. A token that is unknown was never begun, or lost in a reset: nobody else knows then that its document changed.
   */
  async #settle({ writer, intents }) {
    if (!fs.existsSync(intents)) return
    const line = fs.readFileSync(intents, 'utf8').split('\n').at(-2)
    if (line === undefined) return
    const { token, id, sequence } = JSON.parse(line)
    const position = this.database.find(id, writer, sequence)
    const status = await this.cache.settled(token, `users:${writer}`, { timeout: SILENCE })
    assert.notEqual(status?.state, 'pending', 'a mutation of a dead process is pending still')
    if (position === 0) return
    if (status === undefined) {
      this.lost++
      this.cache.invalidate([`docs:${id}`])
    }
    this.database.ack(id, position)
  }

  async #heard(worker) {
    await once(worker.child, 'message', { signal: AbortSignal.timeout(SILENCE) })
  }

  async stop() {
    await Promise.all(this.#settling)
    for (const worker of this.#workers) {
      await this.#heard(worker)
      worker.child.send('stop')
      await worker.exited
      assert.equal(worker.failure, undefined)
    }
  }

  end() {
    for (const { child } of this.#workers) child.kill('SIGKILL')
    this.cache.close()
  }
}

test(`what is read is true, whoever is killed (${KILLS} kills, seed ${SEED})`, async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'optimistic-cache-kills-'))
  t.after(() => fs.rmSync(directory, { recursive: true }))
  const name = `kill-soak-${process.pid}`
  const soak = new Soak(directory, { name, memory: 'shared', maxBytes: 4 << 20, shapes: { docs: {} } })
  t.after(() => soak.end())
  for (let i = 0; i < PROCESSES; i++) soak.start()
  for (let kills = 0; kills < KILLS; kills++) await soak.kill()
  await soak.stop()

  const { processes, mutationsPending, resets } = soak.cache.stats()
  assert.deepEqual({ processes, mutationsPending }, { processes: 1, mutationsPending: 0 })
  for (let id = 0; id < DOCUMENTS; id++) {
    const found = soak.cache.get(`doc ${id}`)
    assert.equal(found?.n ?? soak.database.position(id), soak.database.position(id))
  }
  t.diagnostic(`${soak.hits} hits checked, ${resets} resets, ${soak.lost} writes lost to a reset`)
})
