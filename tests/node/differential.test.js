/**
 * The core against the browser's engine: random answers and operations (differential-random.js), laid over by both,
 * must come out alike. What once differed is a vector with a name. `CASES` and `SEED` run more, or others; a case
 * that differs is printed with its seed, and `SEED=… CASES=1` runs it again.
 */
import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { overlaidByBrowser, overlaidByCore } from './support/overlaid.js'
import { randomCase } from './differential-random.js'
import { Random } from './schedules-random.js'

const CASES = Number(process.env.CASES ?? 600)
const SEED = Number(process.env.SEED ?? 1)

/**
 * Which documents the joins of an answer show, in which order.
 * @param {any} answer
 */
function idsInJoins(answer) {
  /** @type {unknown[]} */
  const ids = []
  JSON.stringify(answer?.docs ?? answer, (_name, value) => {
    if (Array.isArray(value?.docs)) ids.push(value.docs.map((/** @type {any} */ item) => item?.id ?? item))
    return value
  })
  return JSON.stringify(ids)
}

test(`core and browser lay ${CASES} random changes from seed ${SEED} over answers alike`, (t) => {
  let changed = 0
  let moved = 0
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const vector = randomCase(new Random(seed))
    const shown = overlaidByBrowser(vector)
    if (JSON.stringify(shown) !== JSON.stringify(vector.value)) changed++
    if (idsInJoins(shown) !== idsInJoins(vector.value)) moved++
    const { value, text } = overlaidByCore(vector)
    assert.deepEqual(structuredClone(shown), value, `seed ${seed}: ${JSON.stringify(vector)}`)
    assert.equal(text, JSON.stringify(value), `as bytes: seed ${seed}: ${JSON.stringify(vector)}`)
  }
  t.diagnostic(`${changed} answers were changed, ${moved} show other documents in joins`)
  // Agreement on what nothing happened to would prove nothing.
  assert.ok(changed > CASES / 4 || CASES < 100, `only ${changed} answers were changed`)
  assert.ok(moved > CASES / 20 || CASES < 100, `in joins of only ${moved} answers something moved`)
})
