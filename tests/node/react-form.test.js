/** Forms: optimistic with JavaScript, a plain post without. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { notifyManager, QueryClient } from '@tanstack/react-query'
import { act, createElement as h } from 'react'
import { hydrateHTML, show, window, within } from './support/dom.js'
import { dataOfForm, failedForm } from '../../lib/react/form-data.js'
import { useOptimisticForm } from '../../lib/react/form.js'
import { mount, openBrowser, when } from './support/browser.js'

const isWrite = ({ method }) => method !== 'GET'
const writes = (server) => server.log.filter(isWrite)
/** TanStack Query tells what happened in a task of its own, in order: React has been told what did so far. */
const told = () => new Promise((done) => notifyManager.schedule(done))
/** Nothing is under way, and React was told. */
async function settled(client) {
  await when(client, () => client.isMutating() + client.isFetching() === 0)
  await told()
}

function Form({ options, order, name }) {
  const { form, field, fieldError, errors, message, isPending } = useOptimisticForm(options)
  return h('form', form,
    h('textarea', field(name, order?.[name])),
    errors[name] && h('i', fieldError(name), errors[name]),
    h('b', null, message),
    h('button', null, isPending ? 'Saving' : 'Save')
  )
}

/** What stands in the form, and what its user does. */
function handle(container) {
  const one = (selector) => container.querySelector(selector)
  const submit = () => one('form').dispatchEvent(new window.Event('submit', { bubbles: true, cancelable: true }))
  return {
    submit: () => act(() => (submit(), told())),
    submitTwice: () => act(() => (submit(), submit(), told())),
    type: (text) => (one('textarea').value = text),
    get typed() {
      return one('textarea').value
    },
    get error() {
      return one('i')?.textContent
    },
    get message() {
      return one('b').textContent
    },
    get button() {
      return one('button').textContent
    },
    one,
  }
}

async function openForm(t, options, props) {
  const { server, client, orders } = await openBrowser(t)
  const list = await mount(t, client, orders.find(), ({ docs }) => docs.map(({ note }) => note).join())
  const element = h(Form, { name: 'note', ...props, options: { collection: orders, operation: 'update', id: 7, ...options } })
  const container = await show(t, client, element)
  server.holds = isWrite
  const end = async (how) => {
    const request = await server.held(options.operation === 'create' ? 'POST' : 'PATCH')
    await act(async () => {
      request.release(how)
      await settled(client)
    })
    return request
  }
  return { server, client, list, end, form: handle(container) }
}

test('what a form says shows at once, and is sent as data', async (t) => {
  const saved = []
  const { list, end, form } = await openForm(t, { onSaved: ({ note }) => saved.push(note) })
  form.type('ring twice')
  await form.submit()
  assert.equal(list.value(), 'ring twice,gift,')
  assert.equal(form.button, 'Saving')
  assert.deepEqual((await end()).body, { note: 'ring twice' })
  assert.deepEqual(saved, ['ring twice'])
  assert.deepEqual([form.typed, form.button, form.message], ['ring twice', 'Save', ''])
  assert.deepEqual(list.values, [',gift,', 'ring twice,gift,'])
})

test('a form submitted twice at once, and again while it is sent, is sent once', async (t) => {
  const { server, client, end, form } = await openForm(t, {})
  form.type('once')
  await form.submitTwice()
  await server.held('PATCH')
  await form.submit()
  assert.equal(client.isMutating(), 1)
  await end()
  assert.equal(writes(server).length, 1)
  await form.submit()
  await end()
  assert.equal(writes(server).length, 2, 'after that it can be sent again')
})

test('a form that fails keeps what was typed, and says what is wrong with which field, until it is saved', async (t) => {
  const order = { status: 'pending' }
  const { list, end, form } = await openForm(t, {}, { name: 'status', order })
  assert.equal(form.typed, 'pending')
  form.type('odd')
  await form.submit()
  await end('invalid')
  assert.deepEqual(list.values, [',gift,'])
  assert.deepEqual([form.typed, form.error, form.button], ['odd', 'This field is required.', 'Save'])
  assert.match(form.message, /The field is invalid: Status/)
  const input = form.one('textarea')
  assert.equal(input.getAttribute('aria-invalid'), 'true')
  assert.equal(input.getAttribute('aria-describedby'), form.one('i').id)
  await form.submit()
  assert.deepEqual([form.typed, form.error, form.message], ['odd', undefined, ''])
  await end()
  assert.deepEqual([form.typed, form.error, form.message], ['odd', undefined, ''])
})

test('a form that creates is emptied when it is saved, unless something else was typed since', async (t) => {
  const { server, end, form } = await openForm(t, { operation: 'create', id: undefined })
  form.type('first')
  await form.submit()
  await end()
  assert.equal(form.typed, '')
  form.type('second')
  await form.submit()
  form.type('third')
  await end()
  assert.equal(form.typed, 'third')
  assert.deepEqual(server.tables.orders.slice(3).map(({ note }) => note), ['first', 'second'])
})

test('a form takes what its user makes of it, and a failure there is told like any other', async (t) => {
  const data = (form) => ({ total: Number(form.get('note')) })
  const { server, end, form } = await openForm(t, { data })
  form.type('12')
  await form.submit()
  assert.deepEqual((await end()).body, { total: 12 })
  assert.equal(server.find('orders', 7).total, 12)
})

/** A Server Action, as a page's bundle has it: its code is on the server. */
function serverAction(t) {
  // React's own for bundlers; it asks for what webpack would define.
  globalThis.__webpack_require__ = Object.assign(() => ({}), { u: () => '' })
  t.after(() => delete globalThis.__webpack_require__)
  const { createServerReference } = createRequire(import.meta.url)(
    'next/dist/compiled/react-server-dom-webpack/cjs/react-server-dom-webpack-client.node.production.js'
  )
  const calls = []
  return { calls, action: createServerReference('save-note', async (...call) => void calls.push(call)) }
}

/** The HTML of a page that a form was posted to, when React is told what its action answered. */
async function rendered(client, element, formState) {
  const { renderToPipeableStream } = await import('react-dom/server')
  return new Promise((resolve, reject) => {
    const stream = renderToPipeableStream(within(client, element), {
      formState,
      onAllReady: () => resolve(text(stream.pipe(new PassThrough()))),
      onError: reject,
    })
  })
}

const formIn = (html) => new window.DOMParser().parseFromString(html, 'text/html').querySelector('form')

test('without JavaScript it is a plain post to its action, with its fields', async (t) => {
  const { action } = serverAction(t)
  const options = { collection: 'orders', operation: 'update', id: 7, action }
  const html = await rendered(new QueryClient(), h(Form, { options, name: 'note', order: { note: 'old' } }))
  const form = formIn(html)
  assert.equal(form.getAttribute('method')?.toLowerCase(), 'post')
  assert.equal(form.getAttribute('enctype'), 'multipart/form-data')
  const names = Array.from(form.elements, ({ name }) => name).filter(Boolean)
  assert.equal(names.at(-1), 'note')
  assert.ok(names.length > 1 && names.slice(0, -1).every((name) => name.startsWith('$ACTION')), String(names))
  assert.equal(form.querySelector('textarea').value, 'old')
})

test('with JavaScript the same form calls no action, but is optimistic', async (t) => {
  const { action, calls } = serverAction(t)
  const { end, list, form } = await openForm(t, { action })
  form.type('x')
  await form.submit()
  assert.equal(list.value(), 'x,gift,')
  await end()
  assert.deepEqual(calls, [])
})

test("what the action answered a plain post shows as the form's errors, and what was typed stays", async (t) => {
  const { action } = serverAction(t)
  const { server, client, orders } = await openBrowser(t)
  const options = { collection: orders, operation: 'update', id: 7, action }
  const element = h(Form, { options, name: 'note', order: { note: 'old' } })
  const posted = new window.FormData(formIn(await rendered(client, element)))
  posted.set('note', 'typed')
  const refusal = { message: 'Invalid: Note', data: { errors: [{ message: 'Too long.', path: 'note', label: 'Note' }] } }
  const formState = [failedForm(refusal, posted), posted.get('$ACTION_KEY'), 'save-note', 0]
  const html = await rendered(client, element, formState)
  const form = handle(await hydrateHTML(t, html, client, element, { formState }))
  assert.deepEqual([form.typed, form.error, form.message], ['typed', 'Too long.', 'Invalid: Note'])
  server.holds = isWrite
  await form.submit()
  assert.deepEqual([form.typed, form.error, form.message], ['typed', undefined, ''], 'it is being sent anew')
  await act(async () => {
    ;(await server.held('PATCH')).release()
    await settled(client)
  })
  assert.deepEqual([form.typed, form.error, form.message], ['typed', undefined, ''])
})

test('what Payload does not mean for the public is not told', () => {
  const form = new window.FormData()
  assert.equal(failedForm(new Error('SQLITE_BUSY: /srv/app/board.db'), form).message, 'Something went wrong.')
  assert.equal(failedForm({ message: 'Not allowed.', isPublic: true }, form).message, 'Not allowed.')
})

test("a form's fields become groups, rows and lists, and nothing else", () => {
  const form = new window.FormData()
  for (const [name, value] of [
    ['note', 'x'],
    ['address.city', 'Ghent'],
    ['items.1.title', 'b'],
    ['items.0.title', 'a'],
    ['items.999999999.title', 'c'],
    ['tags', 'a'],
    ['tags', 'b'],
    ['$ACTION_ID', 'y'],
    ['__proto__.polluted', 'z'],
    ['constructor.prototype.polluted', 'z'],
    ['note.inner', 'y'],
  ]) {
    form.append(name, value)
  }
  form.append('photo', new window.Blob(['…']), 'photo.png')
  const data = dataOfForm(form)
  assert.equal({}.polluted, undefined)
  assert.deepEqual(Object.keys(data), ['note', 'address', 'items', 'tags', '__proto__', 'constructor'])
  assert.deepEqual([data.address, data.items, data.tags, data.note], [
    { city: 'Ghent' },
    [{ title: 'a' }, { title: 'b' }, { title: 'c' }],
    ['a', 'b'],
    { inner: 'y' },
  ])
})
