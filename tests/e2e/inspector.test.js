// The inspector in the admin panel: who sees it, that it shows what happens while it happens, and how it looks.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { v7 as uuid } from 'uuid'
import { openCache } from '../../lib/index.js'
import { App } from './support/app.js'
import { launch, scenario } from './support/scenario.js'
import { User } from './support/user.js'

const PATH = '/admin/optimistic-cache'

/** @typedef {import('./support/user.js').RecordedPage} RecordedPage */

/** @param {RecordedPage} page @param {string} name @returns {Promise<string>} what the figure of that name says */
const figure = (page, name) => page.locator(`[data-figure="${name}"] dd`).innerText()

/** @param {RecordedPage} page @param {string} name @returns {Promise<number>} */
const count = async (page, name) => Number((await figure(page, name)).split(' ')[0].replaceAll(',', ''))

/** @param {RecordedPage} page */
const keysShown = (page) => page.locator('[data-table="entries"] tbody code').allInnerTexts()

/** @param {RecordedPage} page @param {string} tag whether it lists entries that carry it, and no others */
async function showsOnly(page, tag) {
  const rows = await page.locator('[data-table="entries"] tbody tr').allInnerTexts()
  return rows.length > 0 && rows.every((text) => text.includes(tag))
}

/** Resolves when it does. @param {() => Promise<boolean>} holds */
async function until(holds) {
  while (!(await holds()));
}

/** @param {RecordedPage} page @returns {Promise<string[]>} pairs of parts of the view that lie over each other */
const overlaps = (page) =>
  page.evaluate(() => {
    const view = document.querySelector('.optimistic-inspector')
    const selector = 'h1, h2, [data-figure], [data-chart], .table, [data-none], label, .btn'
    const parts = [...view.querySelectorAll(selector)]
    const boxes = parts.map((part) => ({ part, box: part.getBoundingClientRect() }))
    const found = []
    for (const [index, { part, box }] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) {
        if (part.contains(other.part) || other.part.contains(part)) continue
        const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left)
        const height = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top)
        if (width > 1 && height > 1) found.push(`${part.textContent} / ${other.part.textContent}`)
      }
    }
    return found
  })

/** @param {RecordedPage} page */
async function assertLooksRight(page) {
  await page.locator('[data-table="entries"] tbody tr').first().waitFor()
  assert.deepEqual(await overlaps(page), [])
  const { scroll, width } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }))
  assert.ok(scroll <= width, `the page is ${scroll} wide, and the window ${width}`)
  for (const name of ['Hit rate', 'Memory']) {
    const chart = page.locator(`[data-chart="${name}"]`)
    const path = chart.locator('path.optimistic-inspector__line').first()
    await until(async () => /L/.test((await path.getAttribute('d')) ?? ''))
    const line = await path.boundingBox()
    const plot = await chart.locator('svg').boundingBox()
    assert.ok(line && plot && line.width > 0, `${name} has no line`)
    assert.ok(line.y >= plot.y - 3 && line.y + line.height <= plot.y + plot.height + 3, `${name} leaves its plot`)
  }
}

scenario('who is no admin has no inspector, no link to it, and no answer of its endpoints', async ({ app, as }) => {
  const [ada, nobody, admin] = [await as('ada'), await as('nobody'), await as('admin')]
  const page = await ada.context.newPage()
  assert.equal((await page.goto(`${app.url}${PATH}`)).status(), 404)
  await page.goto(`${app.url}/admin`)
  await page.locator('#nav-orders').waitFor()
  assert.equal(await page.locator('#nav-optimistic-cache').count(), 0)
  const stranger = await nobody.context.newPage()
  await stranger.goto(`${app.url}${PATH}`)
  await stranger.waitForURL(/\/admin\/login\?redirect=%2Fadmin%2Foptimistic-cache/)
  for (const user of [ada, nobody]) {
    for (const name of ['stats', 'entries', 'activity']) {
      assert.equal((await user.request.get(`/api/optimistic/${name}`)).status(), 403, name)
    }
    const answer = await user.request.post('/api/optimistic/invalidate', { data: { tags: ['orders'] } })
    assert.equal(answer.status(), 403)
  }
  const panel = await admin.open('/admin')
  await panel.getByRole('button', { name: 'Open Menu' }).first().click()
  await panel.locator('#nav-optimistic-cache').click()
  await panel.locator('h1', { hasText: 'Optimistic cache' }).waitFor()
})

scenario('what happens on the board is seen while it happens, without a reload', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const [ada, admin] = [await as('ada'), await as('admin')]
  await ada.html(`/orders/${id}`)
  const page = await admin.open(PATH)
  await page.locator('[data-table="entries"]').waitFor()
  const before = { reads: (await app.stats()).hits, committed: await count(page, 'Committed') }
  await app.faults({ delayMs: 3000 })
  const token = uuid()
  const patched = ada.patch(id, { status: 'processing' }, token)
  const row = page.locator(`[data-table="mutations"] [data-row="${token}"]`)
  await row.getByText('In flight').waitFor()
  assert.match(await row.innerText(), new RegExp(`orders:${id} · [1-9]\\d* entr`))
  assert.equal(await count(page, 'In flight'), 1)
  assert.equal((await patched).status(), 200)
  await row.getByText('Committed').waitFor()
  await until(async () => (await count(page, 'Committed')) > before.committed)
  for (let read = 0; read < 20; read++) await ada.html(`/orders/${id}`)
  await until(async () => Number((await figure(page, 'Hit rate')).match(/of (\d+) reads/)[1]) > before.reads)
  await row.getByText(`orders:${id}`).click()
  await until(() => showsOnly(page, `orders:${id}`))
})

scenario('an admin who invalidates a tag sees its entries go', async ({ app, as }) => {
  const orders = await Promise.all(['pending', 'shipped', 'processing'].map((status) => app.order(status)))
  const [ada, admin] = [await as('ada'), await as('admin')]
  for (const { id } of orders) await ada.html(`/orders/${id}`)
  const page = await admin.open(PATH)
  const tag = `orders:${orders[0].id}`
  await page.getByLabel('Tag', { exact: true }).fill(tag)
  await until(() => showsOnly(page, tag))
  const { invalidations } = await app.stats()
  await page.getByRole('button', { name: 'Invalidate tag' }).click()
  await page.getByText(`All entries that carry ${tag}`).waitFor()
  assert.equal((await app.stats()).invalidations, invalidations + 1)
  await page.locator('[data-none="entries"]').waitFor()
  const { misses } = await app.stats()
  await ada.html(`/orders/${orders[0].id}`)
  assert.ok((await app.stats()).misses > misses, 'the entry was to be loaded anew')
})

for (const theme of /** @type {const} */ (['light', 'dark'])) {
  scenario(`nothing lies over anything, wide and narrow, in the ${theme} theme`, async ({ app, as }) => {
    const [ada, admin] = [await as('ada'), await as('admin')]
    const statuses = ['pending', 'processing', 'shipped']
    for (const { id } of await Promise.all(statuses.map((status) => app.order(status)))) {
      await ada.patch(id, { note: 'looked at' }, uuid())
      for (let read = 0; read < 3; read++) await ada.html(`/orders/${id}`)
    }
    await app.faults({ delayMs: 2000 })
    const { id } = await app.order('pending')
    const patched = ada.patch(id, { status: 'processing' }, uuid())
    await admin.context.addCookies([{ name: 'payload-theme', value: theme, url: app.url }])
    const page = await admin.open(PATH)
    assert.equal(await page.locator('html').getAttribute('data-theme'), theme)
    for (const width of [1440, 1024, 480]) {
      await page.setViewportSize({ width, height: 1000 })
      await assertLooksRight(page)
      const { PICTURES } = process.env
      if (PICTURES) await page.screenshot({ path: `${PICTURES}/${theme}-${width}.png`, fullPage: true })
    }
    assert.equal((await patched).status(), 200)
  })
}

const ALL = { timeout: 120_000 }
test('of 100,000 entries each request asks for a page, and pages and orders tell of all', ALL, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inspector-'))
  const file = path.join(folder, 'cache')
  const app = await App.start({ ORDER_BOARD_CACHE: file })
  const browser = await launch()
  try {
    const admin = await User.enter(app, browser, 'admin@example.com')
    const cache = openCache({ memory: { file } })
    const own = ['one', 'two', 'three', 'four', 'five', 'six']
    const tags = ['seeded', ...own]
    for (let i = 0; i < 100_000; i++) cache.set(`seeded ${i}`, i === 777 ? 'x'.repeat(50_000) : i, { tags })
    cache.close()
    const page = await admin.open(PATH)
    /** @type {{ docs: number, bytes: number }[]} */
    const answers = []
    page.on('response', async (response) => {
      if (!response.url().includes('/optimistic/') || response.status() !== 200) return
      const body = await response.body().catch(() => undefined)
      if (body) answers.push({ docs: JSON.parse(String(body)).docs?.length ?? 0, bytes: body.length })
    })
    await until(async () => (await count(page, 'Entries')) >= 100_000)
    await page.getByLabel('Key has').fill('seeded 9999')
    await until(async () => (await keysShown(page)).length === 11)
    await page.getByLabel('Key has').fill('')
    await page.getByLabel('Tag', { exact: true }).fill('seeded')
    const seen = new Set()
    for (let number = 1; number <= 4; number++) {
      await page.getByText(`Page ${number}, 25 entries`).waitFor()
      await until(async () => (await keysShown(page)).every((key) => !seen.has(key)))
      for (const key of await keysShown(page)) seen.add(key)
      await page.getByRole('button', { name: 'Next' }).click()
    }
    assert.equal(seen.size, 100)
    await page.getByLabel('Order').selectOption('largest')
    await until(async () => (await keysShown(page))[0] === 'seeded 777')
    assert.ok(answers.length > 8)
    for (const { docs, bytes } of answers) {
      assert.ok(docs <= 25 && bytes < 12_288, `${docs} entries in ${bytes} bytes`)
    }
  } finally {
    await browser.close()
    await app.stop()
    rmSync(folder, { recursive: true })
  }
})
