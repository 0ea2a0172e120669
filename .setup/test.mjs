// What `npm test` runs: all that must hold, on a fresh clone too. `--only core|types|node|e2e` runs a part.
//
// The steps run one after the other and stop at the first that fails. The last lines printed are a summary with the
// number of tests of each step; a step that ran none, or skipped one, has failed. What takes longer is in soak.mjs.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { root } from './machine.mjs'
import {
  analyze,
  buildAddon,
  buildApp,
  COMPILER,
  coreTests,
  filesIn,
  fuzz,
  FUZZER,
  kill,
  nodeTests,
  run,
  runParts,
  some,
  StepFailed,
} from './steps.mjs'

async function checkFormat() {
  const folders = ['include', 'src', 'src/addon', 'tests/core', 'tests/core/plain', 'tests/fuzz']
  const files = folders.flatMap((folder) => filesIn(folder, /\.(c|h|cc)$/))
  const { stderr } = spawnSync('clang-format', ['--dry-run', ...files], { cwd: root, encoding: 'utf8' })
  const unformatted = new Set(Array.from(stderr.matchAll(/^(.+?):\d+:\d+:/gm), ([, file]) => file))
  if (unformatted.size > 0) throw new StepFailed(`run 'npm run format'; it would change ${[...unformatted].join(', ')}`)
  return `${files.length} files`
}

async function runExample() {
  await run(['make', '-C', 'tests/core', 'example'])
}

async function checkTypes() {
  await run([process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'])
  return 'no errors'
}

/** @type {Record<string, import('./steps.mjs').Part>} */
const parts = {
  core: {
    packages: [...COMPILER, 'libcriterion-dev', 'clang-format', 'cppcheck', 'valgrind', ...FUZZER],
    modules: false,
    steps: {
      'formatting of the C and C++': checkFormat,
      'the core read by -fanalyzer and cppcheck': () => analyze(),
      'the program that uses the core by itself': runExample,
      'core tests under ASan and UBSan': () => coreTests('all'),
      'core tests under TSan': () => coreTests('threads'),
      'processes killed while they work': () => kill(300),
      'core tests under valgrind': () => coreTests('valgrind'),
      'core tests with what other systems take': () => coreTests('portable'),
      'fuzzers, for a moment': () => fuzz({ seconds: 10, seed: '1', runs: 3000 }),
    },
  },
  types: {
    packages: [],
    modules: true,
    steps: { 'types of lib/': checkTypes },
  },
  node: {
    packages: [...COMPILER, 'python3', 'strace', 'postgresql'],
    modules: true,
    steps: {
      addon: buildAddon,
      'node tests': () => nodeTests(filesIn('tests/node', /\.test\.js$/), { concurrency: 2 }),
    },
  },
  e2e: {
    packages: [...COMPILER, 'python3', 'chromium'],
    modules: true,
    steps: {
      addon: buildAddon,
      'order board': buildApp,
      'end-to-end tests': () => nodeTests(filesIn('tests/e2e', /\.test\.js$/), { concurrency: 1 }),
    },
  },
}

await runParts(parts, { script: 'npm test', why: 'the tests' })
