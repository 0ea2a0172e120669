// A Payload with 300 orders of 20 customers on SQLite, and its REST handlers behind a plain HTTP server.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { buildConfig, getPayload, handleEndpoints } from 'payload'

const isLoggedIn = (/** @type {any} */ { req }) => Boolean(req.user)
const access = { read: () => true, create: isLoggedIn, update: isLoggedIn, delete: isLoggedIn }

/** Anew each time, as Payload adds to them. @returns {import('payload').CollectionConfig[]} */
const collections = () => [
  {
    slug: 'orders',
    access,
    fields: [
      { name: 'orderNumber', type: 'number', required: true, unique: true, index: true },
      { name: 'status', type: 'select', options: ['pending', 'processing', 'shipped'], index: true },
      { name: 'customer', type: 'relationship', relationTo: 'customers' },
      {
        name: 'items',
        type: 'array',
        fields: [
          { name: 'product', type: 'text' },
          { name: 'quantity', type: 'number' },
          { name: 'price', type: 'number' },
        ],
      },
      { name: 'total', type: 'number' },
      { name: 'note', type: 'textarea' },
    ],
  },
  {
    slug: 'customers',
    access,
    fields: [
      { name: 'name', type: 'text' },
      { name: 'email', type: 'email' },
      { name: 'city', type: 'text' },
    ],
  },
  { slug: 'users', auth: true, fields: [] },
]

/**
 * @param {string} folder of the database
 * @param {string} key of the instance
 * @param {import('payload').Plugin[]} plugins
 */
async function open(folder, key, plugins) {
  const config = await buildConfig({
    secret: 'only for this measurement',
    collections: collections(),
    db: sqliteAdapter({
      client: { url: pathToFileURL(path.join(folder, 'shop.db')).href },
      wal: true,
      push: key === 'first',
    }),
    plugins,
    telemetry: false,
    typescript: { autoGenerate: false },
    logger: { options: { level: 'error' } },
  })
  return { config, key, payload: await getPayload({ config, key }) }
}

/** @typedef {Awaited<ReturnType<typeof open>>} Instance */

/** @param {import('payload').Payload} payload @returns {Promise<string>} the token of who is logged in */
async function seed(payload) {
  const credentials = { email: 'ada@example.com', password: 'a password' }
  const make = (/** @type {string} */ collection, /** @type {object} */ data) =>
    payload.create({ collection: /** @type {any} */ (collection), data: /** @type {any} */ (data) })
  await make('users', credentials)
  const customers = []
  for (let i = 0; i < 20; i++) {
    customers.push(await make('customers', { name: `Customer ${i}`, email: `c${i}@example.com`, city: 'London' }))
  }
  for (let i = 0; i < 300; i++) {
    const items = [
      { product: 'Teapot, brown, six cups', quantity: 1, price: 2400 },
      { product: 'Cup and saucer, brown', quantity: 6, price: 650 },
    ]
    const status = ['pending', 'processing', 'shipped'][i % 3]
    const customer = customers[i % 20].id
    await make('orders', { orderNumber: 1000 + i, status, customer, items, total: 6300, note: 'Ring twice.' })
  }
  const { token } = await payload.login({ collection: 'users', data: credentials })
  return String(token)
}

/** @param {Instance} instance @returns {Promise<{ url: string, close: () => Promise<void> }>} */
async function serve({ config, key }) {
  const server = createServer(async (incoming, outgoing) => {
    const headers = /** @type {Record<string, string>} */ (incoming.headers)
    const request = new Request(`http://${incoming.headers.host}${incoming.url}`, { headers })
    const response = await handleEndpoints({ config, payloadInstanceCacheKey: key, request })
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (response.body === null) outgoing.end()
    else Readable.fromWeb(/** @type {any} */ (response.body)).pipe(outgoing)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const close = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

/**
 * Runs `run` with the same shop served twice: by Payload alone, and by Payload with a plugin.
 * @template T
 * @param {import('payload').Plugin} plugin
 * @param {(shop: { plain: string, plugged: string, token: string }) => Promise<T>} run
 */
export async function withRestShops(plugin, run) {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-rest-'))
  const first = await open(folder, 'first', [])
  const token = await seed(first.payload)
  const second = await open(folder, 'second', [plugin])
  const [plain, plugged] = [await serve(first), await serve(second)]
  try {
    return await run({ plain: plain.url, plugged: plugged.url, token })
  } finally {
    await Promise.all([plain.close(), plugged.close()])
    await Promise.all([first.payload.destroy(), second.payload.destroy()])
    await rm(folder, { recursive: true })
  }
}
