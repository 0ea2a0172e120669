// A test against the running app: users with browsers of their own, and what is needed to understand a failure.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { Random } from '../../node/schedules-random.js'
import { App } from './app.js'
import { CONDITIONS, NotKept } from './conditions.js'
import { keepingProxy } from './proxy.js'
import { flickers, User } from './user.js'
import { Wire } from './wire.js'

const ACCOUNTS = { ada: 'ada@example.com', grace: 'grace@example.com', admin: 'admin@example.com', nobody: undefined }
const NO_FAULTS = /** @type {const} */ ({ delayMs: 0, fail: 'none', readDelayMs: 0 })
const LONGEST_TEST = 120_000

const arguments_ = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @returns {string} */
function installedChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const found = names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync)
  if (!found) throw new Error(`none of ${names.join(', ')} is installed; the end-to-end tests need one`)
  return found
}

/** Playwright's keeps no page that is left, as users' browsers do. @type {import('playwright-core').LaunchOptions} */
const KEEPING = { ignoreDefaultArgs: ['--disable-back-forward-cache'] }

/** @type {App} */
let app
/** @type {import('playwright-core').Browser} */
let browser
/** @type {Promise<import('playwright-core').Browser> | undefined} launched when a scenario needs it */
let keepingBrowser

/** @param {import('playwright-core').LaunchOptions} [options] */
export const launch = (options) =>
  chromium.launch({ executablePath: installedChromium(), args: arguments_, ...options })

before(async () => {
  browser = await launch()
  app = await App.start()
})

after(async () => {
  await Promise.all([browser?.close(), keepingBrowser?.then((one) => one.close())])
  await app?.stop()
})

/** Leaves screenshots, pages, problems and the server's log in a folder. @param {User[]} users */
async function keepEvidence(users) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'order-board-failure-'))
  copyFileSync(app.log, path.join(folder, 'server.log'))
  for (const [index, page] of users.flatMap((user) => user.pages).entries()) {
    const file = path.join(folder, `page-${index + 1}`)
    writeFileSync(`${file}.txt`, [page.url(), ...page.log, JSON.stringify([...page.shown.entries()])].join('\n'))
    await page.screenshot({ path: `${file}.png` }).catch(() => {})
    await page.content().then((html) => writeFileSync(`${file}.html`, html), () => {})
  }
  console.error(`What the pages looked like, what they logged, and the server's log: ${folder}`)
}

/** @typedef {(account: keyof ACCOUNTS, options?: import('playwright-core').BrowserContextOptions) => Promise<User>} As */
/** @typedef {{ app: App, as: As, remembers: boolean }} Parts */

/**
 * @typedef {object} Scenario
 * @property {string} sentence
 * @property {(parts: Parts) => Promise<void>} body
 * @property {Record<string, string[]>} unfit conditions under which it makes no sense, by the reason
 */

/** @type {Scenario[] | undefined} of the files that are being collected */
let collected

/**
 * @param {string[]} names of files of scenarios
 * @returns {Promise<Scenario[]>} without declaring any
 */
export async function collect(names) {
  /** @type {Scenario[]} */
  const scenarios = (collected = [])
  for (const name of names) await import(`../${name}.test.js`)
  collected = undefined
  return scenarios
}

/**
 * Declares a test. Whatever it leaves behind (faults, users) is cleared away, and no page of it may have thrown or
 * complained about hydration, or shown of an order what it had shown before the value before.
 * @param {string} sentence its name
 * @param {(parts: Parts) => Promise<void>} body `as` gives somebody a browser; `remembers`: does the page that a change
 *   is made in live to hear what became of it?
 * @param {Record<string, string[]>} [unfit] conditions under which it makes no sense, by the reason
 */
export function scenario(sentence, body, unfit = {}) {
  if (collected) collected.push({ sentence, body, unfit })
  else test(sentence, { timeout: LONGEST_TEST }, () => run({ body }))
}

/**
 * Declares a test that plays a scenario under a condition.
 * @param {Pick<Scenario, 'sentence' | 'body'>} scenario
 * @param {string} name of the condition
 * @param {number} seed of what the condition draws
 */
export function play({ sentence, body }, name, seed) {
  test(`${sentence}, while ${name} (SEED=${seed})`, { timeout: LONGEST_TEST }, () =>
    run({ body, condition: CONDITIONS[name], random: new Random(seed) }),
  )
}

/**
 * Declares a test in a browser that keeps pages that are left.
 * @param {string} sentence its name
 * @param {(parts: Parts) => Promise<void>} body
 */
export function keeping(sentence, body) {
  test(sentence, { timeout: LONGEST_TEST }, () => run({ body, condition: { keepsPages: true } }))
}

/** @typedef {Pick<Scenario, 'body'> & { condition?: import('./conditions.js').Condition, random?: Random }} Played */

/** @param {Played} played again when the browser happened not to keep a page @param {number} attempts that are left */
async function run(played, attempts = 3) {
  try {
    await once(played)
  } catch (error) {
    if (!(error instanceof NotKept && error.isByChance && attempts > 1)) throw error
    await run(played, attempts - 1)
  }
}

/** @param {Played} played */
async function once({ body, condition, random }) {
  /** @type {User[]} */
  const users = []
  const used = await (condition?.keepsPages ? (keepingBrowser ??= launch(KEEPING)) : browser)
  /** @type {As} */
  const as = async (account, options) => {
    const wire = await Wire.to(condition?.keepsPages ? await keepingProxy(app.url) : app.url)
    const around = condition && { condition, random, wire }
    const user = await User.enter(app, used, ACCOUNTS[account], options, around)
    users.push(user)
    return user
  }
  try {
    await body({ app, as, remembers: !condition?.forgets })
    for (const user of users) await user.ended()
    const pages = users.flatMap((user) => user.pages)
    assert.deepEqual(pages.flatMap((page) => page.problems), [])
    assert.deepEqual(pages.flatMap(flickers), [])
  } catch (error) {
    await keepEvidence(users)
    throw error
  } finally {
    await app.faults(NO_FAULTS)
    await Promise.all(users.map((user) => user.leave()))
  }
}
