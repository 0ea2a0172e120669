// Every kind of change again, saved and refused, while what carries it misbehaves: the network, the tab, the history,
// the page. What a page showed is compared value by value: nothing old comes back, and nothing new is seen twice.
//
// SEED=… repeats the moments at which pages are reloaded; CONDITION_ROUNDS=… tries more of them.
import assert from 'node:assert/strict'
import process from 'node:process'
import { Random } from '../node/schedules-random.js'
import { LATER_SEQUENCES, makeChanges, plan, SEQUENCES, tokensOf } from './support/changes.js'
import { endsAsStored, hasShown, quiet } from './support/changes.js'
import { columnsIn } from './support/columns.js'
import { scenario } from './support/scenario.js'
import { Wire } from './support/wire.js'

/** @typedef {import('./support/user.js').RecordedPage} RecordedPage */
/** @typedef {import('./support/user.js').User} User */
/** @typedef {'saved' | 'refused'} End */
/**
 * @typedef {object} Parts
 * @property {User} user
 * @property {RecordedPage} page
 * @property {Wire} wire between the two and the server
 * @property {RecordedPage[]} later pages that are opened in mid-flight
 */

/**
 * What happens around the changes.
 * @typedef {object} Condition
 * @property {(user: User) => Promise<RecordedPage>} [open] opens the board
 * @property {(parts: Parts) => Promise<unknown>} [before] they are made
 * @property {(parts: Parts) => Promise<unknown>} [during] they are under way
 * @property {(parts: Parts) => Promise<unknown>} [released] the server goes on
 * @property {(parts: Parts) => Promise<unknown>} [after] the server has settled those that were sent
 */

const SEED = Number(process.env.SEED ?? 1)
const ROUNDS = Number(process.env.CONDITION_ROUNDS ?? 1)
const ENDS = /** @type {const} */ (['saved', 'refused'])

/** WebPageTest's slow 3G: milliseconds, bytes a second. */
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }

const isChange = (sent) => sent.method() !== 'GET' && /\/api\/orders/.test(sent.url())
const isRead = (sent) => sent.method() === 'GET' && /\/api\/orders\?/.test(sent.url())
const isPoll = (sent) => /\/api\/optimistic\/mutations\?/.test(sent.url())

const board = (/** @type {User} */ user) => user.open('/')
const link = (/** @type {RecordedPage} */ page, name) => page.getByRole('link', { name, exact: true }).click()
const onBoard = (/** @type {RecordedPage} */ page) => page.locator('[data-column]').first().waitFor()
const onList = (/** @type {RecordedPage} */ page) => page.locator('tr[data-order]').first().waitFor()

/**
 * The user has looked at another tab for a minute, which is long enough for what was read to be read again. Headless
 * Chromium hides no tab, so the page is told.
 * @param {RecordedPage} page
 */
async function lookAgain(page) {
  const read = page.waitForResponse((response) => isRead(response.request()))
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

/** @type {Record<string, Condition>} */
const CONDITIONS = {
  'the network goes and comes back': {
    async during({ user, page, wire }) {
      const goes = async () => {
        await user.context.setOffline(true)
        wire.cut()
      }
      await goes()
      await page.locator('[data-pending="unknown"]').first().waitFor()
      const asked = page.waitForRequest(isPoll)
      wire.mend()
      await user.context.setOffline(false)
      await asked
      await goes()
    },
    after({ user, wire }) {
      wire.mend()
      return user.context.setOffline(false)
    },
  },
  'the network is slow': {
    async before({ user, page }) {
      const session = await user.context.newCDPSession(page)
      await session.send('Network.enable')
      await session.send('Network.emulateNetworkConditions', SLOW_3G)
    },
  },
  'the user looks at another tab': {
    async during({ user, page, later }) {
      later.push(await user.open('/orders'))
      await lookAgain(page)
    },
    after: ({ page }) => lookAgain(page),
  },
  'the user goes back and forth': {
    async open(user) {
      const page = await user.open('/orders')
      await link(page, 'Board')
      await onBoard(page)
      return page
    },
    async during({ page }) {
      await page.goBack()
      await onList(page)
      await page.goForward()
      await onBoard(page)
      await page.goBack()
      await onList(page)
    },
    async after({ page }) {
      await page.goForward()
      await onBoard(page)
    },
  },
  'the user leaves for another site and comes back': {
    during: ({ page }) => page.goto('about:blank'),
    after: ({ page }) => page.goBack(),
  },
}

/**
 * @param {string} sentence
 * @param {End} end
 * @param {Condition} condition
 */
function play(sentence, end, { open = board, before, during, released, after }) {
  scenario(sentence, async ({ app, as }) => {
    const wire = await Wire.to(app.url)
    const [user, grace] = [await as('admin', { baseURL: wire.url }), await as('grace')]
    const planned = await plan(user)
    const page = await open(user)
    const parts = { user, page, wire, later: [] }
    const unchanged = columnsIn(await grace.html('/'))
    await before?.(parts)
    await app.faults({ delayMs: 25_000, fail: end === 'saved' ? 'none' : 'rollback' })
    const sent = await makeChanges(page, planned)
    for (const token of await tokensOf(page)) await user.begun(token)
    await during?.(parts)
    assert.deepEqual(columnsIn(await grace.html('/')), unchanged, 'others see nothing of it')
    for (const token of sent) assert.equal((await user.mutation(token)).state, 'pending', 'it was to be in mid-flight')
    const going = released?.(parts)
    for (const token of sent) await user.settled(token)
    await going
    await after?.(parts)
    await endsAsStored(user, page)
    await hasShown(page, planned, SEQUENCES[end])
    for (const other of parts.later) await hasShown(other, planned, LATER_SEQUENCES[end])
  })
}

for (const [name, condition] of Object.entries(CONDITIONS)) {
  for (const end of ENDS) play(`changes that are ${end} end so, without a flicker, while ${name}`, end, condition)
}

const NEVER = { timeout: 0 }

/** @type {Record<string, (page: RecordedPage) => Promise<unknown>>} */
const MOMENTS = {
  'a change is answered': (page) => page.waitForResponse((response) => isChange(response.request()), NEVER),
  'a read is sent': (page) => page.waitForRequest(isRead, NEVER),
  'a read is answered': (page) => page.waitForResponse((response) => isRead(response.request()), NEVER),
  'an outcome is told': (page) => page.waitForResponse((response) => isPoll(response.request()), NEVER),
}

for (let round = 0; round < ROUNDS; round++) {
  const seed = SEED + round
  for (const end of ENDS) {
    const random = new Random(seed)
    const moments = [1, 2].map(() => random.pick(Object.keys(MOMENTS)))
    const isEarly = random.chance(0.5)
    play(`changes that are ${end} end so through reloads when ${moments.join(' and ')} (SEED=${seed})`, end, {
      during: async ({ page }) => isEarly && page.reload(),
      async released({ page }) {
        for (const moment of moments) {
          // What has ended has no such moment any more.
          await Promise.race([MOMENTS[moment](page).catch(() => {}), quiet(page)])
          await page.reload()
        }
      },
    })
  }
}
