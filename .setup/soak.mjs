// What `npm run test:soak` runs: the long forms of what `npm test` does in short, for hours. `--only` runs a part.
//
// Every seed is printed; SEED repeats a run of what takes one. FUZZ_SECONDS (600) and SOAK_KILLS (10,000) make it
// shorter.
import process from 'node:process'
import { COMPILER, FUZZER, buildAddon, coreTests, fuzz, nodeTests, run, runParts } from './steps.mjs'

const FUZZ_SECONDS = Number(process.env.FUZZ_SECONDS ?? 600)
const SOAK_KILLS = process.env.SOAK_KILLS ?? '10000'
const SEED = process.env.SEED ?? String(1 + Math.floor(Math.random() * 1e6))

/** @param {string} name @param {Record<string, string>} env */
const node = (name, env) => () => {
  console.log(`seed ${SEED}`)
  return nodeTests([`tests/node/${name}.test.js`], { concurrency: 1, env: { SEED, TRUTH_SEED: SEED, ...env } })
}

/** @param {Record<string, () => Promise<string | void>>} steps @returns {import('./steps.mjs').Part} */
const ofNode = (steps) => ({
  packages: [...COMPILER, 'python3', 'strace'],
  modules: true,
  steps: { addon: buildAddon, ...steps },
})

/** @type {Record<string, import('./steps.mjs').Part>} */
const parts = {
  kills: ofNode({ [`${SOAK_KILLS} kills of processes that share an arena`]: node('kill-soak', { SOAK_KILLS }) }),
  truth: ofNode({ 'answers against a database, 50,000 sequences': node('truth', { TRUTH_SEQUENCES: '50000' }) }),
  postgres: ofNode(
    {
      'answers against PostgreSQL, 20,000 sequences': node('truth', {
        TRUTH_SEQUENCES: '20000',
        TRUTH_DATABASE: 'postgres',
      }),
    },
    ['postgresql'],
  ),
  schedules: ofNode({ '1,000,000 schedules': node('schedules', { SCHEDULES: '1000000' }) }),
  engine: ofNode({ 'the engine of the browser, 2,000 rounds': node('engine-random', { ROUNDS: '2000' }) }),
  differential: ofNode({ 'core against browser, 200,000 cases': node('differential', { CASES: '200000' }) }),
  idle: ofNode({ 'nothing to do, for 10 s': node('idle', { IDLE_SECONDS: '10' }) }),
  threads: ofNode({ '1,000 threads, each terminated in use': node('churn', { CHURN_THREADS: '1000' }) }),
  memory: {
    packages: COMPILER,
    modules: false,
    steps: {
      'how full the arena gets': async () => {
        await run(['make', '-C', 'tests/core', 'fragmentation'])
      },
    },
  },
  fuzz: {
    packages: [...COMPILER, ...FUZZER],
    modules: false,
    steps: { [`fuzzers, ${FUZZ_SECONDS} s each`]: () => fuzz({ seconds: FUZZ_SECONDS, seed: SEED }) },
  },
  valgrind: {
    packages: [...COMPILER, 'valgrind'],
    modules: false,
    steps: { 'all core tests under valgrind': () => coreTests('valgrind', ['ALL=1']) },
  },
}

await runParts(parts, { script: 'npm run test:soak', why: 'the long tests' })
