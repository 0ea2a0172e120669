// Running one step after the other, for `npm test` and `npm run test:soak`: stops at the first that fails, and ends
// with a summary that says what each did and how long it took.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ensureNodeModules, ensurePackages, root } from './machine.mjs'

/**
 * @typedef {object} Part
 * @property {string[]} packages Debian packages it needs
 * @property {boolean} modules does it need node_modules?
 * @property {Record<string, () => Promise<string | void>>} steps by what they do
 */

/** Debian packages that building the core needs, and those for its fuzzers. */
export const COMPILER = ['build-essential', 'pkg-config', 'libcjson-dev']
export const FUZZER = ['clang', 'libclang-rt-dev']

export class StepFailed extends Error {}

/**
 * Runs a command, showing its output.
 * @param {string[]} command
 * @param {Record<string, string>} [env]
 * @returns {Promise<string>} what it wrote to standard output and error
 */
export function run([program, ...args], env = {}) {
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
export const filesIn = (folder, pattern) =>
  readdirSync(path.join(root, folder))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => `${folder}/${name}`)

/** @param {number} count @param {string} [what] */
export function some(count, what = 'tests passed') {
  if (count === 0) throw new StepFailed('nothing was run')
  return `${count} ${what}`
}

/** @param {string} target of tests/core/Makefile @param {string[]} [settings] for make */
export async function coreTests(target, settings = []) {
  const output = await run(['make', '-C', 'tests/core', '-j2', target, ...settings])
  return some(Number(/Tested: (\d+)/.exec(output)?.[1] ?? 0))
}

/** @param {string[]} [settings] for make */
export async function analyze(settings = []) {
  const output = await run(['make', '-C', 'tests/core', '-j2', 'analyze', ...settings])
  return some(Number(/Analyzed: (\d+)/.exec(output)?.[1] ?? 0), 'files')
}

/**
 * Kills processes that use the core.
 * @param {string | number} kills
 * @param {string} [seed] drawn unless given
 */
export async function kill(kills, seed = '') {
  const output = await run(['make', '-C', 'tests/core', '-j2', 'kills', `KILLS=${kills}`, `SEED=${seed}`])
  return some(Number(/(\d+) kills/.exec(output)?.[1] ?? 0), 'processes')
}

/**
 * Runs each fuzz target until it has had `runs` inputs or `seconds` are over.
 * @param {{ seconds: number, seed: string, runs?: number }} options
 */
export async function fuzz({ seconds, seed, runs = -1 }) {
  const settings = [`SECONDS=${seconds}`, `SEED=${seed}`, `RUNS=${runs}`]
  const output = await run(['make', '-C', 'tests/fuzz', '-j2', ...settings])
  const counts = Array.from(output.matchAll(/number_of_executed_units: (\d+)/g), ([, count]) => Number(count))
  return some(counts.reduce((sum, count) => sum + count, 0), 'inputs')
}

/**
 * @param {string[]} files
 * @param {{ concurrency: number, env?: Record<string, string> }} options
 */
export async function nodeTests(files, { concurrency, env }) {
  const options = ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`]
  const output = await run([process.execPath, ...options, '--import=./tests/node/support/quiet.js', ...files], env)
  const count = (/** @type {string} */ what) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  if (count('skipped') + count('todo') > 0) throw new StepFailed('tests were skipped')
  return some(count('pass'))
}

export async function buildAddon() {
  await run([process.execPath, '.setup/build.mjs'])
}

export async function buildApp() {
  await run([process.execPath, '.setup/app.mjs'])
}

/**
 * Builds the addon in a folder of its own with what systems other than Linux take, and runs tests of a single process.
 * @param {string[]} files of tests
 */
export async function portableAddon(files) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'optimistic-cache-portable-'))
  try {
    for (const name of ['.setup', 'binding.gyp', 'include', 'lib', 'package.json', 'src', 'tests']) {
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    await run([process.execPath, path.join(folder, '.setup/build.mjs')], { GYP_DEFINES: 'platform=portable' })
    return await nodeTests(files.map((file) => path.join(folder, file)), { concurrency: 1 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {Record<string, Part>} parts @param {string} script @returns {Part[]} what `--only` asks for */
function wantedParts(parts, script) {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  if (values.only === undefined) return Object.values(parts)
  if (values.only in parts) return [parts[values.only]]
  console.error(`${script}: --only takes ${Object.keys(parts).join(', ')}, not '${values.only}'`)
  process.exit(2)
}

/**
 * Runs the parts that the command line asks for, and sets the process's exit status.
 * @param {Record<string, Part>} parts
 * @param {{ script: string, why: string }} names `script`: what the user typed; `why`: who needs the packages
 */
export async function runParts(parts, { script, why }) {
  const wanted = wantedParts(parts, script)
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
    await announce('system packages', () => ensurePackages([...new Set(wanted.flatMap(({ packages }) => packages))], { why }))
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
  console.log(process.exitCode ? `${script}: FAILED` : `${script}: everything passed`)
}
