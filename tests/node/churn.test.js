// Worker threads that are terminated while they use a cache, many of them: nothing is left of them, and nothing breaks.
// CHURN_THREADS sets how many; SEED repeats a run as far as the scheduler does.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import process from 'node:process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const THREADS = Number(process.env.CHURN_THREADS ?? 50)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32))
const MAIN = fileURLToPath(new URL('churn-main.js', import.meta.url))
/** A leak of 64 KiB a thread shows with 500 of them; what Node.js itself takes and gives back is no leak. */
const NOISE = { bytes: 32 << 20, mappings: 60 }

/** Runs churn-main.js in a process of its own. */
async function churn(...kept) {
  const args = ['--expose-gc', MAIN, String(THREADS), String(SEED), `churn-${process.pid}-${kept}`, ...kept]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

function assertNothingIsLeft(before, after) {
  const countable = ({ files, threads, arenas, addons }) => ({ files, threads, arenas, addons })
  assert.deepEqual(countable(after), countable(before))
  for (const [what, most] of Object.entries(NOISE)) {
    const more = after[what] - before[what]
    assert.ok(more < most, `${THREADS} threads left ${more} ${what}`)
  }
}

const growth = (before, after) =>
  Object.keys(NOISE).map((what) => `${after[what] - before[what]} ${what} more`).join(', ')

test(`the addon can be loaded and unloaded ${THREADS} times, in use each time (seed ${SEED})`, async (t) => {
  const { before, after } = await churn()
  t.diagnostic(growth(before, after))
  assert.equal(after.addons, 0, 'the addon is still loaded')
  assert.equal(after.arenas, 0, 'an arena is still mapped')
  assertNothingIsLeft(before, after)
})

test(`${THREADS} threads that are terminated in use leave nothing in an open cache (seed ${SEED})`, async (t) => {
  const { before, after, stats } = await churn('kept')
  t.diagnostic(growth(before, after))
  const { views, flights, mutationsPending, processes, resets } = stats
  const left = { views, flights, mutationsPending, processes, resets }
  assert.deepEqual(left, { views: 0, flights: 0, mutationsPending: 0, processes: 1, resets: 0 })
  assertNothingIsLeft(before, after)
})
