/**
 * Random sequences of everything that can happen to a page, against the HTTP server of the other engine tests. A
 * model that knows nothing of the engine says what each query may show: some state of the database, not older than
 * the one before, with the mutations in flight over it. A raw listener compares every value that comes by.
 *
 * SEED=… ROUNDS=1 runs one round again.
 */
import assert from 'node:assert/strict'
import process from 'node:process'
import test from 'node:test'
import { focusManager } from '@tanstack/react-query'
import { Model } from './engine-random-model.js'
import { Page } from './engine-random-page.js'
import { Random } from './schedules-random.js'

const ROUNDS = Number(process.env.ROUNDS ?? 15)
const SEED = Number(process.env.SEED ?? 1)
const STEPS = 40

/** What can happen, and how often. */
const WEIGHTS = [
  [12, 'mutate'],
  [14, 'release'],
  [4, 'settleRunning'],
  [7, 'othersWrite'],
  [4, 'refetch'],
  [2, 'focus'],
  [5, 'renderPage'],
  [6, 'hydrate'],
  [7, 'edit'],
  [2, 'invalidate'],
  [2, 'cancel'],
  [1.5, 'collect'],
  [0.5, 'clear'],
]

/** @type {Record<string, number>} */
const totals = {}

/** @param {import('node:test').TestContext} t @param {number} seed */
async function playRound(t, seed) {
  const random = new Random(seed)
  const page = await Page.open(t, random, new Model())
  for (let step = 0; step < STEPS; step++) {
    // Several at once, with no answer between.
    for (let count = random.weighted([[6, 1], [2, 2], [1, 3]]); count > 0; count--) {
      const what = random.weighted(WEIGHTS)
      const done = page[what]()
      if (done) totals[what === 'release' ? done : what] = (totals[what === 'release' ? done : what] ?? 0) + 1
    }
    await page.quiet()
    page.check()
  }
  await page.finish()
}

test('whatever happens, each query shows base and overlay, never goes back, and ends in what the database has', async (t) => {
  t.after(() => focusManager.setFocused(undefined))
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED + round
    await t.test(`seed ${seed}`, (t) =>
      playRound(t, seed).catch((error) => {
        error.message = `SEED=${seed} ROUNDS=1: ${error.message}`
        throw error
      })
    )
  }
  t.diagnostic(`SEED=${SEED}: ${JSON.stringify(totals)}`)
  if (ROUNDS < 15) return
  for (const what of ['saved', 'rollback', 'cut', 'fail', 'hydrate', 'edit']) {
    assert.ok(totals[what] > 0, `${what} was tried`)
  }
})
