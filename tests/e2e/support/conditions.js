// What can happen around a user's changes: to the network, the tab, the history, the page. A condition acts while a
// change is under way at the server, and again while it ends; in between, the page is where it was. Whatever the
// condition, a page shows the same of a change.
import { quiet, tokensOf } from './changes.js'
import { comes } from './columns.js'
import { elsewhere } from './elsewhere.js'

/** @typedef {import('./user.js').RecordedPage} RecordedPage */
/** @typedef {import('./user.js').User} User */
/** @typedef {import('../../node/schedules-random.js').Random} Random */

/**
 * @typedef {object} Condition
 * @property {true} [keepsPages] needs a browser that keeps pages that are left
 * @property {true} [forgets] a page that a change was made in does not live to hear what became of it
 * @property {(user: User, page: RecordedPage) => Promise<unknown>} [opened] a page has been loaded
 * @property {(user: User, page: RecordedPage, random: Random) => Promise<unknown>} [during] a change that was made in
 *   the page is under way
 * @property {<T>(user: User, page: RecordedPage, settle: () => Promise<T>, random: Random) => Promise<T>} [ending] lets
 *   the server go on by `settle`
 * @property {(user: User, page: RecordedPage) => Promise<unknown>} [ended] all is over
 */

/** WebPageTest's slow 3G: milliseconds, bytes a second. */
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }
const NEVER = { timeout: 0 }

const isChange = (sent) => Boolean(sent.headers()['idempotency-key']) && !sent.url().endsWith('/announce')
const isRead = (sent) => sent.method() === 'GET' && /\/api\/orders\?/.test(sent.url())
const isPoll = (sent) => /\/api\/optimistic\/mutations\?/.test(sent.url())

/** @param {User} user @param {RecordedPage} page */
async function goesOffline({ context, wire }, page) {
  const lost = page.underWay.size > 0 && page.waitForEvent('requestfailed')
  await context.setOffline(true)
  wire.cut()
  await lost
}

/** @param {User} user */
async function comesOnline({ context, wire }) {
  wire.mend()
  await context.setOffline(false)
}

/**
 * The user has looked at another tab for a minute, which is long enough for what was read to be read again. Headless
 * Chromium hides no tab, so the page is told.
 * @param {RecordedPage} page
 */
async function lookAgain(page) {
  const hasQueries = (await page.locator('[data-column]').count()) > 0
  const read = hasQueries && page.waitForResponse((response) => isRead(response.request()))
  await page.evaluate(() => {
    const { now } = Date
    Date.now = () => now() + 60_000
    for (const value of ['hidden', 'visible']) {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    }
  })
  await read
}

/** What only this page shows, by its path. */
const CONTENT = { '/': '[data-column]', '/orders': 'table.orders', '/contact': '.contact-form' }

/** @param {RecordedPage} page @param {() => Promise<unknown>} move through the history */
async function travel(page, move) {
  const { pathname } = new URL(page.url())
  await Promise.all([page.waitForURL((url) => url.pathname !== pathname), move()])
  // The router shows it a little later.
  await page.locator(CONTENT[new URL(page.url()).pathname] ?? 'article[data-order]').first().waitFor()
}

/** The user follows a link of the app. @param {RecordedPage} page */
function followLink(page) {
  const name = new URL(page.url()).pathname === '/orders' ? 'Board' : 'Orders'
  return travel(page, () => page.getByRole('link', { name, exact: true }).click())
}

/** The browser was to keep a page that was left, and did not. */
export class NotKept extends Error {
  /** @param {{ type: string, reason: string }[]} reasons as Chromium tells them */
  constructor(reasons) {
    super(`the browser was to keep the page, and did not: ${JSON.stringify(reasons)}`)
    /** Has the page no part in it? The browser may run short of memory, for one. */
    this.isByChance = reasons.length > 0 && reasons.every(({ type }) => type === 'Circumstantial')
  }
}

/** The user goes back to a page that the browser has kept. @param {User} user @param {RecordedPage} page */
export async function comesBack({ context, origin }, page) {
  const session = await context.newCDPSession(page)
  const reasons = []
  session.on('Page.backForwardCacheNotUsed', ({ notRestoredExplanations }) => reasons.push(...notRestoredExplanations))
  await session.send('Page.enable')
  const returned = page.waitForEvent('framenavigated', (frame) => frame.url().startsWith(origin))
  const shownAgain = page.shownAgain()
  // What it evaluates to is lost with the page that it was evaluated in.
  await page.evaluate(() => void setTimeout(() => history.back()))
  const persisted = await shownAgain
  await returned
  await session.detach()
  if (!persisted) throw new NotKept(reasons)
}

/** What a page shows of all orders. @param {RecordedPage} page */
const statusesOn = (page) =>
  page.evaluate(() => {
    const elements = [...document.querySelectorAll('[data-order]')]
    return elements.map(({ dataset }) => `${dataset.order} ${dataset.status}`).sort()
  })

/** @type {Record<string, (page: RecordedPage) => Promise<unknown>>} */
const MOMENTS = {
  'a change is answered': (page) => page.waitForResponse((response) => isChange(response.request()), NEVER),
  'a read is sent': (page) => page.waitForRequest(isRead, NEVER),
  'a read is answered': (page) => page.waitForResponse((response) => isRead(response.request()), NEVER),
  'an outcome is told': (page) => page.waitForResponse((response) => isPoll(response.request()), NEVER),
}

export const OFFLINE = 'the network goes and comes back'
export const SLOW = 'the network is slow'
export const LOOKS = 'the user looks at another tab'
export const TABS = 'the user opens another tab'
export const TRAVELS = 'the user goes back and forth'
export const LEAVES = 'the user leaves for another site and comes back'
export const KEPT = 'the browser keeps the page while the user is on another site'
export const RELOADS = 'the page is loaded again at any moment'

/** @type {Record<string, Condition>} */
export const CONDITIONS = {
  [OFFLINE]: {
    async during(user, page) {
      await goesOffline(user, page)
      const asked = page.waitForRequest(isPoll)
      await comesOnline(user)
      await asked
    },
    async ending(user, page, settle) {
      await goesOffline(user, page)
      const settled = await settle()
      await comesOnline(user)
      return settled
    },
  },
  [SLOW]: {
    async opened({ context }, page) {
      // What changes need is loaded after the page; where a change is in flight, requests never end.
      if ((await tokensOf(page)).length === 0) await page.waitForLoadState('networkidle')
      const session = await context.newCDPSession(page)
      await session.send('Network.enable')
      await session.send('Network.emulateNetworkConditions', SLOW_3G)
    },
  },
  [LOOKS]: {
    during: (user, page) => lookAgain(page),
    async ending(user, page, settle) {
      const settled = await settle()
      await lookAgain(page)
      return settled
    },
  },
  [TABS]: {
    async during(user, page) {
      for (const path of [new URL(page.url()).pathname, '/orders']) user.later.push(await user.open(path))
    },
    async ended(user, page) {
      for (const other of user.later) {
        await quiet(other)
        await lookAgain(other)
        const areBoards = [other, page].every((one) => new URL(one.url()).pathname === '/')
        if (areBoards) await comes(other, () => statusesOn(other), await statusesOn(page))
      }
    },
  },
  [TRAVELS]: {
    async during(user, page) {
      await followLink(page)
      const moves = /** @type {const} */ (['goBack', 'goForward', 'goBack'])
      for (const move of moves) await travel(page, () => page[move]())
    },
    async ending(user, page, settle) {
      await followLink(page)
      const settled = await settle()
      await travel(page, () => page.goBack())
      return settled
    },
  },
  [LEAVES]: {
    forgets: true,
    async during(user, page) {
      await page.goto(await elsewhere())
      await page.goBack()
    },
    async ending(user, page, settle) {
      await page.goto(await elsewhere())
      const settled = await settle()
      await page.goBack()
      return settled
    },
  },
  [KEPT]: {
    keepsPages: true,
    async during(user, page) {
      await page.goto(await elsewhere())
      await comesBack(user, page)
    },
    async ending(user, page, settle) {
      await page.goto(await elsewhere())
      const settled = await settle()
      await comesBack(user, page)
      return settled
    },
  },
  [RELOADS]: {
    forgets: true,
    async during(user, page, random) {
      if (random.chance(0.5)) await page.reload()
    },
    async ending(user, page, settle, random) {
      const moments = [1, 2].map(() => random.pick(Object.keys(MOMENTS)))
      const settled = settle()
      for (const moment of moments) {
        // What has ended has no such moment any more.
        await Promise.race([MOMENTS[moment](page).catch(() => {}), quiet(page)])
        await page.reload()
      }
      return settled
    },
  },
}

/** @param {string[]} fit @returns {string[]} all other conditions */
export const but = (...fit) => Object.keys(CONDITIONS).filter((name) => !fit.includes(name))
