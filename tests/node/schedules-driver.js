// A worker that runs schedules, one after the other, and posts what they showed. It is a thread of its own because the
// test runner follows every promise of the main thread, which takes longer than the schedules themselves.
import { once } from 'node:events'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { Schedule } from './schedules-run.js'
import { Actor } from './schedules-worker.js'

class LocalActor {
  #actor = new Actor()

  call(method, ...args) {
    return this.#actor[method](...args)
  }

  end() {}
}

class WorkerActor {
  #worker = new Worker(new URL('schedules-worker.js', import.meta.url), { workerData: { actor: true } })

  async call(method, ...args) {
    this.#worker.postMessage({ method, args })
    const [{ result, error }] = await once(this.#worker, 'message')
    if (error) throw error
    return result
  }

  async end() {
    await this.#worker.terminate()
  }
}

/** @returns {Promise<Record<string, number>>} how often what happened */
async function runAll({ name, seed, count }, actors) {
  const totals = {}
  for (let one = seed; one < seed + count; one++) {
    const schedule = new Schedule(one, actors)
    for (const actor of actors) await actor.call('open', { name, ...schedule.options })
    try {
      await schedule.run()
    } catch (cause) {
      const steps = schedule.trace.map((parts) => parts.map((part) => JSON.stringify(part)).join(' '))
      throw new Error(`SEED=${one} SCHEDULES=1 fails after\n${steps.join('\n')}\n${cause.message}`, { cause })
    } finally {
      for (const actor of actors) await actor.call('close')
    }
    for (const [what, times] of Object.entries(schedule.counts)) totals[what] = (totals[what] ?? 0) + times
  }
  return totals
}

const actors = workerData.across ? [new WorkerActor(), new WorkerActor()] : [new LocalActor(), new LocalActor()]
try {
  parentPort.postMessage({ totals: await runAll(workerData, actors) })
} catch (error) {
  parentPort.postMessage({ error })
}
for (const actor of actors) await actor.end()
