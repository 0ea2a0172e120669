// What compiling the addon needs of the machine. Run by itself, as it is before node-gyp when somebody installs the
// package, it says what is missing, and fails.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** What installs all of it, by the command that each kind of system is known by. */
const installations = {
  'apt-get': 'apt-get install build-essential python3 libcjson-dev',
  apk: 'apk add g++ make python3 linux-headers cjson-dev',
  dnf: 'dnf install gcc-c++ make python3 cjson-devel',
  brew: 'xcode-select --install; brew install cjson pkgconf',
}

/** @param {string} command @param {string[]} args @param {string} [input] @returns {boolean} did it run and succeed? */
const succeeds = (command, args, input) => spawnSync(command, args, { input }).status === 0

/** @param {string} name */
const isCommand = (name) => succeeds('sh', ['-c', `command -v ${name}`])

/** @returns {string[]} */
function missingHeaders() {
  const flags = spawnSync('pkg-config', ['--cflags', 'libcjson'], { encoding: 'utf8' })
  const include = flags.status === 0 ? flags.stdout.split(/\s+/).filter(Boolean) : []
  const headers = ['cjson/cJSON.h', ...(process.platform === 'linux' ? ['linux/futex.h'] : [])]
  const cc = process.env.CC ?? 'cc'
  return headers.filter((header) => !succeeds(cc, [...include, '-x', 'c', '-E', '-'], `#include <${header}>\n`))
}

/** @returns {string | undefined} what is missing and how to get it */
export function missingTool() {
  const { CC = 'cc', CXX = 'c++' } = process.env
  const tools = [CC, CXX, 'make', 'python3'].filter((name) => !isCommand(name))
  const missing = tools.length > 0 ? tools : missingHeaders()
  if (missing.length === 0) return undefined
  const here = Object.entries(installations).find(([name]) => isCommand(name))
  const commands = here ? [here[1]] : Object.values(installations)
  return `${missing.join(', ')} not found, which compiling the addon needs: ${commands.join(' | ')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = missingTool()
  if (missing) {
    console.error(`payload-optimistic-cache: ${missing}`)
    process.exitCode = 1
  }
}
