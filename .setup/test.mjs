// What `npm test` runs: all that must hold, on a fresh clone too. `--only core|types|node|e2e` runs a part.
//
// The steps run one after the other and stop at the first that fails. The last lines printed are a summary with the
// number of tests of each step; a step that ran none, or skipped one, has failed.
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ensureNodeModules, ensurePackages, root } from './machine.mjs'

const COMPILER = ['build-essential', 'pkg-config', 'libcjson-dev']

class StepFailed extends Error {}

/**
 * Runs a command, showing its output.
 * @param {string[]} command
 * @param {Record<string, string>} [env]
 * @returns {Promise<string>} what it wrote to standard output and error
 */
function run([program, ...args], env = {}) {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
      process.stdout.write(text)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) =>
      code === 0 ? resolve(output) : reject(new StepFailed(`${program} ended with ${signal ?? `status ${code}`}`)),
    )
  })
}

/** @param {string} folder @param {RegExp} pattern @returns {string[]} paths from the root, sorted */
const filesIn = (folder, pattern) =>
  readdirSync(path.join(root, folder))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => `${folder}/${name}`)

/** @param {number} count */
function someTests(count) {
  if (count === 0) throw new StepFailed('no test was run')
  return `${count} tests passed`
}

/** @param {string} target of tests/core/Makefile */
async function coreTests(target) {
  const output = await run(['make', '-C', 'tests/core', '-j2', target])
  return someTests(Number(/Tested: (\d+)/.exec(output)?.[1] ?? 0))
}

/** @param {string[]} files @param {{ concurrency: number }} options */
async function nodeTests(files, { concurrency }) {
  const options = ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`]
  const output = await run([process.execPath, ...options, '--import=./tests/node/support/quiet.js', ...files])
  const count = (/** @type {string} */ what) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  if (count('skipped') + count('todo') > 0) throw new StepFailed('tests were skipped')
  return someTests(count('pass'))
}

async function checkFormat() {
  const folders = ['include', 'src', 'src/addon', 'tests/core']
  const files = folders.flatMap((folder) => filesIn(folder, /\.(c|h|cc)$/))
  const { stderr } = spawnSync('clang-format', ['--dry-run', ...files], { cwd: root, encoding: 'utf8' })
  const unformatted = new Set(Array.from(stderr.matchAll(/^(.+?):\d+:\d+:/gm), ([, file]) => file))
  if (unformatted.size > 0) throw new StepFailed(`run 'npm run format'; it would change ${[...unformatted].join(', ')}`)
  return `${files.length} files`
}

async function checkTypes() {
  await run([process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'])
  return 'no errors'
}

async function buildAddon() {
  await run([process.execPath, '.setup/build.mjs'])
}

async function buildApp() {
  await run([process.execPath, '.setup/app.mjs'])
}

/**
 * The parts in order. `packages`: Debian packages they need; `modules`: whether they need node_modules.
 * @type {Record<string, { packages: string[], modules: boolean, steps: Record<string, () => Promise<string | void>> }>}
 */
const parts = {
  core: {
    packages: [...COMPILER, 'libcriterion-dev', 'clang-format'],
    modules: false,
    steps: {
      'formatting of the C and C++': checkFormat,
      'core tests under ASan and UBSan': () => coreTests('all'),
      'core tests under TSan': () => coreTests('threads'),
    },
  },
  types: {
    packages: [],
    modules: true,
    steps: { 'types of lib/': checkTypes },
  },
  node: {
    packages: [...COMPILER, 'python3'],
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

/** @returns {string[]} names of the parts to run */
function wantedParts() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  if (values.only === undefined) return Object.keys(parts)
  if (values.only in parts) return [values.only]
  console.error(`test: --only takes ${Object.keys(parts).join(', ')}, not '${values.only}'`)
  process.exit(2)
}

const wanted = wantedParts().map((name) => parts[name])
const started = Date.now()
/** @type {string[]} */
const summary = []
const seconds = (/** @type {number} */ since) => `${((Date.now() - since) / 1000).toFixed(1)} s`

/** @param {string} name @param {() => unknown} step */
async function announce(name, step) {
  const since = Date.now()
  console.log(`\n── ${name} ──`)
  try {
    const result = await step()
    summary.push(`ok    ${name}: ${result ? `${result}, ` : ''}${seconds(since)}`)
  } catch (error) {
    summary.push(`FAIL  ${name}: ${error instanceof StepFailed ? error.message : error}, ${seconds(since)}`)
    throw error
  }
}

/** @type {Set<unknown>} steps that several parts have run once */
const done = new Set()
try {
  await announce('system packages', () =>
    ensurePackages([...new Set(wanted.flatMap((part) => part.packages))], { why: 'the tests' }),
  )
  if (wanted.some((part) => part.modules)) await announce('node_modules', ensureNodeModules)
  for (const [name, step] of wanted.flatMap((part) => Object.entries(part.steps))) {
    if (done.has(step)) continue
    done.add(step)
    await announce(name, step)
  }
} catch (error) {
  if (!(error instanceof StepFailed)) console.error(error)
  process.exitCode = 1
}
console.log(`\n── summary (${seconds(started)}) ──\n${summary.join('\n')}`)
console.log(process.exitCode ? 'npm test: FAILED' : 'npm test: everything passed')
