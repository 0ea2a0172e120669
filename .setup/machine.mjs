// What the scripts of this folder need of the machine: system packages and node_modules. Both functions do nothing
// when there is nothing to do, and say what they do otherwise. This file runs before anything is installed, so it
// imports Node's own modules only.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/**
 * How to tell, on any system, that what a Debian package brings is there: commands that must all succeed. A package
 * that is not named here brings the command of its own name.
 * @type {Record<string, string[]>}
 */
const evidence = {
  'build-essential': ['command -v "${CC:-cc}"', 'command -v "${CXX:-c++}"', 'command -v make'],
  'libcjson-dev': [`printf '#include <cjson/cJSON.h>' | "\${CC:-cc}" $(pkg-config --cflags libcjson) -x c -E -`],
  'libclang-rt-dev': [
    `printf 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }' |
     clang -x c -fsanitize=fuzzer,address -o /dev/null -`,
  ],
  'libcriterion-dev': ['pkg-config --exists criterion'],
  postgresql: ['command -v /usr/lib/postgresql/*/bin/postgres'],
  chromium: ['command -v chromium || command -v chromium-browser || command -v google-chrome'],
}

/** @param {string} script @returns {boolean} */
const succeeds = (script) => spawnSync('sh', ['-c', script], { stdio: 'ignore' }).status === 0

/** @param {string} name */
const isInstalled = (name) =>
  spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' }).stdout === 'installed'

/** @param {string} name */
const isThere = (name) => isInstalled(name) || (evidence[name] ?? [`command -v ${name}`]).every(succeeds)

/** @param {string[]} command */
function run([program, ...args]) {
  console.log(`$ ${[program, ...args].join(' ')}`)
  return spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status === 0
}

/** @param {string} reason @returns {never} */
function giveUp(reason) {
  console.error(`setup: ${reason}`)
  process.exit(1)
}

/**
 * Installs the Debian packages that are missing; ends the process when it cannot.
 * @param {string[]} names Debian's names; on another system they say what is needed
 * @param {{ why: string }} options `why`: what needs them, for people
 */
export function ensurePackages(names, { why }) {
  const missing = names.filter((name) => !isThere(name))
  if (missing.length === 0) return
  const list = missing.join(' ')
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing]
  if (!succeeds('command -v apt-get && command -v dpkg-query')) {
    giveUp(`${why} needs what Debian calls ${list}. Install that with this system's package manager, then try again.`)
  }
  const isRoot = process.getuid?.() === 0
  const sudo = isRoot ? [] : ['sudo', '-n']
  if (!isRoot && !succeeds('sudo -n true')) {
    giveUp(`${why} needs ${list}. Run this, then try again:\n  sudo apt-get update && sudo ${install.join(' ')}`)
  }
  console.log(`setup: ${why} needs ${list}`)
  process.env.DEBIAN_FRONTEND = 'noninteractive'
  // A package index that is partly out of reach may still have what is needed: only the installation decides.
  run([...sudo, 'apt-get', 'update'])
  if (!run([...sudo, ...install])) giveUp(`apt-get could not install ${list}; its messages are above`)
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean, link?: boolean }>} */
const packagesOf = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages

/**
 * Does node_modules hold what package-lock.json asks for? npm writes down what it installed, when it is done. Optional
 * packages are mostly binaries for other systems.
 */
function nodeModulesAreCurrent() {
  const installed = 'node_modules/.package-lock.json'
  if (!existsSync(path.join(root, 'package-lock.json')) || !existsSync(path.join(root, installed))) return false
  const present = packagesOf(installed)
  return Object.entries(packagesOf('package-lock.json')).every(
    ([name, wanted]) =>
      !name.includes('node_modules/') ||
      wanted.optional ||
      (name in present && (wanted.link || present[name].version === wanted.version)),
  )
}

/**
 * Brings node_modules to what package-lock.json says; ends the process when it cannot. No dependency's install script
 * is run: their native parts come as optional packages, and ours is built by build.mjs.
 */
export function ensureNodeModules() {
  if (nodeModulesAreCurrent()) return
  const command = existsSync(path.join(root, 'package-lock.json')) ? 'ci' : 'install'
  console.log('setup: node_modules is missing or not what package-lock.json asks for')
  if (!run(['npm', command, '--ignore-scripts', '--no-audit', '--no-fund'])) {
    giveUp(`npm ${command} failed; its messages are above`)
  }
}
