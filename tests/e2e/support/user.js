import assert from 'node:assert/strict'
import { comes } from './columns.js'
import { recordStatuses } from './recorder.js'

const PASSWORD = 'order-board'
// What React and Next.js say when the browser's first render is not what the server sent.
const HYDRATION = /hydrat|did not match|Minified React error #(418|419|421|422|423|425)\b/i

/**
 * A page with what happened in it.
 * @typedef {import('playwright-core').Page & {
 *   shown: Map<number, { status: string, frames: number }[]>,
 *   toasts: string[],
 *   problems: string[],
 *   log: string[],
 *   underWay: Set<import('playwright-core').Request>,
 *   shownAgain: () => Promise<boolean>,
 * }} RecordedPage `shown`: what the DOM has shown for each order, and the animation frames since the last click;
 *   `problems`: what must not happen in any page; `underWay`: requests that have not ended; `shownAgain`: resolves when
 *   the browser shows a page of the app the next time, and says whether it had kept it
 */

/** @typedef {import('./conditions.js').Condition} Condition */
/** @typedef {import('../../node/schedules-random.js').Random} Random */

/**
 * What happens around a user's changes, beside them: nothing, unless a scenario is played under a condition.
 * @typedef {{ condition?: Condition, random?: Random, wire?: import('./wire.js').Wire }} Around
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
  /** Opened by a condition while a change was under way. @type {RecordedPage[]} */
  later = []
  /** In which the user made the latest change. @type {RecordedPage | undefined} */
  acting

  /**
   * @param {import('./app.js').App} app
   * @param {import('playwright-core').Browser} browser
   * @param {string} [email] nobody when missing
   * @param {import('playwright-core').BrowserContextOptions} [options]
   * @param {Around} [around]
   */
  static async enter(app, browser, email, options, around = {}) {
    const origin = around.wire?.url ?? app.url
    const context = await browser.newContext({ baseURL: origin, ...options })
    const user = new User(app, context, origin, around)
    if (email !== undefined) {
      const response = await context.request.post('/api/users/login', { data: { email, password: PASSWORD } })
      assert.equal(response.status(), 200, `${email} could not log in`)
    }
    return user
  }

  /**
   * @param {import('./app.js').App} app
   * @param {import('playwright-core').BrowserContext} context
   * @param {string} origin of the app, as the browser sees it
   * @param {Around} around
   */
  constructor(app, context, origin, { condition = {}, random, wire }) {
    Object.assign(this, { origin, condition, random, wire })
    this.app = app
    this.context = context
    this.request = context.request
  }

  /** Opens a page in a new tab. @param {string} path @returns {Promise<RecordedPage>} */
  async open(path) {
    const page = await this.context.newPage()
    const shown = new Map()
    const toasts = []
    const problems = []
    const log = []
    const underWay = new Set()
    let onShown = (_persisted) => {}
    const shownAgain = () => new Promise((resolve) => (onShown = resolve))
    const recorded = Object.assign(page, { shown, toasts, problems, log, underWay, shownAgain })
    this.pages.push(recorded)
    page.on('pageerror', (error) => problems.push(`uncaught: ${error.stack ?? error}`))
    page.on('request', (request) => {
      underWay.add(request)
      if (request.headers()['idempotency-key']) this.acting = recorded
    })
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
    await page.exposeFunction('reportToast', (text) => void toasts.push(text))
    await page.exposeFunction('reportPage', ({ url, persisted }) => url.startsWith(this.origin) && onShown(persisted))
    await page.addInitScript(recordStatuses)
    const response = await page.goto(path)
    assert.equal(response.status(), 200, path)
    await this.condition.opened?.(this, recorded)
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
    const url = `${this.app.url}/api/optimistic/mutations/${token}?wait=${wait}`
    const response = await this.request.get(url, { maxRetries: 2 })
    return response.json()
  }

  /** Resolves when the server has begun the mutations, and the condition has acted. @param {string[]} tokens */
  async begun(...tokens) {
    for (const token of tokens) while ((await this.mutation(token)).state === 'unknown');
    if (this.acting) await this.condition.during?.(this, this.acting, this.random)
  }

  /**
   * Lets what is delayed go on, and resolves when the mutations are no longer pending, and the condition has acted.
   * @param {string[]} tokens
   * @returns {Promise<any>} the last of the mutations
   */
  async settled(...tokens) {
    const settle = async () => {
      await this.app.faults({ delayMs: 0 })
      let mutation
      for (const token of tokens) {
        do mutation = await this.mutation(token, 20_000)
        while (mutation.state === 'pending')
      }
      return mutation
    }
    const { ending } = this.condition
    return this.acting && ending ? ending(this, this.acting, settle, this.random) : settle()
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

  /** Resolves when the condition has looked at what it had opened. */
  async ended() {
    if (this.acting) await this.condition.ended?.(this, this.acting)
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
 * What a page has shown that no page may: an order in two places or in a column that is not its own, or one that went
 * from an old value to a new one, back, and forth again. Where orders are absent is another matter: a page of the same
 * tab may not list them.
 * @param {RecordedPage} page
 * @returns {string[]} what it showed of which order
 */
export function flickers({ shown }) {
  // A number that is given twice is refused, and until then two orders have it.
  const orders = [...shown].filter(([id]) => !/^(#|note)/.test(String(id)))
  const all = orders.map(([id, values]) => {
    const statuses = values.map(({ status }) => status).filter((status) => status !== 'absent')
    return `${id}: ${statuses.filter((status, at) => status !== statuses[at - 1]).join(', ')}`
  })
  return all.filter((one) => / (and|in) /.test(one) || /\b(\w+), (\w+), \1, \2\b/.test(one))
}

/**
 * Resolves when the page shows the order with that status, in one place.
 * @param {RecordedPage} page
 * @param {number} id
 * @param {string} status
 */
export const shows = (page, id, status) => page.locator(`[data-order="${id}"][data-status="${status}"]`).waitFor()

/**
 * Resolves when the page has shown a toast, which may be gone again.
 * @param {RecordedPage} page
 * @returns {Promise<string>} what the first one said
 */
export async function toast(page) {
  await comes(page, async () => page.toasts.length > 0, true)
  return page.toasts[0]
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
