import assert from 'node:assert/strict'
import { once } from 'node:events'
import process from 'node:process'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { Schedule } from './schedules-run.js'
import { Actor } from './schedules-worker.js'

// SEED=… SCHEDULES=1 runs one schedule again.
const SCHEDULES = Number(process.env.SCHEDULES ?? 10_000)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

class LocalActor {
  #actor = new Actor()

  call(method, ...args) {
    return this.#actor[method](...args)
  }
}

class WorkerActor {
  #worker = new Worker(new URL('schedules-worker.js', import.meta.url), { workerData: { actor: true } })

  async call(method, ...args) {
    this.#worker.postMessage({ method, args })
    const [{ result, error }] = await once(this.#worker, 'message')
    if (error) throw error
    return result
  }

  terminate() {
    return this.#worker.terminate()
  }
}

async function runAll(name, count, actors) {
  const totals = {}
  for (let seed = SEED; seed < SEED + count; seed++) {
    const schedule = new Schedule(seed, actors)
    for (const actor of actors) await actor.call('open', { name, ...schedule.options })
    try {
      await schedule.run()
    } catch (cause) {
      const steps = schedule.trace.map((parts) => parts.map((part) => JSON.stringify(part)).join(' '))
      throw new Error(`SEED=${seed} SCHEDULES=1 fails after\n${steps.join('\n')}\n${cause.message}`, { cause })
    } finally {
      for (const actor of actors) await actor.call('close')
    }
    for (const [what, times] of Object.entries(schedule.counts)) totals[what] = (totals[what] ?? 0) + times
  }
  return totals
}

/** A run in which nothing is ever a hit would prove nothing. */
function assertItShowedSomething(t, totals, count) {
  t.diagnostic(`SEED=${SEED}: ${JSON.stringify(totals)}`)
  if (count < 100) return
  assert.ok(totals.hits > totals.misses / 4, 'a good part of the reads are hits')
  for (const what of ['overlaid', 'refused', 'torn', 'keptOverRollback']) assert.ok(totals[what] > 0, `${what} happens`)
}

test('every hit equals the truth and every rollback is exact, in any order of steps', async (t) => {
  const totals = await runAll('schedules', SCHEDULES, [new LocalActor(), new LocalActor()])
  assertItShowedSomething(t, totals, SCHEDULES)
})

test('every hit equals the truth and every rollback is exact, across two worker threads', async (t) => {
  const count = Math.ceil(SCHEDULES / 8)
  const workers = [new WorkerActor(), new WorkerActor()]
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())))
  const totals = await runAll('schedules-across-threads', count, workers)
  assertItShowedSomething(t, totals, count)
})
