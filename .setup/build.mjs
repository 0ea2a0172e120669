// What `npm run build` runs: builds the addon when it is missing or older than its sources. Needs no network when the
// headers of Node.js lie beside its binary, as they do in every official distribution.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { missingTool } from './tools.mjs'

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
const defines = [process.env.GYP_DEFINES, 'strict=1'].filter(Boolean).join(' ')
const env = { ...process.env, GYP_DEFINES: defines }
const built = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env })
if (built.status !== 0) fail('the compiler failed; its messages are above')
console.log('build: made build/Release/optimistic_cache.node')
