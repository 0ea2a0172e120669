/** The hooks and the boundary in a DOM, as StrictMode, Suspense and concurrent rendering run them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { notifyManager, useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { act, createElement as h, startTransition, Suspense, useLayoutEffect, useState } from 'react'
import { v7 as createToken } from 'uuid'
import { show, window } from './support/dom.js'
import { OptimisticBoundary, useIsOptimistic } from '../../lib/react/index.js'
import { mutate, openBrowser, when } from './support/browser.js'

const isWrite = ({ method }) => method !== 'GET'
const shipped = { id: 7, data: { status: 'shipped' } }

/** Nothing is under way, and React was told. */
async function settled(client) {
  await when(client, () => client.isMutating() + client.isFetching() === 0)
  await new Promise((done) => notifyManager.schedule(done))
}

/** Notes what each commit shows, when it is not what the one before did. */
function recorder() {
  const seen = []
  return { seen, note: (value) => value !== seen.at(-1) && seen.push(value) }
}

for (const end of [undefined, 'rollback']) {
  test(`a suspended query under StrictMode shows a change at once, and ${end ? 'takes it back' : 'keeps it'}`, async (t) => {
    const { server, client, engine, orders } = await openBrowser(t)
    const { seen, note } = recorder()
    server.holds = () => true
    function Order() {
      const { data } = useSuspenseQuery(orders.findByID(7))
      const state = `${data.status} ${useIsOptimistic('orders', 7)}`
      useLayoutEffect(() => void note(state))
      return state
    }
    const fallback = h('i', null, 'loading')
    const container = await show(t, client, h(OptimisticBoundary, null, h(Suspense, { fallback }, h(Order))))
    assert.equal(container.textContent, 'loading')
    await act(async () => {
      ;(await server.held('GET')).release()
      await settled(client)
    })
    let saved
    await act(async () => void (saved = mutate(client, orders.update(), shipped)))
    assert.equal(container.textContent, 'shipped pending')
    server.holds = isWrite
    await act(async () => {
      ;(await server.held('PATCH')).release(end)
      await (end ? assert.rejects(saved) : saved)
      await settled(client)
    })
    assert.deepEqual(seen, ['pending false', 'shipped pending', `${end ? 'pending' : 'shipped'} false`])
    assert.deepEqual(engine.layers, [])
  })
}

test('useInfiniteQuery shows a change on every page, also on one that is loaded after it', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  let fetchNextPage
  const { seen, note } = recorder()
  function Orders() {
    const { data, ...query } = useInfiniteQuery(orders.infinite({ limit: 2 }))
    fetchNextPage = query.fetchNextPage
    const text = data?.pages.map(({ docs }) => docs.map(({ note }) => note).join()).join('|') ?? 'loading'
    useLayoutEffect(() => void note(text))
    return text
  }
  await show(t, client, h(Orders))
  await act(() => settled(client))
  server.holds = isWrite
  let refused
  await act(async () => void (refused = mutate(client, orders.update(), { ids: [7, 9], data: { note: 'x' } })))
  await act(() => fetchNextPage())
  await act(async () => {
    ;(await server.held('PATCH')).release('rollback')
    await assert.rejects(refused)
    await settled(client)
  })
  assert.deepEqual(seen, ['loading', ',gift', 'x,gift', 'x,gift|x', ',gift|'])
})

test('a change in the middle of a concurrent render is in all of a commit or in none of it', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  await client.prefetchQuery(orders.findByID(7))
  server.holds = isWrite
  globalThis.IS_REACT_ACT_ENVIRONMENT = false
  t.after(() => (globalThis.IS_REACT_ACT_ENVIRONMENT = true))
  const count = 40
  let rendered = 0
  let renderedAtChange
  let showMore
  let saved
  const commits = []
  function Order({ isNew }) {
    const { data } = useQuery(orders.findByID(7))
    if (isNew) {
      // React lets others run every 5 ms: each takes its time, and one of them has a user act.
      for (const end = performance.now() + 1; performance.now() < end; );
      if (++rendered === count / 2) {
        setImmediate(() => {
          renderedAtChange ??= rendered
          saved ??= mutate(client, orders.update(), shipped)
        })
      }
    }
    return h('p', null, data.status)
  }
  function Orders() {
    const [isMore, setMore] = useState(false)
    showMore = () => startTransition(() => setMore(true))
    const all = Array.from({ length: isMore ? count : 1 }, (_, key) => h(Order, { key, isNew: key > 0 }))
    return h('div', { ref: (element) => void (element && (container = element)) }, all)
  }
  let container
  await show(t, client, h(Orders))
  const note = () => commits.push(Array.from(container.children, ({ textContent }) => textContent))
  const observer = new container.ownerDocument.defaultView.MutationObserver(note)
  observer.observe(container, { subtree: true, childList: true, characterData: true })
  t.after(() => observer.disconnect())
  showMore()
  const isDone = () => commits.length > 0 && commits.at(-1).length === count && commits.at(-1)[0] === 'shipped'
  while (!isDone()) await new Promise((done) => setImmediate(done))
  assert.ok(renderedAtChange < count - 1, `it was made in mid-render, after ${renderedAtChange}`)
  for (const shown of commits) assert.equal(new Set(shown).size, 1, shown.join())
  assert.deepEqual([...new Set(commits.flat())], ['shipped'], 'the first commit after it has it')
  ;(await server.held('PATCH')).release()
  await saved
  await settled(client)
})

/** A page that was rendered with these tokens, and how often it was rendered anew since. */
function pageOf(server, tokens, unknown = []) {
  const { api, generation, version } = server
  const operations = [{ type: 'update', collection: 'orders', ...shipped }]
  return { api, generation, version, unknown, pending: tokens.map((token) => ({ token, operations })) }
}

test('a page is rendered anew when a change settles that it had shown, and for no other', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = isWrite
  const saved = []
  const change = (id) => act(async () => void saved.push(mutate(client, orders.update(), { id, data: { note: 'x' } })))
  await change(7)
  const shown = await server.held('PATCH')
  const refreshed = []
  const refresh = () => refreshed.push(saved.length)
  await show(t, client, h(OptimisticBoundary, { state: pageOf(server, [shown.token]), refresh }))
  await change(8)
  await act(async () => {
    ;(await server.held('PATCH', 'orders/8')).release()
    await saved[1]
    await new Promise((done) => notifyManager.schedule(done))
  })
  assert.deepEqual(refreshed, [])
  await act(async () => {
    shown.release()
    await saved[0]
    await settled(client)
  })
  assert.deepEqual(refreshed, [2])
})

for (const state of ['committed', 'rolledBack', 'expired']) {
  test(`a page that showed a change of an earlier page is rendered anew once when that is ${state}`, async (t) => {
    const { server, client, engine } = await openBrowser(t)
    const token = createToken()
    server.begin(token)
    let refreshed = 0
    const heard = []
    const props = { state: pageOf(server, [token]), refresh: () => refreshed++, onSettled: (one) => heard.push(one) }
    await show(t, client, h(OptimisticBoundary, props))
    const done = new Promise((resolve) => engine.onSettled(resolve))
    await act(async () => {
      server.settle(token, state, { version: 2 })
      await done
      await settled(client)
    })
    assert.equal(refreshed, 1)
    assert.deepEqual(heard.map(({ token, state, adopted }) => [token, state, adopted]), [[token, state, true]])
  })
}

test('a page whose change settled before it was hydrated is rendered anew at once', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  server.holds = isWrite
  const saved = mutate(client, orders.update(), shipped)
  const { token, release } = await server.held('PATCH')
  const state = pageOf(server, [token])
  release()
  await saved
  let refreshed = 0
  await show(t, client, h(OptimisticBoundary, { state, refresh: () => refreshed++ }))
  assert.ok(refreshed > 0)
})

test('going back, and being restored by the browser, renders anew what may be older than a change', async (t) => {
  const { server, client, orders } = await openBrowser(t)
  t.after(() => delete window.navigation)
  window.navigation = new window.EventTarget()
  const navigate = (navigationType) => {
    const event = Object.assign(new window.Event('navigate'), { navigationType })
    return act(async () => void window.navigation.dispatchEvent(event))
  }
  server.holds = isWrite
  let refreshed = 0
  const refresh = () => refreshed++
  const goBack = () => act(async () => void window.dispatchEvent(new window.PopStateEvent('popstate')))
  const isShown = (persisted) =>
    act(async () => void window.dispatchEvent(new window.PageTransitionEvent('pageshow', { persisted })))
  const page = await show(t, client, h(OptimisticBoundary, { state: pageOf(server, []), refresh }))
  await goBack()
  await isShown(false)
  await navigate('traverse')
  assert.equal(refreshed, 0, 'nothing was changed')
  let saved
  await act(async () => void (saved = mutate(client, orders.update(), shipped)))
  await navigate('push')
  assert.equal(refreshed, 0)
  await navigate('traverse')
  assert.equal(refreshed, 1, 'a change is in flight, and the router has not heard of the way back')
  await goBack()
  assert.equal(refreshed, 1)
  await page.rerender(h(OptimisticBoundary, { key: 'another page', state: pageOf(server, []), refresh }))
  await goBack()
  assert.equal(refreshed, 1, 'all that the router keeps is from after it began')
  await act(async () => {
    ;(await server.held('PATCH')).release()
    await saved
    await settled(client)
  })
  await goBack()
  assert.equal(refreshed, 2, 'it ended')
  await isShown(true)
  assert.equal(refreshed, 3, 'whatever happened since was not heard')
  await page.rerender(null)
  server.holds = () => false
  await act(() => mutate(client, orders.update(), shipped))
  await goBack()
  await navigate('traverse')
  assert.equal(refreshed, 3, 'the page is left')
})

test('without a network a page is rendered anew when there is one', async (t) => {
  const { server, client } = await openBrowser(t)
  let isOnline = false
  t.mock.getter(window.Navigator.prototype, 'onLine', () => isOnline)
  let refreshed = 0
  await show(t, client, h(OptimisticBoundary, { state: pageOf(server, []), refresh: () => refreshed++ }))
  window.dispatchEvent(new window.PageTransitionEvent('pageshow', { persisted: true }))
  assert.equal(refreshed, 0)
  isOnline = true
  window.dispatchEvent(new window.Event('online'))
  window.dispatchEvent(new window.Event('online'))
  assert.equal(refreshed, 1)
})
