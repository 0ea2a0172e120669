// A test against the running app: users with browsers of their own, and what is needed to understand a failure.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { App } from './app.js'
import { User } from './user.js'

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

/** @type {App} */
let app
/** @type {import('playwright-core').Browser} */
let browser

export const launch = () => chromium.launch({ executablePath: installedChromium(), args: arguments_ })

before(async () => {
  browser = await launch()
  app = await App.start()
})

after(async () => {
  await browser?.close()
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

/**
 * Declares a test. Whatever it leaves behind (faults, users) is cleared away, and no page of it may have thrown or
 * complained about hydration.
 * @param {string} sentence its name
 * @param {(parts: { app: App, as: As }) => Promise<void>} body `as` gives somebody a browser
 */
export function scenario(sentence, body) {
  test(sentence, { timeout: LONGEST_TEST }, async () => {
    /** @type {User[]} */
    const users = []
    const as = async (account, options) => {
      const user = await User.enter(app, browser, ACCOUNTS[account], options)
      users.push(user)
      return user
    }
    try {
      await body({ app, as })
      assert.deepEqual(users.flatMap((user) => user.pages).flatMap((page) => page.problems), [])
    } catch (error) {
      await keepEvidence(users)
      throw error
    } finally {
      await app.faults(NO_FAULTS)
      await Promise.all(users.map((user) => user.leave()))
    }
  })
}
