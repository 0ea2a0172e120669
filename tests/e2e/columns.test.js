// Cards move between columns, enter and leave them: at once, on the server too, and back when that is refused.
import assert from 'node:assert/strict'
import { columnsIn, columnsOf, idOf, nextNumber, showsColumns, within, without } from './support/columns.js'
import { createOrder, deleteOrder, formGivenBack, submitOrder } from './support/columns.js'
import { tokensOf } from './support/changes.js'
import { LEAVES, RELOADS } from './support/conditions.js'
import { scenario } from './support/scenario.js'
import { advance, sequence, shows, statusesIn, toast, unmarked } from './support/user.js'

/** The server forgets what a change was to do when it has refused it. */
const FORGOTTEN = { 'no page is there to hear what was entered': [LEAVES, RELOADS] }

const entered = { customer: 'Kavya Dahl', product: 'Hand grinder', quantity: 3, note: 'Ring twice.' }

scenario(
  'a card is at its place in the next column at once, counts follow, and the HTML of a reload in mid-flight says the same',
  async ({ app, as }) => {
    const { id, orderNumber } = await app.order('pending')
    const [ada, grace] = [await as('ada'), await as('grace')]
    const page = await ada.open('/')
    const before = await columnsOf(page)
    assert.deepEqual(columnsIn(await ada.html('/')), before)
    const moved = within(without(before, 'pending', orderNumber), 'processing', orderNumber)
    await app.faults({ delayMs: 25_000 })
    const { token } = await advance(page, id)
    await ada.begun(token)
    await showsColumns(page, moved)
    const [reloaded, ofGrace, inProcessing, inPending] = await Promise.all([
      page.reload(),
      grace.html('/'),
      ada.html('/orders?status=processing'),
      ada.html('/orders?status=pending'),
    ])
    assert.equal((await ada.mutation(token)).state, 'pending', 'the pages were to be loaded in mid-flight')
    assert.deepEqual(columnsIn(await reloaded.text()), moved)
    assert.deepEqual(columnsIn(ofGrace), before)
    assert.deepEqual(statusesIn(inProcessing, id), ['processing'])
    assert.deepEqual(statusesIn(inPending, id), [])
    assert.equal((await ada.settled(token)).state, 'committed')
    await unmarked(page, id)
    await showsColumns(page, moved)
    assert.deepEqual(columnsIn(await grace.html('/')), moved)
    assert.deepEqual(await sequence(page, id), ['pending', 'processing'])
  },
)

scenario('a card whose move is refused after a reload is where it was, and so are the counts', async ({ app, as }) => {
  const { id, orderNumber } = await app.order('processing')
  const ada = await as('ada')
  const page = await ada.open('/')
  const before = await columnsOf(page)
  await app.faults({ delayMs: 25_000, fail: 'rollback' })
  const { token } = await advance(page, id)
  await ada.begun(token)
  await page.reload()
  await showsColumns(page, within(without(before, 'processing', orderNumber), 'shipped', orderNumber))
  assert.equal((await ada.mutation(token)).state, 'pending', 'the page was to be loaded in mid-flight')
  assert.equal((await ada.settled(token)).state, 'rolledBack')
  await shows(page, id, 'processing')
  await showsColumns(page, before)
  assert.deepEqual(columnsIn(await ada.html('/')), before)
  assert.deepEqual(await sequence(page, id), ['processing', 'shipped', 'processing'])
})

scenario(
  'a new order is at its sorted place at once, in the HTML of a reload in mid-flight too, and stays when it is saved',
  async ({ app, as }) => {
    const two = [await app.order('pending'), await app.order('pending')]
    const [{ id, orderNumber }] = two.sort((one, other) => one.orderNumber - other.orderNumber)
    const [ada, grace, admin] = [await as('ada'), await as('grace'), await as('admin')]
    assert.equal((await admin.request.delete(`/api/orders/${id}`)).status(), 200, 'its number was to become free')
    const page = await ada.open('/')
    const before = await columnsOf(page)
    const after = within(before, 'pending', orderNumber)
    assert.notEqual(after.pending.numbers[0], orderNumber, 'its place was to be among others')
    await app.faults({ delayMs: 25_000 })
    const token = await createOrder(page, { ...entered, number: orderNumber })
    await ada.begun(token)
    await showsColumns(page, after)
    const [reloaded, list, ofGrace] = await Promise.all([page.reload(), ada.html('/orders'), grace.html('/')])
    assert.equal((await ada.mutation(token)).state, 'pending', 'the pages were to be loaded in mid-flight')
    const html = await reloaded.text()
    assert.deepEqual(columnsIn(html), after)
    assert.match(html, new RegExp(`data-order="${token}".*?Kavya Dahl.*?267\\.00`, 's'))
    assert.deepEqual(statusesIn(list, /** @type {any} */ (token)), ['pending'])
    assert.deepEqual(columnsIn(ofGrace), before)
    assert.equal((await ada.settled(token)).state, 'committed')
    await page.locator(`[data-order="${token}"]`).waitFor({ state: 'detached' })
    await showsColumns(page, after)
    assert.deepEqual(columnsIn(await grace.html('/')), after)
  },
)

scenario('a new order never leaves the page that created it, and can be changed as soon as it is saved', async ({
  app,
  as,
  remembers,
}) => {
  const ada = await as('ada')
  const page = await ada.open('/')
  const before = await columnsOf(page)
  await app.faults({ delayMs: 25_000 })
  const token = await createOrder(page, entered)
  const number = nextNumber(before)
  await showsColumns(page, within(before, 'pending', number))
  await ada.begun(token)
  assert.equal((await ada.settled(token)).state, 'committed')
  await page.locator(`[data-order="${token}"]`).waitFor({ state: 'detached' })
  const id = await idOf(page, number)
  assert.deepEqual(await sequence(page, id), ['pending'])
  // A page that is loaded again after it was saved has never seen it.
  if (remembers) assert.deepEqual(await sequence(page, /** @type {any} */ (token)), ['pending', 'absent'])
  await advance(page, id)
  await shows(page, id, 'processing')
  await unmarked(page, id)
  assert.equal(await app.storedStatus(id), 'processing')
})

scenario('a new order that is changed before it is saved, and the page reloaded: neither is lost', async ({
  app,
  as,
  remembers,
}) => {
  const ada = await as('ada')
  const page = await ada.open('/')
  const before = await columnsOf(page)
  await app.faults({ delayMs: 25_000 })
  const temporary = /** @type {any} */ (await createOrder(page, entered))
  await ada.begun(temporary)
  await page.locator(`[data-order="${temporary}"] [data-advance]`).click()
  await shows(page, temporary, 'processing')
  const tokens = await tokensOf(page)
  await ada.begun(...tokens)
  const reloaded = await page.reload()
  assert.equal((await ada.mutation(temporary)).state, 'pending', 'the page was to be loaded in mid-flight')
  assert.deepEqual(statusesIn(await reloaded.text(), temporary), ['processing'])
  const number = nextNumber(before)
  const after = within(before, 'processing', number)
  await showsColumns(page, after)
  assert.equal((await ada.settled(...tokens)).state, 'committed')
  await page.locator(`[data-order="${temporary}"]`).waitFor({ state: 'detached' })
  await showsColumns(page, after)
  const id = await idOf(page, number)
  await unmarked(page, id)
  assert.equal(await app.storedStatus(id), 'processing')
  if (remembers) assert.deepEqual(await sequence(page, temporary), ['pending', 'processing', 'absent'])
  assert.deepEqual(await sequence(page, id), ['processing'])
})

scenario(
  'an order that is refused leaves the board and gives the form what was entered, which can be sent again',
  async ({ app, as }) => {
    const { orderNumber } = await app.order('pending')
    const ada = await as('ada')
    const page = await ada.open('/')
    const before = await columnsOf(page)
    await app.faults({ delayMs: 25_000 })
    const refused = await createOrder(page, { ...entered, number: orderNumber })
    await ada.begun(refused)
    assert.equal((await ada.settled(refused)).state, 'rolledBack')
    const { complaint, ...given } = await formGivenBack(page)
    assert.deepEqual(given, { ...entered, number: orderNumber })
    assert.match(complaint, /not saved/)
    assert.match(await toast(page), new RegExp(`#${orderNumber}\\b`))
    await showsColumns(page, before)
    const number = nextNumber(before)
    await page.locator('[name=orderNumber]').fill(String(number))
    const token = await submitOrder(page)
    assert.equal((await ada.settled(token)).state, 'committed')
    await showsColumns(page, within(before, 'pending', number))
  },
  FORGOTTEN,
)

scenario('an order that is refused after a reload gives the form what was entered before it', async ({ app, as }) => {
  const ada = await as('ada')
  const page = await ada.open('/')
  const before = await columnsOf(page)
  await app.faults({ delayMs: 25_000, fail: 'rollback' })
  const token = await createOrder(page, { ...entered, number: 9001 })
  await ada.begun(token)
  await page.reload()
  await showsColumns(page, within(before, 'pending', 9001))
  assert.equal((await ada.mutation(token)).state, 'pending', 'the page was to be loaded in mid-flight')
  assert.equal((await ada.settled(token)).state, 'rolledBack')
  const { complaint, ...given } = await formGivenBack(page)
  assert.deepEqual(given, { ...entered, number: 9001 })
  assert.match(complaint, /in its transaction/)
  await showsColumns(page, before)
  assert.deepEqual(columnsIn(await ada.html('/')), before)
}, FORGOTTEN)

scenario(
  'a deleted order is gone at once, from the HTML of a reload in mid-flight too, and stays away when that is saved',
  async ({ app, as }) => {
    const { id, orderNumber } = await app.order('pending')
    const [admin, grace] = [await as('admin'), await as('grace')]
    const page = await admin.open('/')
    const before = await columnsOf(page)
    const after = without(before, 'pending', orderNumber)
    await app.faults({ delayMs: 25_000 })
    const token = await deleteOrder(page, id)
    await admin.begun(token)
    await showsColumns(page, after)
    const [reloaded, list, ofGrace] = await Promise.all([page.reload(), admin.html('/orders'), grace.html('/')])
    assert.equal((await admin.mutation(token)).state, 'pending', 'the pages were to be loaded in mid-flight')
    assert.deepEqual(columnsIn(await reloaded.text()), after)
    assert.deepEqual(statusesIn(list, id), [])
    assert.deepEqual(columnsIn(ofGrace), before)
    assert.equal((await admin.settled(token)).state, 'committed')
    assert.deepEqual(columnsIn(await grace.html('/')), after)
    await showsColumns(page, after)
    assert.deepEqual(await sequence(page, id), ['pending', 'absent'])
  },
)

scenario('an order whose deletion is refused after a reload is back where it was', async ({ app, as }) => {
  const [, { id, orderNumber }] = [await app.order('pending'), await app.order('pending')]
  const admin = await as('admin')
  const page = await admin.open('/')
  const before = await columnsOf(page)
  await app.faults({ delayMs: 25_000, fail: 'rollback' })
  const token = await deleteOrder(page, id)
  await admin.begun(token)
  await page.reload()
  await showsColumns(page, without(before, 'pending', orderNumber))
  assert.equal((await admin.mutation(token)).state, 'pending', 'the page was to be loaded in mid-flight')
  assert.equal((await admin.settled(token)).state, 'rolledBack')
  await toast(page)
  await showsColumns(page, before)
  assert.deepEqual(columnsIn(await admin.html('/')), before)
  assert.deepEqual(await sequence(page, id), ['pending', 'absent', 'pending'])
})
