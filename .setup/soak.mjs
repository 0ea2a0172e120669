// What `npm run test:soak` runs: the long forms of what `npm test` does in short, for hours. `--only` runs a part.
//
// Every seed is printed; SEED repeats a run of what takes one. Each of these makes its part shorter or longer:
//
//   CORE_KILLS           processes of the core that are killed                         20,000
//   SOAK_KILLS           of Node, with the addon                                       10,000
//   TRUTH_SEQUENCES      random sequences of reads and writes against SQLite           50,000
//   POSTGRES_SEQUENCES   the same against PostgreSQL                                   20,000
//   WRITES               after which all who may see different things read again        1,000
//   SCHEDULES            of threads                                                    1,000,000
//   ROUNDS               of the browser's engine                                       2,000
//   CASES                that core and browser both decide                             200,000
//   CONDITION_ROUNDS     of reloads of the order board at drawn moments                100
//   IDLE_SECONDS         in which nothing may happen                                   10
//   CHURN_THREADS        threads that are terminated in use, for each of two tests     1,000
//   ALLOC_STEPS          sets and removals, for each of two mixes of sizes             10,000,000
//   FUZZ_SECONDS         for each target                                               600
import process from 'node:process'
import {
  analyze,
  buildAddon,
  buildApp,
  COMPILER,
  coreTests,
  fuzz,
  FUZZER,
  kill,
  nodeTests,
  portableAddon,
  run,
  runParts,
} from './steps.mjs'

const SEED = process.env.SEED ?? String(1 + Math.floor(Math.random() * 1e6))

/** @param {string} name @param {number} most @returns {string} what the environment says, or `most` */
const setting = (name, most) => process.env[name] ?? String(most)

const CORE_KILLS = setting('CORE_KILLS', 20_000)
const SOAK_KILLS = setting('SOAK_KILLS', 10_000)
const TRUTH_SEQUENCES = setting('TRUTH_SEQUENCES', 50_000)
const POSTGRES_SEQUENCES = setting('POSTGRES_SEQUENCES', 20_000)
const WRITES = setting('WRITES', 1000)
const SCHEDULES = setting('SCHEDULES', 1_000_000)
const ROUNDS = setting('ROUNDS', 2000)
const CASES = setting('CASES', 200_000)
const CONDITION_ROUNDS = setting('CONDITION_ROUNDS', 100)
const IDLE_SECONDS = setting('IDLE_SECONDS', 10)
const CHURN_THREADS = setting('CHURN_THREADS', 1000)
const ALLOC_STEPS = setting('ALLOC_STEPS', 10_000_000)
const FUZZ_SECONDS = setting('FUZZ_SECONDS', 600)

/** @param {string} name @param {Record<string, string>} env @param {'node' | 'e2e'} [folder] */
const node = (name, env, folder = 'node') => () => {
  console.log(`seed ${SEED}`)
  return nodeTests([`tests/${folder}/${name}.test.js`], { concurrency: 1, env: { SEED, TRUTH_SEED: SEED, ...env } })
}

/**
 * @param {Record<string, () => Promise<string | void>>} steps
 * @param {string[]} [packages] more of them
 * @returns {import('./steps.mjs').Part}
 */
const ofNode = (steps, packages = []) => ({
  packages: [...COMPILER, 'python3', ...packages],
  modules: true,
  steps: { addon: buildAddon, ...steps },
})

/** @type {Record<string, import('./steps.mjs').Part>} */
const parts = {
  kills: ofNode({
    [`${CORE_KILLS} kills of processes that use the core`]: () => kill(CORE_KILLS, SEED),
    [`${SOAK_KILLS} kills of processes of Node`]: node('kill-soak', { SOAK_KILLS }),
  }),
  truth: ofNode({ [`answers against a database, ${TRUTH_SEQUENCES} sequences`]: node('truth', { TRUTH_SEQUENCES }) }),
  postgres: ofNode(
    {
      [`answers against PostgreSQL, ${POSTGRES_SEQUENCES} sequences`]: node('truth', {
        TRUTH_SEQUENCES: POSTGRES_SEQUENCES,
        TRUTH_DATABASE: 'postgres',
      }),
    },
    ['postgresql'],
  ),
  askers: ofNode({ [`answers to many users, ${WRITES} writes`]: node('payload-askers', { WRITES, ROUTES: '12' }) }),
  schedules: ofNode({ [`${SCHEDULES} schedules`]: node('schedules', { SCHEDULES }) }),
  engine: ofNode({ [`the engine of the browser, ${ROUNDS} rounds`]: node('engine-random', { ROUNDS }) }),
  differential: ofNode({ [`core against browser, ${CASES} cases`]: node('differential', { CASES }) }),
  pages: ofNode(
    {
      'order board': buildApp,
      [`reloads of the order board, ${CONDITION_ROUNDS} rounds`]: node('conditions', { CONDITION_ROUNDS }, 'e2e'),
      'every scenario of the order board under every condition': node('matrix', { PLAYS: 'all' }, 'e2e'),
    },
    ['chromium'],
  ),
  idle: ofNode({ [`nothing to do, for ${IDLE_SECONDS} s`]: node('idle', { IDLE_SECONDS }) }, ['strace']),
  threads: ofNode({ [`${CHURN_THREADS} threads, each terminated in use`]: node('churn', { CHURN_THREADS }) }),
  portable: ofNode({
    'the addon with what other systems take': () =>
      portableAddon(['cache', 'cache-threads', 'overlay'].map((name) => `tests/node/${name}.test.js`)),
  }),
  memory: {
    packages: COMPILER,
    modules: false,
    steps: {
      'how full the arena gets': async () => {
        await run(['make', '-C', 'tests/core', 'fragmentation', `STEPS=${ALLOC_STEPS}`])
      },
    },
  },
  fuzz: {
    packages: [...COMPILER, ...FUZZER],
    modules: false,
    steps: { [`fuzzers, ${FUZZ_SECONDS} s each`]: () => fuzz({ seconds: Number(FUZZ_SECONDS), seed: SEED }) },
  },
  valgrind: {
    packages: [...COMPILER, 'valgrind', 'cppcheck'],
    modules: false,
    steps: {
      'all core tests under valgrind': () => coreTests('valgrind', ['ALL=1']),
      'core and tests read by -fanalyzer and cppcheck': () => analyze(['ALL=1']),
    },
  },
}

await runParts(parts, { script: 'npm run test:soak', why: 'the long tests' })
