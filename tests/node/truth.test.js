/**
 * Against the database: random documents, queries and writes on a real Payload; after each commit every cached query is
 * either a miss or, byte for byte, what Payload answers then. `TRUTH_SEQUENCES` and `TRUTH_SEED` run more, or others.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SEQUENCES = Number(process.env.TRUTH_SEQUENCES ?? 2000)
const SEED = Number(process.env.TRUTH_SEED ?? 1)
const PROCESSES = 2

const program = fileURLToPath(new URL('./truth-main.js', import.meta.url))

/** @param {number} seed @param {number} sequences @returns {Promise<{ hits: number, reads: number }>} */
async function run(seed, sequences) {
  // Payload pushes its schema only outside of production; its progress goes to standard output, too.
  const { stdout } = await promisify(execFile)(process.execPath, [program, String(seed), String(sequences)])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

test(`in ${SEQUENCES} random sequences from seed ${SEED} no answer differs from the database's`, async (t) => {
  const share = Math.ceil(SEQUENCES / PROCESSES)
  const runs = Array.from({ length: PROCESSES }, (_, index) =>
    run(SEED + index * share, Math.min(share, SEQUENCES - index * share)),
  )
  const totals = await Promise.all(runs)
  const hits = totals.reduce((sum, total) => sum + total.hits, 0)
  const reads = totals.reduce((sum, total) => sum + total.reads, 0)
  t.diagnostic(`${hits} of ${reads} reads after a write were hits`)
  assert.ok(hits > reads / 4, `only ${hits} of ${reads} reads were hits`)
})
