// What `npm run build` runs: builds the addon when it is missing or older than its sources. Needs no network when the
// headers of Node.js lie beside its binary, as they do in every official distribution.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const addon = path.join(root, 'build/Release/optimistic_cache.node')

/** @param {string} folder @returns {string[]} the files directly in it */
const filesIn = (folder) =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(root, folder, entry.name))

/** @param {string} file */
const changedAt = (file) => statSync(file).mtimeMs

function isUpToDate() {
  if (!existsSync(addon)) return false
  const sources = ['include', 'src', 'src/addon'].flatMap(filesIn)
  sources.push(path.join(root, 'binding.gyp'), fileURLToPath(import.meta.url))
  // A file that was taken away changes only its folder.
  for (const folder of ['src', 'src/addon']) sources.push(path.join(root, folder))
  return sources.every((file) => changedAt(file) < changedAt(addon))
}

/** @param {string} command @param {string[]} args @param {string} [input] @returns {boolean} did it run and succeed? */
const succeeds = (command, args, input) => spawnSync(command, args, { input }).status === 0

/** @returns {string | undefined} what is missing and how to get it */
function missingTool() {
  const cc = process.env.CC ?? 'cc'
  const cxx = process.env.CXX ?? 'c++'
  const tools = [cc, cxx, 'make', 'python3'].filter((tool) => !succeeds('sh', ['-c', `command -v ${tool}`]))
  if (tools.length > 0) {
    const packages = 'Debian: apt-get install build-essential python3'
    return `${tools.join(', ')} not found: install a compiler, make and Python 3 (${packages})`
  }
  const flags = spawnSync('pkg-config', ['--cflags', 'libcjson'], { encoding: 'utf8' })
  const include = flags.status === 0 ? flags.stdout.split(/\s+/).filter(Boolean) : []
  if (!succeeds(cc, [...include, '-x', 'c', '-E', '-'], '#include <cjson/cJSON.h>\n')) {
    return 'cjson/cJSON.h not found: install cJSON with its headers (Debian: apt-get install libcjson-dev)'
  }
  return undefined
}

/** @returns {string | undefined} */
function nodeGyp() {
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  } catch {
    return undefined
  }
}

/** @param {string} reason @returns {never} */
function fail(reason) {
  console.error(`build: ${reason}`)
  process.exit(1)
}

if (isUpToDate()) {
  console.log('build: build/Release/optimistic_cache.node is up to date')
  process.exit(0)
}

const missing = missingTool()
if (missing) fail(missing)
const gyp = nodeGyp() ?? fail('node-gyp not found: run npm install first')

const prefix = path.join(path.dirname(process.execPath), '..')
const hasHeaders = existsSync(path.join(prefix, 'include/node/node_api.h'))
const args = [gyp, 'configure', 'build', '--loglevel=warn', '--jobs=max']
if (hasHeaders) args.push(`--nodedir=${path.resolve(prefix)}`)
console.log(
  `build: compiling the addon with the headers of Node.js ${process.version} ` +
    (hasHeaders ? `in ${path.resolve(prefix)}` : 'that node-gyp downloads'),
)
const built = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
if (built.status !== 0) fail('the compiler failed; its messages are above')
console.log('build: made build/Release/optimistic_cache.node')
