// Building the order board, for npm start; run by itself, it does just that.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { root } from './machine.mjs'

export const app = path.join(root, 'examples/order-board')
export const next = path.join(root, 'node_modules/next/dist/bin/next')

/** @param {string} message */
export const say = (message) => console.log(`order board: ${message}`)

/** @param {string} reason @returns {never} */
export function giveUp(reason) {
  console.error(`order board: ${reason}`)
  process.exit(1)
}

/**
 * Runs Node.js in the app's folder; ends the process when that fails.
 * @param {string[]} args of node
 * @param {Record<string, string>} [env]
 */
export function run(args, env = {}) {
  const options = /** @type {const} */ ({ cwd: app, env: { ...process.env, ...env }, stdio: 'inherit' })
  const { status } = spawnSync(process.execPath, args, options)
  if (status !== 0) giveUp(`${args.join(' ')} failed; its messages are above`)
}

/** @param {string} folder @returns {string[]} all files in it */
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))

/** @returns {string} a hash of all that the built app is made of */
function fingerprint() {
  const single = ['next.config.js', 'jsconfig.json', 'package.json'].map((name) => path.join(app, name))
  const shared = ['package.json', 'package-lock.json'].map((name) => path.join(root, name))
  const files = [...single, ...shared, ...filesIn(path.join(app, 'src')), ...filesIn(path.join(root, 'lib'))].sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

/** Builds the app, unless what it is made of is what it was made of the last time. */
export function buildApp() {
  const stamp = path.join(app, '.next/order-board-stamp')
  const wanted = fingerprint()
  const built = existsSync(path.join(app, '.next/BUILD_ID')) && existsSync(stamp) && readFileSync(stamp, 'utf8')
  if (built === wanted) return
  say('building the app, which takes a minute')
  run([next, 'build'], { NEXT_TELEMETRY_DISABLED: '1' })
  writeFileSync(stamp, wanted)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildApp()
