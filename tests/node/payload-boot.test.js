/**
 * What is wrong with a config stops Payload when it starts, with a sentence that says what to change.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { postgresAdapter } from '@payloadcms/db-postgres'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { getPayload } from 'payload'
import { cacheOf, optimisticCache } from '../../lib/payload/index.js'
import { VERSION } from '../../lib/version.js'
import { testConfig } from './support/config.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const orders = { slug: 'orders', fields: [{ name: 'note', type: /** @type {const} */ ('text') }] }
let boots = 0

/**
 * Starts a Payload.
 * @param {Partial<import('payload').Config>} settings
 * @param {object} [options] of the plugin
 */
async function boot(settings, options) {
  const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-boot-'))
  const name = `boot-${process.pid}-${boots++}`
  /** @type {import('payload').Payload | undefined} */
  let payload
  try {
    const config = await testConfig({
      collections: [orders],
      db: sqliteAdapter({ client: { url: pathToFileURL(path.join(folder, 'shop.db')).href } }),
      ...settings,
      plugins: [optimisticCache({ name, collections: { orders: true }, ...options }), ...(settings.plugins ?? [])],
    })
    payload = await getPayload({ config, key: name })
    return cacheOf(payload).stats().entries
  } finally {
    await payload?.destroy()
    await rm(folder, { recursive: true })
  }
}

/** @param {string} path @param {'get' | 'post'} [method] */
const endpoint = (path, method = 'get') => ({ path, method, handler: () => Response.json({}) })

test('a config with nothing wrong starts', async () => {
  assert.equal(await boot({ endpoints: [endpoint('/optimistically'), endpoint('/orders-of/optimistic')] }), 0)
})

/** A database as the PostgreSQL adapter has it that is given replicas. @type {import('payload').Config['db']} */
const replicated = {
  ...sqliteAdapter({ client: { url: ':memory:' } }),
  init(args) {
    const { readReplicaOptions } = postgresAdapter({ pool: {}, readReplicas: ['postgres://replica'] }).init(args)
    return Object.assign(sqliteAdapter({ client: { url: ':memory:' } }).init(args), { readReplicaOptions })
  },
}

const LATER = endpoint('/optimistic/:id', 'post')

/** @type {[string, Partial<import('payload').Config>, object | undefined, RegExp][]} */
const WRONG = [
  ['a global that is missing', {}, { globals: { setings: true } }, /^optimisticCache: .*"setings"; there are none/],
  ['a collection that does not exist', {}, { collections: { order: true } }, /^optimisticCache: .*"order"; there are/],
  [
    'a collection where the endpoints are',
    { collections: [orders, { slug: 'optimistic', fields: [] }] },
    undefined,
    /^optimisticCache: .*collection "optimistic".* give that another slug$/,
  ],
  [
    'an endpoint of the same path',
    { endpoints: [endpoint('/optimistic/stats')] },
    undefined,
    /^optimisticCache: .*GET \/optimistic\/stats of the config is; give that another path$/,
  ],
  [
    'an endpoint that another plugin adds later',
    { plugins: [(config) => ({ ...config, endpoints: [...(config.endpoints ?? []), LATER] })] },
    undefined,
    /^optimisticCache: .*POST \/optimistic\/:id of the config/,
  ],
  [
    'the plugin twice',
    { plugins: [optimisticCache({ collections: { orders: true } })] },
    undefined,
    /^optimisticCache: it is in plugins twice; /,
  ],
  ['a database with replicas', { db: replicated }, undefined, /^optimisticCache: .* take readReplicas out of the database/],
  ['an inspector that is neither', {}, { inspector: 'no' }, /^optimisticCache: inspector must be true or false/],
  ['a scope that is no function', {}, { scope: 'role' }, /^optimisticCache: scope must be a function/],
  ['access that is no function', {}, { access: { stats: true } }, /^optimisticCache: access\.stats must be a function/],
  ['access to what there is not', {}, { access: { all: () => true } }, /^optimisticCache: access\.all is none of /],
]

for (const [what, settings, options, message] of WRONG) {
  test(`${what} stops Payload with one sentence`, async () => {
    await assert.rejects(boot(settings, options), (/** @type {any} */ error) => {
      assert.equal(error.code, 'ERR_OPTIMISTIC_ARGUMENT')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\. |\n/)
      return true
    })
  })
}

const INSPECTOR = 'payload-optimistic-cache/payload/inspector'

test("the panel's own views and links stay beside the inspector, which the options leave out", async () => {
  const admin = { components: { afterNavLinks: ['/own#Link'], views: { own: { Component: '/own#View', path: '/own' } } } }
  const componentsWith = async (/** @type {object} */ options) =>
    (await optimisticCache({ collections: {}, ...options })(/** @type {any} */ ({ admin }))).admin?.components
  const components = await componentsWith({})
  assert.deepEqual(components?.afterNavLinks, ['/own#Link', `${INSPECTOR}#InspectorLink`])
  assert.deepEqual(Object.keys(components?.views ?? {}).sort(), ['optimisticCache', 'own'])
  assert.equal(components?.views?.optimisticCache.path, '/optimistic-cache')
  assert.deepEqual(await componentsWith({ inspector: false }), admin.components)
  const { exports } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  const module = await readFile(path.join(root, exports[INSPECTOR.replace('payload-optimistic-cache', '.')].default), 'utf8')
  for (const name of ['Inspector', 'InspectorLink']) assert.match(module, new RegExp(`^export async function ${name}\\(`, 'm'))
})

test('the version that the modules know is that of the package', async () => {
  assert.equal(VERSION, JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')).version)
})

/**
 * A copy of the package, as another place of node_modules has it.
 * @param {(folder: string) => Promise<void>} change
 * @param {string} program that imports from `./lib`
 */
async function runCopy(change, program) {
  const folder = await mkdtemp(path.join(tmpdir(), 'optimistic-copy-'))
  try {
    const copy = (/** @type {string} */ name) => cp(path.join(root, name), path.join(folder, name), { recursive: true })
    await Promise.all([copy('lib'), copy('package.json')])
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    await change(folder)
    const args = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder })
    return JSON.parse(stdout)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a second version of the package in the same process stops Payload', async () => {
  const program = `
    const { optimisticCache } = await import('./lib/payload/index.js')
    const other = await import(${JSON.stringify(new URL('../../lib/payload/index.js', import.meta.url).href)})
    optimisticCache({ collections: {} })
    try {
      other.optimisticCache({ collections: {} })
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }`
  const told = await runCopy(async (folder) => {
    await symlink(path.join(root, 'build'), path.join(folder, 'build'))
    const file = path.join(folder, 'lib/version.js')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace(`'${VERSION}'`, `'9.9.9'`))
  }, program)
  assert.equal(told.code, 'ERR_OPTIMISTIC_ARGUMENT')
  assert.match(told.message, /^two versions of payload-optimistic-cache are loaded, 9\.9\.9 and \d/)
})
