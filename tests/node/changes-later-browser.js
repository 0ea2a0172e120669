/** What `changes-later.test.js` runs with `--conditions=browser`: the function that its argument names. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import process from 'node:process'
import { changes, preloadChanges } from '../../lib/query/changes-later.js'
import { mutate, openTab, statusOf } from './support/browser.js'
import { startRestServer } from './support/rest-server.js'

const ORDERS = [{ id: 7, status: 'pending' }]
const shipped = { id: 7, data: { status: 'shipped' } }

/** A tab in which the list of orders is read, and what it showed. What is opened ends with the process. */
async function openOrders() {
  const server = await startRestServer({ orders: ORDERS })
  const tab = openTab({ after() {} }, server)
  const { client, orders } = tab
  const { queryKey } = orders.find()
  const values = []
  client.getQueryCache().subscribe(({ query }) => {
    const value = query.state.data && statusOf(7)(query.state.data)
    if (value !== values.at(-1)) values.push(value)
  })
  client.setQueryData(queryKey, { docs: ORDERS, totalDocs: 1 })
  return { server, ...tab, values, writes: () => server.log.filter(({ method }) => method === 'PATCH') }
}

const programs = {
  async fast() {
    const { server, client, orders, values, writes } = await openOrders()
    server.holds = () => true
    const saved = mutate(client, orders.update(), shipped)
    assert.equal(changes, undefined)
    assert.deepEqual(values, ['pending'])
    ;(await server.held('PATCH')).release()
    assert.deepEqual(values, ['pending', 'shipped'])
    assert.equal((await saved).status, 'shipped')
    assert.equal(writes().length, 1)
    assert.deepEqual(values, ['pending', 'shipped'])
  },

  async renders() {
    const { client, orders, writes } = await openOrders()
    const { MutationObserver } = await import('@tanstack/react-query')
    const observer = new MutationObserver(client, orders.update())
    observer.subscribe(() => {})
    const saved = observer.mutate(shipped)
    // As useMutation does when its component renders again.
    observer.setOptions(orders.update())
    assert.equal(changes, undefined)
    assert.equal((await saved).status, 'shipped')
    assert.equal(writes().length, 1)
  },

  async ready() {
    const { client, orders, values } = await openOrders()
    await preloadChanges()
    const saved = mutate(client, orders.update(), shipped)
    assert.deepEqual(values, ['pending', 'shipped'])
    assert.equal((await saved).status, 'shipped')
  },

  async preloads() {
    const { collection } = await import('../../lib/query/index.js')
    collection('orders').update()
    while (!changes) await new Promise((done) => setImmediate(done))
  },

  async fails() {
    const failing = `let isFirst = true
      export function resolve(name, context, next) {
        if (!name.endsWith('/changes.js') || !isFirst) return next(name, context)
        isFirst = false
        throw new Error('no network')
      }`
    register(`data:text/javascript,${encodeURIComponent(failing)}`)
    const { client, orders, values, writes, engine } = await openOrders()
    await assert.rejects(mutate(client, orders.update(), shipped), ({ code, cause }) => {
      assert.deepEqual([code, cause.message], ['ERR_OPTIMISTIC_UNREACHABLE', 'no network'])
      return true
    })
    assert.deepEqual([values, writes(), engine.layers], [['pending'], [], []])
    assert.equal((await mutate(client, orders.update(), shipped)).status, 'shipped')
    assert.deepEqual(values, ['pending', 'shipped'])
    assert.equal(writes().length, 1)
  },

  async hydrates() {
    const html = readFileSync(0, 'utf8')
    const { JSDOM } = await import('jsdom')
    const dom = new JSDOM(`<div id="root">${html}</div>`)
    const { window } = dom
    const { document, navigator } = window
    Object.assign(globalThis, { window, document, navigator, fetch: () => new Promise(() => {}) })
    const { startTransition } = await import('react')
    const { hydrateRoot } = await import('react-dom/client')
    const { newClient, page } = await import('./changes-later-page.js')
    const root = document.getElementById('root')
    const client = newClient()
    const seen = new Set()
    const note = () => seen.add(`${root.textContent} ${Boolean(changes)}`)
    new window.MutationObserver(note).observe(root, { subtree: true, childList: true, characterData: true })
    note()
    const complaints = []
    const onRecoverableError = (error) => complaints.push(error)
    console.error = onRecoverableError
    // As Next.js does it: such a render is not begun anew when it was held back, but goes on.
    startTransition(() => void hydrateRoot(root, page(client), { onRecoverableError }))
    const { engineOf } = await import('../../lib/query/engine.js')
    // Its boundary's effects run when all below it is hydrated.
    while (!engineOf(client).isStarted) await new Promise((done) => setImmediate(done))
    note()
    assert.deepEqual(complaints, [])
    assert.deepEqual([...seen], ['shipped pending false', 'shipped pending true'])
  },
}

const [name] = process.argv.slice(2)
await programs[name]()
process.stdout.write(`${name} came to its end\n`, () => process.exit())
