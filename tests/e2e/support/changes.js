// One of each kind of change at once, what a page shows of them from the first to the last, and what the database has.
import assert from 'node:assert/strict'
import { comes, createOrder, deleteOrder, showsColumns } from './columns.js'
import { advance, sequence, shows } from './user.js'

/** @typedef {import('./user.js').User} User */
/** @typedef {import('./user.js').RecordedPage} RecordedPage */
/** @typedef {import('./columns.js').Columns} Columns */

/**
 * What a page shows of each change, one after another, by what becomes of them. Nothing else, and nothing twice.
 * @type {Record<'saved' | 'refused', Record<'once' | 'twice' | 'created' | 'deleted', string[]>>}
 */
export const SEQUENCES = {
  saved: {
    once: ['pending', 'processing'],
    twice: ['pending', 'processing', 'shipped'],
    created: ['pending'],
    deleted: ['pending', 'absent'],
  },
  refused: {
    once: ['pending', 'processing', 'pending'],
    twice: ['pending', 'processing', 'shipped', 'pending'],
    created: ['pending', 'absent'],
    deleted: ['pending', 'absent', 'pending'],
  },
}

/** What a page shows of them that is opened in mid-flight. */
export const LATER_SEQUENCES = {
  saved: { once: ['processing'], twice: ['shipped'], created: ['pending'], deleted: ['absent'] },
  refused: {
    once: ['processing', 'pending'],
    twice: ['shipped', 'pending'],
    created: ['pending', 'absent'],
    deleted: ['pending'],
  },
}

const STATUSES = ['pending', 'processing', 'shipped', 'delivered', 'cancelled']
const IN_A_COLUMN = 100
let lastNumber = 7000

/**
 * An order that is moved once, one that is moved twice, one that is deleted, and the number of a new one.
 * @typedef {{ once: Planned, twice: Planned, deleted: Planned, number: number }} Plan
 * @typedef {{ id: number, orderNumber: number }} Planned
 */

/** @param {User} user @returns {Promise<Planned>} an order that no other test has */
async function newOrder(user) {
  const items = [{ product: 'Filter', quantity: 1, price: 1 }]
  const data = { orderNumber: ++lastNumber, customer: 1, total: 1, items }
  const response = await user.request.post('/api/orders?depth=0', { data })
  assert.equal(response.status(), 201)
  return (await response.json()).doc
}

/** @param {User} user @returns {Promise<Plan>} */
export async function plan(user) {
  const once = await newOrder(user)
  const twice = await newOrder(user)
  return { once, twice, deleted: await newOrder(user), number: ++lastNumber }
}

/**
 * Makes the changes. The second one of the order that is moved twice waits in the page for the first.
 * @param {RecordedPage} page the board, of somebody who may delete
 * @param {Plan} plan
 * @returns {Promise<string[]>} the tokens of those that were sent
 */
export async function makeChanges(page, { once, twice, deleted, number }) {
  const moved = [await advance(page, once.id), await advance(page, twice.id)].map(({ token }) => token)
  await shows(page, twice.id, 'processing')
  await page.locator(`[data-order="${twice.id}"] [data-advance="shipped"]`).click()
  await shows(page, twice.id, 'shipped')
  const removed = await deleteOrder(page, deleted.id)
  const entered = { customer: 'Kavya Dahl', product: 'Hand grinder', quantity: 1, note: '' }
  return [...moved, removed, await createOrder(page, { ...entered, number })]
}

/**
 * What a page has shown of the changes. One that was absent when the page was loaded was not seen to leave.
 * @param {RecordedPage} page
 * @param {Plan} plan
 */
export async function sequences(page, { once, twice, deleted, number }) {
  const numbers = { once: once.orderNumber, twice: twice.orderNumber, created: number, deleted: deleted.orderNumber }
  const shown = Object.entries(numbers).map(async ([name, number]) => {
    const key = `#${number}`
    const values = await sequence(page, /** @type {any} */ (key))
    if (!(await isOn(page, key)) && values.at(-1) !== 'absent') values.push('absent')
    return [name, values]
  })
  return Object.fromEntries(await Promise.all(shown))
}

/** @param {RecordedPage} page @param {string} number as the page writes it @returns {Promise<boolean>} */
const isOn = (page, number) =>
  page.evaluate((number) => {
    const titles = document.querySelectorAll('[data-order] :is(a, strong, h1)')
    return [...titles].some(({ textContent }) => textContent.split(' ').includes(number))
  }, number)

/**
 * Resolves when a page has shown exactly this of the changes.
 * @param {RecordedPage} page
 * @param {Plan} plan
 * @param {Record<string, string[]>} expected
 */
export const hasShown = (page, plan, expected) => comes(page, () => sequences(page, plan), expected)

/** The changes in flight in the browser. @param {RecordedPage} page @returns {Promise<string[]>} */
export const tokensOf = (page) =>
  page.evaluate(() => /payload-optimistic=([^;]*)/.exec(document.cookie)?.[1].split('.') ?? [])

/** What the board should look like, asked of the API. @param {User} user @returns {Promise<Columns>} */
export async function stored(user) {
  const response = await user.request.get('/api/orders?limit=0&depth=0&sort=-orderNumber')
  assert.equal(response.status(), 200)
  const { docs } = await response.json()
  const column = (/** @type {string} */ wanted) => {
    const numbers = docs.filter(({ status }) => status === wanted).map(({ orderNumber }) => orderNumber)
    return { count: numbers.length, numbers: numbers.slice(0, IN_A_COLUMN) }
  }
  return Object.fromEntries(STATUSES.map((status) => [status, column(status)]))
}

/** Resolves when the browser has nothing in flight, and the page no request under way. @param {RecordedPage} page */
export async function quiet(page) {
  await page.waitForFunction(() => !document.cookie.includes('payload-optimistic='))
  while (page.underWay.size > 0) {
    await Promise.race([page.waitForEvent('requestfinished'), page.waitForEvent('requestfailed')])
  }
}

/**
 * Resolves when the page shows what the database has.
 * @param {User} user
 * @param {RecordedPage} page
 */
export async function endsAsStored(user, page) {
  await quiet(page)
  await showsColumns(page, await stored(user))
}
