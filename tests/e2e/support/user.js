import assert from 'node:assert/strict'
import { recordStatuses } from './recorder.js'

const PASSWORD = 'order-board'
// What React and Next.js say when the browser's first render is not what the server sent.
const HYDRATION = /hydrat|did not match|Minified React error #(418|419|421|422|423|425)\b/i

/**
 * A page with what happened in it.
 * @typedef {import('playwright-core').Page & {
 *   shown: Map<number, { status: string, frames: number }[]>,
 *   problems: string[],
 *   log: string[],
 *   underWay: Set<import('playwright-core').Request>,
 * }} RecordedPage `shown`: what the DOM has shown for each order, and the animation frames since the last click;
 *   `problems`: what must not happen in any page; `underWay`: requests that have not ended
 */

/**
 * What the server sent for an order, in the markup itself.
 * @param {string} html
 * @param {number} id
 * @returns {string[]}
 */
export function statusesIn(html, id) {
  const elements = html.match(new RegExp(`<[a-z]+ [^<>]*data-order="${id}"[^<>]*>`, 'g')) ?? []
  return elements.map((element) => /data-status="([a-z]+)"/.exec(element)?.[1] ?? 'none')
}

/** Somebody in a browser of their own: cookies, pages, and requests by hand with the same cookies. */
export class User {
  /** @type {RecordedPage[]} */
  pages = []

  /**
   * @param {import('./app.js').App} app
   * @param {import('playwright-core').Browser} browser
   * @param {string} [email] nobody when missing
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  static async enter(app, browser, email, options) {
    const context = await browser.newContext({ baseURL: app.url, ...options })
    const user = new User(app, context)
    if (email !== undefined) {
      const response = await context.request.post('/api/users/login', { data: { email, password: PASSWORD } })
      assert.equal(response.status(), 200, `${email} could not log in`)
    }
    return user
  }

  /** @param {import('./app.js').App} app @param {import('playwright-core').BrowserContext} context */
  constructor(app, context) {
    this.app = app
    this.context = context
    this.request = context.request
  }

  /** Opens a page in a new tab. @param {string} path @returns {Promise<RecordedPage>} */
  async open(path) {
    const page = await this.context.newPage()
    const shown = new Map()
    const problems = []
    const log = []
    const underWay = new Set()
    const recorded = Object.assign(page, { shown, problems, log, underWay })
    this.pages.push(recorded)
    page.on('pageerror', (error) => problems.push(`uncaught: ${error.stack ?? error}`))
    page.on('request', (request) => underWay.add(request))
    // Nobody reads what an announcement is answered, so its request does not finish.
    page.on('response', (response) => response.url().endsWith('/announce') && underWay.delete(response.request()))
    page.on('requestfinished', (request) => {
      underWay.delete(request)
      log.push(`${request.method()} ${request.url()}`)
    })
    page.on('requestfailed', (request) => {
      underWay.delete(request)
      log.push(`${request.method()} ${request.url()}: ${request.failure().errorText}`)
    })
    page.on('console', (message) => {
      log.push(`${message.type()}: ${message.text()}`)
      if (['error', 'warning'].includes(message.type()) && HYDRATION.test(message.text())) problems.push(message.text())
    })
    await page.exposeFunction('reportStatus', ({ id, status, frames }) => {
      const values = shown.get(id) ?? []
      shown.set(id, values)
      if (values.at(-1)?.status !== status) values.push({ status, frames })
    })
    await page.addInitScript(recordStatuses)
    const response = await page.goto(path)
    assert.equal(response.status(), 200, path)
    return recorded
  }

  /**
   * The page's HTML as the server sends it to this user now.
   * @param {string} path
   * @param {Record<string, string>} [headers]
   */
  async html(path, headers) {
    // A connection that was kept may be given up by the server in the same moment.
    const response = await this.request.get(this.app.url + path, { headers, maxRetries: 2 })
    assert.equal(response.status(), 200, path)
    return response.text()
  }

  /** What the server's HTML shows for an order on board, list and detail. @param {number} id */
  async servedStatuses(id) {
    const paths = ['/', '/orders', `/orders/${id}`]
    const pages = await Promise.all(paths.map((path) => this.html(path)))
    return Object.fromEntries(paths.map((path, index) => [path, statusesIn(pages[index], id).join()]))
  }

  /** @param {string} token @param {number} [wait] milliseconds */
  async mutation(token, wait = 0) {
    const response = await this.request.get(`${this.app.url}/api/optimistic/mutations/${token}?wait=${wait}`)
    return response.json()
  }

  /** Resolves when the server has begun the mutation. @param {string} token */
  async begun(token) {
    while ((await this.mutation(token)).state === 'unknown');
  }

  /** Lets what is delayed go on, and resolves when the mutation is no longer pending. @param {string} token */
  async settled(token) {
    await this.app.faults({ delayMs: 0 })
    let mutation
    do mutation = await this.mutation(token, 20_000)
    while (mutation.state === 'pending')
    return mutation
  }

  /**
   * Changes an order without a page, as the library does.
   * @param {number} id
   * @param {object} data
   * @param {string} token
   */
  patch(id, data, token) {
    return this.request.patch(`${this.app.url}/api/orders/${id}`, { data, headers: { 'Idempotency-Key': `"${token}"` } })
  }

  async leave() {
    await this.context.close()
  }
}

/**
 * The sequence of values that the page's DOM has shown for an order.
 * @param {RecordedPage} page
 * @param {number} id
 */
export async function sequence(page, id) {
  // What the page has reported before this call has arrived after it.
  await page.evaluate(() => {})
  return (page.shown.get(id) ?? []).map(({ status }) => status)
}

/**
 * Resolves when the page shows the order with that status, in one place.
 * @param {RecordedPage} page
 * @param {number} id
 * @param {string} status
 */
export const shows = (page, id, status) => page.locator(`[data-order="${id}"][data-status="${status}"]`).waitFor()

/** Resolves when a toast is shown. @param {RecordedPage} page @returns {Promise<string>} what it says */
export async function toast(page) {
  const shown = page.locator('[data-toast]').first()
  await shown.waitFor()
  return shown.innerText()
}

/** Resolves when no card of the board is pending any more. @param {RecordedPage} page @param {number} id */
export const unmarked = (page, id) => page.locator(`[data-order="${id}"]:not([data-pending])`).waitFor()

/**
 * Clicks a card's button and catches the request that it sends.
 * @param {RecordedPage} page
 * @param {number} id
 */
export async function advance(page, id) {
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.method() === 'PATCH' && sent.url().includes(`/api/orders/${id}`)),
    page.locator(`[data-order="${id}"] [data-advance]`).click(),
  ])
  return { request, token: request.headers()['idempotency-key'].replaceAll('"', '') }
}
