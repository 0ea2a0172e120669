// Forms: with JavaScript shown at once and sent once, without it a plain post, and never is what was typed lost.
import assert from 'node:assert/strict'
import { but, LEAVES, RELOADS, SLOW, TRAVELS } from './support/conditions.js'
import { scenario } from './support/scenario.js'
import { sequence } from './support/user.js'

const note = (page) => page.locator('[data-note]')
const noteForm = (page) => page.locator('.note-form')
const contactForm = (page) => page.locator('.contact-form')
const FORGETS = { 'a form that is left forgets what was typed': [TRAVELS, LEAVES, RELOADS] }
const AT_ONCE = { 'what is refused at once is never under way': but(SLOW) }
const NO_SCRIPTS = { 'nothing of the library runs in its pages': but() }
/** Each message of a test is somebody else's. */
let senders = 0
const TOO_LONG = 'x'.repeat(2001)

/** @param {import('./support/user.js').RecordedPage} page @param {string} text */
async function saveNote(page, text) {
  await noteForm(page).locator('textarea').fill(text)
  await noteForm(page).locator('[type=submit]').click()
}

/** @param {import('./support/user.js').RecordedPage} page @param {Record<string, string>} entered */
async function sendMessage(page, entered) {
  for (const [name, value] of Object.entries(entered)) await contactForm(page).locator(`[name=${name}]`).fill(value)
  await contactForm(page).locator('[type=submit]').click()
}

/** @param {import('./support/user.js').RecordedPage} page @param {'PATCH' | 'POST'} method @param {RegExp} path */
function requestsOf(page, method, path) {
  /** @type {string[]} */
  const tokens = []
  page.on('request', (request) => {
    if (request.method() !== method || !path.test(request.url())) return
    tokens.push(request.headers()['idempotency-key'].replaceAll('"', ''))
  })
  return tokens
}

/** Resolves when the locator shows exactly this. */
const says = (locator, text) => locator.filter({ hasText: new RegExp(`^${text}$`) }).waitFor()

scenario(
  'a note shows at once, in the HTML of a reload in mid-flight too, and stays when it is saved',
  async ({ app, as }) => {
    const { id } = await app.order('pending')
    const [ada, grace] = [await as('ada'), await as('grace')]
    const page = await ada.open(`/orders/${id}`)
    await page.waitForLoadState('networkidle')
    const before = await note(page).innerText()
    await app.faults({ delayMs: 25_000 })
    const tokens = requestsOf(page, 'PATCH', /\/api\/orders\//)
    await saveNote(page, 'Ring twice.')
    await says(note(page), 'Ring twice.')
    await ada.begun(tokens[0])
    const [reloaded, ofGrace] = await Promise.all([page.reload(), grace.html(`/orders/${id}`)])
    assert.equal((await ada.mutation(tokens[0])).state, 'pending', 'the pages were to be loaded in mid-flight')
    assert.match(await reloaded.text(), /<p[^>]*data-note[^>]*>Ring twice\.</)
    assert.doesNotMatch(ofGrace, /Ring twice/)
    assert.equal((await ada.settled(tokens[0])).state, 'committed')
    await page.locator('[data-note]:not([data-pending])').waitFor()
    await says(note(page), 'Ring twice.')
    assert.equal(await app.stored('orders', 'note', id), 'Ring twice.')
    assert.deepEqual(await sequence(page, 'note'), [before, 'Ring twice.'])
  },
)

scenario('a note that is refused goes, and the field keeps what was typed and says what is wrong', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const page = await ada.open(`/orders/${id}`)
  await page.waitForLoadState('networkidle')
  const before = await note(page).innerText()
  await saveNote(page, TOO_LONG)
  const input = noteForm(page).locator('textarea')
  const complaint = noteForm(page).getByRole('alert')
  await complaint.waitFor()
  assert.match(await complaint.innerText(), /shorter than the max length of 2000/)
  assert.equal(await input.getAttribute('aria-describedby'), await complaint.getAttribute('id'))
  assert.equal(await input.inputValue(), TOO_LONG)
  assert.equal(await note(page).innerText(), before)
  await saveNote(page, 'short')
  await says(note(page), 'short')
  await complaint.waitFor({ state: 'detached' })
}, AT_ONCE)

scenario('a note that fails in its transaction goes, and the field keeps what was typed', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada')
  const page = await ada.open(`/orders/${id}`)
  await page.waitForLoadState('networkidle')
  const before = await note(page).innerText()
  await app.faults({ fail: 'rollback', delayMs: 25_000 })
  const tokens = requestsOf(page, 'PATCH', /\/api\/orders\//)
  await saveNote(page, 'Ring twice.')
  await says(note(page), 'Ring twice.')
  await ada.begun(tokens[0])
  assert.equal((await ada.settled(tokens[0])).state, 'rolledBack')
  assert.match(await noteForm(page).getByRole('alert').innerText(), /in its transaction/)
  assert.equal(await note(page).innerText(), before)
  assert.equal(await noteForm(page).locator('textarea').inputValue(), 'Ring twice.')
  assert.deepEqual(await sequence(page, 'note'), [before, 'Ring twice.', before])
}, FORGETS)

scenario('a message is in the list at once, and is sent once however often it is submitted', async ({ app, as }) => {
  const ada = await as('ada')
  const page = await ada.open('/contact')
  await page.waitForLoadState('networkidle')
  await app.faults({ delayMs: 25_000 })
  const tokens = requestsOf(page, 'POST', /\/api\/form-submissions/)
  const name = `Twice ${++senders}`
  await sendMessage(page, { name, email: 'twice@example.com', message: 'Where is it?' })
  await contactForm(page).locator('[type=submit]').dblclick()
  const own = page.locator('.message').filter({ hasText: name })
  await own.and(page.locator('[data-pending]')).waitFor()
  await ada.begun(tokens[0])
  assert.equal((await ada.settled(tokens[0])).state, 'committed')
  await page.getByRole('status').filter({ hasText: 'Thank you' }).waitFor()
  await own.and(page.locator(':not([data-pending])')).waitFor()
  // Where the answer was lost, it is sent again to hear it.
  assert.deepEqual([new Set(tokens).size, await own.count(), await app.messagesOf(name)], [1, 1, 1])
  assert.equal(await contactForm(page).locator('[name=message]').inputValue(), '')
}, FORGETS)

scenario('a message with a wrong address is refused at that field, and nothing else is lost', async ({ app, as }) => {
  const nobody = await as('nobody')
  const page = await nobody.open('/contact')
  await page.waitForLoadState('networkidle')
  // Browsers take it for an address; Payload does not.
  const name = `Nemo ${++senders}`
  await sendMessage(page, { name, email: 'nemo@sea', message: 'Help' })
  const complaint = contactForm(page).getByRole('alert')
  await complaint.waitFor()
  assert.equal(await complaint.innerText(), 'Please enter a valid email address.')
  const input = contactForm(page).locator('[name=email]')
  assert.equal(await input.getAttribute('aria-describedby'), await complaint.getAttribute('id'))
  assert.equal(await contactForm(page).locator('[name=message]').inputValue(), 'Help')
  await sendMessage(page, { email: 'nemo@example.com' })
  await page.getByRole('status').filter({ hasText: 'Thank you' }).waitFor()
  assert.deepEqual([await complaint.count(), await app.messagesOf(name)], [0, 1])
}, AT_ONCE)

scenario('without JavaScript a note is posted, and one that is refused comes back as typed', async ({ app, as }) => {
  const { id } = await app.order('pending')
  const ada = await as('ada', { javaScriptEnabled: false })
  const page = await ada.open(`/orders/${id}`)
  await saveNote(page, 'By post.')
  await says(note(page), 'By post.')
  assert.equal(await app.stored('orders', 'note', id), 'By post.')
  assert.equal(new URL(page.url()).pathname, `/orders/${id}`)
  await saveNote(page, TOO_LONG)
  const complaint = noteForm(page).getByRole('alert')
  await complaint.waitFor()
  assert.match(await complaint.innerText(), /shorter than the max length of 2000/)
  assert.equal(await noteForm(page).locator('textarea').inputValue(), TOO_LONG)
  assert.equal(await note(page).innerText(), 'By post.')
  assert.equal(await app.stored('orders', 'note', id), 'By post.')
}, NO_SCRIPTS)

scenario('without JavaScript a message is posted, and one that is refused comes back as typed', async ({ app, as }) => {
  const nobody = await as('nobody', { javaScriptEnabled: false })
  const page = await nobody.open('/contact')
  await sendMessage(page, { name: 'Plain', email: 'plain@post', message: 'Hello' })
  const complaint = contactForm(page).getByRole('alert')
  await complaint.waitFor()
  assert.equal(await complaint.innerText(), 'Please enter a valid email address.')
  const value = (name) => contactForm(page).locator(`[name=${name}]`).inputValue()
  const typed = [await value('name'), await value('email'), await value('message')]
  assert.deepEqual(typed, ['Plain', 'plain@post', 'Hello'])
  assert.equal(await app.messagesOf('Plain'), 0)
  await sendMessage(page, { email: 'plain@example.com' })
  await page.getByRole('status').filter({ hasText: 'Thank you' }).waitFor()
  assert.deepEqual([await app.messagesOf('Plain'), await value('message')], [1, ''])
  await page.reload()
  assert.equal(await app.messagesOf('Plain'), 1, 'a reload was not to post it again')
}, NO_SCRIPTS)
