import assert from 'node:assert/strict'
import { once } from 'node:events'
import process from 'node:process'
import test from 'node:test'
import { Worker } from 'node:worker_threads'

// SEED=… SCHEDULES=1 runs one schedule again.
const SCHEDULES = Number(process.env.SCHEDULES ?? 10_000)
const SEED = Number(process.env.SEED ?? 1)

async function drive(workerData) {
  const driver = new Worker(new URL('schedules-driver.js', import.meta.url), { workerData })
  const [{ totals, error }] = await once(driver, 'message')
  return { totals, error }
}

// Both at once: each is busy with one thread at a time.
const onOneThread = drive({ name: 'schedules', seed: SEED, count: SCHEDULES })
const acrossThreads = drive({ name: 'schedules-across', seed: SEED, count: SCHEDULES, across: true })

/** @param {import('node:test').TestContext} t */
function assertHeld(t, { totals, error }) {
  if (error) throw error
  t.diagnostic(`SEED=${SEED}: ${JSON.stringify(totals)}`)
  if (SCHEDULES < 1000) return
  // Schedules in which nothing is ever a hit would prove nothing.
  assert.ok(totals.hits > totals.misses / 4, 'a good part of the reads are hits')
  for (const what of ['replays', 'overlaid', 'refused', 'torn', 'keptOverRollback']) assert.ok(totals[what] > 0, what)
}

test('every hit equals the truth and every rollback is exact, in any order of steps', async (t) => {
  assertHeld(t, await onOneThread)
})

test('every hit equals the truth and every rollback is exact, across two worker threads', async (t) => {
  assertHeld(t, await acrossThreads)
})

test('a document that came in through a relation is not set back by older operations on it', async () => {
  const { error } = await drive({ name: 'schedules-set-back', seed: 2096757997, count: 1 })
  if (error) throw error
})
