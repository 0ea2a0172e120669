// What `npm run bench` runs: measures the package beside its peers, every job in a process of its own.
//
//   npm run bench                              all jobs, as tables
//   npm run bench -- --only object-hit         one
//   npm run bench -- --quick                   a few seconds a job, for a first look
//   npm run bench -- --json                    a line of JSON a job
//   npm run bench -- --save                    keeps the results in bench/results, and makes bench/README.md of them
//
// Figures are only worth comparing within one run: subjects take turns in it, so that whatever else the machine does
// meets all of them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writePage } from './page.mjs'
import { tableOf } from './support/table.mjs'

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))
const jobs = readdirSync(here('jobs')).map((file) => file.replace('.mjs', '')).sort()

const RUNS = 3
/** Those that take minutes. */
const LONG = ['invalidate', 'memory', 'rest-list', 'usefulness']

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})

/** Runs one job here, as the only one of this process. */
async function runHere(/** @type {string} */ job) {
  const { default: run } = await import(`./jobs/${job}.mjs`)
  return { job, ...(await run({ quick: options.quick })) }
}

/** Runs one job in a process of its own. */
function runApart(/** @type {string} */ job) {
  const args = ['--expose-gc', '--max-old-space-size=8192', here('run.mjs'), '--only', job, '--json']
  if (options.quick) args.push('--quick')
  const env = { ...process.env, BENCH_JOB: job }
  const child = spawnSync(process.execPath, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return child.status === 0 ? JSON.parse(/** @type {string} */ (child.stdout.trim().split('\n').at(-1))) : undefined
}

/**
 * Of several runs the one in the middle, by what the first peer comes to: for its lifetime a process has the luck that
 * it has with where its memory lies.
 * @param {string} job
 */
function runOften(job) {
  const results = Array.from({ length: options.quick || LONG.includes(job) ? 1 : RUNS }, () => runApart(job))
  if (results.includes(undefined)) return undefined
  const first = (/** @type {any} */ { ratio }) => Number(Object.values(ratio)[0])
  return results.sort((one, other) => first(one) - first(other))[results.length >> 1]
}

/**
 * Keeps it with what must be known of where it comes from.
 * @param {Record<string, unknown>} result
 * @param {number} load
 */
function save(result, load) {
  const machine = { cpu: cpus()[0].model.trim(), cores: availableParallelism(), node: process.version, load }
  const kept = { ...result, date: new Date().toISOString().slice(0, 10), machine }
  mkdirSync(here('results'), { recursive: true })
  writeFileSync(here(`results/${result.job}.json`), `${JSON.stringify(kept, null, 2)}\n`)
}

if (options.only !== undefined && !jobs.includes(options.only)) {
  console.error(`bench: there is no job ${JSON.stringify(options.only)}; there are ${jobs.join(', ')}`)
  process.exit(1)
}
if (process.env.BENCH_JOB !== undefined && process.env.BENCH_JOB === options.only) {
  console.log(JSON.stringify(await runHere(options.only)))
  process.exit(0)
}
for (const job of options.only === undefined ? jobs : [options.only]) {
  const load = Number(loadavg()[0].toFixed(1))
  const result = runOften(job)
  if (result !== undefined) {
    console.log(options.json ? JSON.stringify(result) : tableOf(result))
    if (options.save) save(result, load)
  } else {
    console.error(`bench: ${job} failed; its messages are above`)
    process.exitCode = 1
  }
}
if (options.save) writePage()
