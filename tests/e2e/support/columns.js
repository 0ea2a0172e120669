// The board as a whole: which orders are in which column, in which order, and how many its heading says there are.
import assert from 'node:assert/strict'

/** @typedef {import('./user.js').RecordedPage} RecordedPage */
/** @typedef {Record<string, { count: number, numbers: number[] }>} Columns by status */

/** @param {RecordedPage} page @returns {Promise<Columns>} what it shows now */
export const columnsOf = (page) =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('[data-column]')].map((column) => [
        column.dataset.column,
        {
          count: Number(column.querySelector('[data-count]').textContent),
          numbers: [...column.querySelectorAll('[data-order] .line:first-child > :first-child')].map(({ textContent }) =>
            Number(textContent.slice(1)),
          ),
        },
      ]),
    ),
  )

/**
 * @param {string} html of the board, as the server sends it
 * @returns {Columns} what its markup shows
 */
export function columnsIn(html) {
  const [, ...sections] = html.replaceAll(/<script.*?<\/script>/gs, '').split('data-column="')
  return Object.fromEntries(
    sections.map((text) => [
      /^[a-z]+/.exec(text)[0],
      {
        count: Number(/data-count="(\d+)"/.exec(text)[1]),
        numbers: Array.from(text.matchAll(/data-order="[^"]+".*?>#(\d+)</gs), ([, number]) => Number(number)),
      },
    ]),
  )
}

/**
 * Resolves when something is as expected that changes with a page.
 * @template T
 * @param {RecordedPage} page
 * @param {() => Promise<T>} look
 * @param {T} expected
 */
export async function comes(page, look, expected) {
  const deadline = Date.now() + 10_000
  let seen = await look()
  while (JSON.stringify(seen) !== JSON.stringify(expected) && Date.now() < deadline) {
    // Not before something has changed.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
    seen = await look()
  }
  assert.deepEqual(seen, expected)
}

/**
 * Resolves when the page shows exactly this.
 * @param {RecordedPage} page
 * @param {Columns} expected
 */
export const showsColumns = (page, expected) => comes(page, () => columnsOf(page), expected)

/** @param {Columns} columns @param {string} status @param {number} number @returns {Columns} without that order */
export const without = (columns, status, number) => ({
  ...columns,
  [status]: {
    count: columns[status].count - 1,
    numbers: columns[status].numbers.filter((other) => other !== number),
  },
})

/** @param {Columns} columns @param {string} status @param {number} number @returns {Columns} with that order in its place */
export const within = (columns, status, number) => ({
  ...columns,
  [status]: {
    count: columns[status].count + 1,
    numbers: [...columns[status].numbers, number].sort((one, other) => other - one),
  },
})

/** @param {RecordedPage} page @param {number} number of an order that it shows @returns {Promise<number>} its id */
export const idOf = async (page, number) =>
  Number(await page.locator('[data-order]').filter({ hasText: `#${number}` }).getAttribute('data-order'))

/** @param {Columns} columns @returns {number} that the form for a new order proposes */
export const nextNumber = (columns) => Math.max(...Object.values(columns).flatMap(({ numbers }) => numbers)) + 1

/** @typedef {{ number?: number, customer: string, product: string, quantity: number, note: string }} Entered */

const form = (/** @type {RecordedPage} */ page) => page.locator('[data-order-form]')

/**
 * Fills in the form for a new order and sends it off.
 * @param {RecordedPage} page
 * @param {Entered} entered `number`: what the form proposes unless given
 * @returns {Promise<string>} the token
 */
export async function createOrder(page, { number, customer, product, quantity, note }) {
  await page.locator('[data-new-order]').click()
  const dialog = form(page)
  if (number) await dialog.locator('[name=orderNumber]').fill(String(number))
  await dialog.locator('[name=customer]').selectOption({ label: customer })
  await dialog.locator('[name=product]').selectOption(product)
  await dialog.locator('[name=quantity]').fill(String(quantity))
  await dialog.locator('[name=note]').fill(note)
  return submitOrder(page)
}

/** @param {RecordedPage} page with the form open and filled in @returns {Promise<string>} the token */
export async function submitOrder(page) {
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.method() === 'POST' && /\/api\/orders(\?|$)/.test(sent.url())),
    form(page).locator('[type=submit]').click(),
  ])
  return request.headers()['idempotency-key'].replaceAll('"', '')
}

/** Resolves when the form is open. @param {RecordedPage} page @returns {Promise<Entered & { complaint: string }>} */
export async function formGivenBack(page) {
  const dialog = form(page)
  await dialog.waitFor()
  const value = (/** @type {string} */ name) => dialog.locator(`[name=${name}]`).inputValue()
  return {
    number: Number(await value('orderNumber')),
    customer: await dialog.locator('[name=customer] option:checked').innerText(),
    product: await value('product'),
    quantity: Number(await value('quantity')),
    note: await value('note'),
    complaint: await dialog.getByRole('alert').innerText(),
  }
}

/**
 * Presses a card's button to delete it, and says yes.
 * @param {RecordedPage} page
 * @param {number} id
 * @returns {Promise<string>} the token
 */
export async function deleteOrder(page, id) {
  page.once('dialog', (dialog) => dialog.accept())
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.method() === 'DELETE' && sent.url().includes(`/api/orders/${id}`)),
    page.locator(`[data-order="${id}"] [data-delete]`).click(),
  ])
  return request.headers()['idempotency-key'].replaceAll('"', '')
}
