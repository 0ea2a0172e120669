/**
 * The package as it is published: packed, and unpacked into the node_modules of an app that has what it depends on.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import vm from 'node:vm'
import { build } from 'esbuild'

const NAME = 'payload-optimistic-cache'
const ADDON = 'build/Release/optimistic_cache.node'
const UNAVAILABLE = [NAME, `${NAME}/payload`, `${NAME}/next`]
/** Imports Payload's admin panel, whose styles only a bundler loads. */
const INSPECTOR = `${NAME}/payload/inspector`
const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
let app = ''
let installed = ''
/** @type {string[]} what an app can import */
let entries = []

/** Pack writes declarations beside lib/, so that it is a copy that is packed. @param {string} folder */
async function pack(folder) {
  const { files } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  const copied = ['package.json', 'tsconfig.json', 'tsconfig.types.json', ...files].filter((name) => name !== 'types')
  for (const name of copied) await cp(path.join(root, name), path.join(folder, name), { recursive: true })
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const args = ['pack', '--json', '--offline', '--pack-destination', folder]
  const PATH = `${path.join(root, 'node_modules/.bin')}:${process.env.PATH}`
  await run('npm', args, { cwd: folder, env: { ...process.env, PATH } })
  return path.join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '')
}

before(async () => {
  app = await mkdtemp(path.join(tmpdir(), 'optimistic-package-'))
  installed = path.join(app, 'node_modules', NAME)
  await mkdir(installed, { recursive: true })
  await mkdir(path.join(app, 'copy'))
  await run('tar', ['-xzf', await pack(path.join(app, 'copy')), '-C', installed, '--strip-components=1'])
  for (const name of await readdir(path.join(root, 'node_modules'))) {
    if ([NAME, '.bin'].includes(name)) continue
    await symlink(path.join(root, 'node_modules', name), path.join(app, 'node_modules', name))
  }
  await cp(path.join(root, ADDON), path.join(installed, ADDON))
  await writeFile(path.join(app, 'package.json'), '{ "type": "module" }')
  const { exports } = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'))
  entries = Object.keys(exports).filter((key) => key !== './package.json').map((key) => path.posix.join(NAME, key))
})
after(() => rm(app, { recursive: true }))

test('the package has what compiles the addon, and nothing of the repository besides', async () => {
  const folders = (await readdir(installed)).filter((name) => name !== 'build').sort()
  const files = ['CHANGELOG.md', 'LICENSE', 'README.md', 'binding.gyp', 'package.json']
  assert.deepEqual(folders, ['.setup', 'include', 'lib', 'src', 'types', ...files].sort())
  for (const folder of ['include', 'src', 'src/addon']) {
    assert.deepEqual(await readdir(path.join(installed, folder)), await readdir(path.join(root, folder)))
  }
})

test('what runs before the addon is compiled says what the machine lacks', async () => {
  const { scripts } = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'))
  const [check] = scripts.install.split(' && ')
  const shell = (/** @type {NodeJS.ProcessEnv} */ env) =>
    run('sh', ['-c', check], { cwd: installed, env: { ...process.env, ...env } })
  assert.equal((await shell({})).stderr, '')
  await assert.rejects(shell({ CXX: 'no-such-compiler' }), (/** @type {any} */ { code, stderr }) => {
    assert.match(stderr, /^payload-optimistic-cache: no-such-compiler not found, .*: \S+ .*\n$/)
    return code === 1
  })
})

test('what Node.js can load of it is imported, and required, with the same names', async () => {
  const loadable = entries.filter((entry) => entry !== INSPECTOR)
  const program = `
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    for (const entry of ${JSON.stringify(loadable)}) {
      const [imported, required] = [await import(entry), require(entry)]
      console.log(entry, Object.keys(imported).length > 0, Object.keys(imported).every((name) => name in required))
    }`
  await writeFile(path.join(app, 'program.js'), program)
  const { stdout } = await run(process.execPath, ['program.js'], { cwd: app })
  assert.deepEqual(stdout.trim().split('\n'), loadable.map((entry) => `${entry} true true`))
})

test('of a server that is not where it was built, the addon is found from the working directory', async () => {
  await cp(path.join(installed, 'lib'), path.join(app, 'built/elsewhere/lib'), { recursive: true })
  await cp(path.join(installed, 'package.json'), path.join(app, 'built/elsewhere/package.json'))
  await writeFile(path.join(app, 'moved.js'), `
    import { openCache } from './built/elsewhere/lib/index.js'
    const cache = openCache({ maxBytes: 4 << 20 })
    cache.set('key', { kept: true })
    console.log(cache.get('key').kept)`)
  assert.equal((await run(process.execPath, ['moved.js'], { cwd: app })).stdout, 'true\n')
})

/**
 * @param {(addon: string) => Promise<void>} change of the place where the addon is
 * @returns {Promise<{ code: string, message: string }>} what who imports the plugin then is told
 */
async function told(change) {
  const addon = path.join(installed, ADDON)
  const aside = path.join(app, 'aside.node')
  await rename(addon, aside)
  try {
    await change(addon)
    const program = `
      const told = await import('${NAME}/payload').catch(({ code, message }) => ({ code, message }))
      console.log(JSON.stringify(told))`
    await writeFile(path.join(app, 'told.js'), program)
    return JSON.parse((await run(process.execPath, ['told.js'], { cwd: app })).stdout)
  } finally {
    await rename(aside, addon)
  }
}

test('without the native part the import fails, and says how to build it', async () => {
  const { code, message } = await told(async () => {})
  assert.equal(code, 'ERR_OPTIMISTIC_ADDON')
  assert.match(message, /there is no \S+optimistic_cache\.node\..* `npm rebuild payload-optimistic-cache`/)
  for (const allow of ['npm install-scripts approve', 'pnpm approve-builds']) assert.ok(message.includes(allow), allow)
})

test('with a native part that the system does not load the import fails, and says what it lacks', async () => {
  const { code, message } = await told((addon) => writeFile(addon, 'of another system'))
  assert.equal(code, 'ERR_OPTIMISTIC_ADDON')
  assert.match(message, /cannot be loaded: .*(too short|invalid ELF header).* libcjson/)
})

test('the types of every entry are found, and have no mistake of their own', async () => {
  const program = entries.map((entry, index) => `import * as entry${index} from '${entry}'\nexport { entry${index} }`)
  await writeFile(path.join(app, 'types.ts'), program.join('\n'))
  const compilerOptions = { module: 'nodenext', target: 'es2023', jsx: 'react-jsx', strict: true, noEmit: true }
  await cp(path.join(root, 'tests/typescript/payload-types.ts'), path.join(app, 'payload-types.ts'))
  const files = ['types.ts', 'payload-types.ts']
  await writeFile(path.join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  // Without skipLibCheck, which finds what the declarations of others have, too.
  const said = await run(process.execPath, [tsc, '-p', app], { cwd: app }).then(() => '', ({ stdout }) => stdout)
  assert.deepEqual(said.split('\n').filter((line) => line.includes(NAME) || line.startsWith('types.ts')), [])
})

for (const condition of ['browser', 'edge-light', 'workerd']) {
  test(`bundled for '${condition}', what needs the addon says what to import instead`, async () => {
    for (const entry of UNAVAILABLE) {
      const stdin = { contents: `import * as all from '${entry}'; console.log(all)`, resolveDir: app }
      const bundle = { bundle: true, write: false, format: 'iife', platform: 'neutral', conditions: [condition] }
      const { outputFiles } = await build({ stdin, ...bundle })
      const told = { code: 'ERR_OPTIMISTIC_UNAVAILABLE', message: /\/query/ }
      assert.throws(() => vm.runInNewContext(outputFiles[0].text), told, entry)
    }
  })
}
