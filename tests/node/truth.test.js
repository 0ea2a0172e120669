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

/** @param {number} seed @param {number} sequences @returns {Promise<{ hits: number, reads: number, replays: number }>} */
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
  const sum = (/** @type {'hits' | 'reads' | 'replays'} */ name) => totals.reduce((sum, total) => sum + total[name], 0)
  const [hits, reads, replays] = [sum('hits'), sum('reads'), sum('replays')]
  t.diagnostic(`${hits} of ${reads} reads after a write were hits, ${replays} of all after a replay`)
  assert.ok(hits > reads / 2, `only ${hits} of ${reads} reads were hits`)
  // Hits on what nothing happened to would prove nothing.
  assert.ok(replays > reads / 10, `only ${replays} replays in ${reads} reads`)
})
