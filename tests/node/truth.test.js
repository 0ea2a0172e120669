/**
 * Against the database: random documents, queries and writes on a real Payload; after each commit every cached query is
 * either a miss or, byte for byte, what Payload answers then. `TRUTH_SEQUENCES` and `TRUTH_SEED` run more, or others;
 * `TRUTH_DATABASE=postgres` asks a PostgreSQL server of the test's own instead of SQLite.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { start as startPostgres } from './support/postgres.js'

const SEQUENCES = Number(process.env.TRUTH_SEQUENCES ?? 2000)
const SEED = Number(process.env.TRUTH_SEED ?? 1)
const DATABASE = process.env.TRUTH_DATABASE ?? 'sqlite'
const PROCESSES = 2

const program = fileURLToPath(new URL('./truth-main.js', import.meta.url))

/**
 * @param {AbortSignal} signal
 * @param {number} seed
 * @param {number} sequences
 * @param {string[]} database URL of its own, if any
 * @returns {Promise<{ hits: number, reads: number, joined: number, replays: number }>}
 */
async function run(signal, seed, sequences, database) {
  // Payload pushes its schema only outside of production; its progress goes to standard output, too.
  const args = [program, String(seed), String(sequences), ...database]
  const running = promisify(execFile)(process.execPath, args, { signal })
  running.child.stderr?.pipe(process.stderr, { end: false })
  const { stdout } = await running
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** @param {import('node:test').TestContext} t @returns {Promise<(name: string) => string[]>} */
async function databases(t) {
  if (DATABASE === 'sqlite') return () => []
  const server = await startPostgres()
  t.after(() => server.stop())
  return (name) => [server.url.replace('/postgres?', `/${name}?`)]
}

test(`in ${SEQUENCES} random sequences from seed ${SEED} no answer differs from what ${DATABASE} says`, async (t) => {
  const share = Math.ceil(SEQUENCES / PROCESSES)
  const databaseOf = await databases(t)
  const runs = Array.from({ length: PROCESSES }, (_, index) =>
    run(t.signal, SEED + index * share, Math.min(share, SEQUENCES - index * share), databaseOf(`truth${index}`)),
  )
  const totals = await Promise.all(runs)
  const sum = (/** @type {'hits' | 'reads' | 'joined' | 'replays'} */ name) =>
    totals.reduce((sum, total) => sum + total[name], 0)
  const [hits, reads, joined, replays] = [sum('hits'), sum('reads'), sum('joined'), sum('replays')]
  t.diagnostic(`${hits} of ${reads} reads after a write were hits, ${replays} of all replayed; ${joined} of joins`)
  assert.ok(hits > reads / 2, `only ${hits} of ${reads} reads were hits`)
  // Hits on what nothing happened to would prove nothing.
  assert.ok(replays > reads / 10, `only ${replays} replays in ${reads} reads`)
  assert.ok(joined > SEQUENCES / 10, `only ${joined} replays on what shows joins`)
})
