/** Tabs of one browser take turns at a document, and none of them waits for a page that was left. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { inOrder } from '../../lib/query/order.js'
import { newLocks } from './support/locks.js'

/** A page that can be left and shown again, in a browser whose locks it shares with other tabs. */
function openPage(t) {
  const page = new EventTarget()
  globalThis.navigator = { locks: newLocks() }
  for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = page[name].bind(page)
  t.after(() => ['navigator', 'addEventListener', 'removeEventListener'].forEach((name) => delete globalThis[name]))
  return (/** @type {'pagehide' | 'pageshow'} */ type) => page.dispatchEvent(new Event(type))
}

/** Something that is run until it is told how it ends. */
function task() {
  const one = {}
  one.begun = new Promise((begin) => {
    one.run = () => new Promise((resolve, reject) => begin(Object.assign(one, { resolve, reject })))
  })
  return one
}

test('a page that is left while it changes documents lets others change them, and hears how its change ended', async (t) => {
  const happens = openPage(t)
  const [well, ill, other, last] = [task(), task(), task(), task()]
  const changed = inOrder(['orders:8', 'orders:7'], well.run)
  await well.begun
  const refused = assert.rejects(inOrder(['orders:9'], ill.run), /refused/)
  await ill.begun
  happens('pagehide')
  const others = [inOrder(['orders:7', 'orders:9'], other.run), inOrder(['orders:8'], last.run)]
  await Promise.all([other.begun, last.begun])
  happens('pageshow')
  well.resolve('changed')
  ill.reject(new Error('refused'))
  assert.equal(await changed, 'changed')
  await refused
  for (const each of [other, last]) each.resolve('after it')
  assert.deepEqual(await Promise.all(others), ['after it', 'after it'])
})

test('what waits for its turn when the page is left waits again from when it is shown', async (t) => {
  const happens = openPage(t)
  const [own, others] = [task(), task()]
  let begun = 0
  const { locks } = globalThis.navigator
  const tab = locks.request('payload-optimistic orders:7', new AbortController(), others.run)
  await others.begun
  const changed = inOrder(['orders:7'], () => {
    begun++
    return own.run()
  })
  happens('pagehide')
  others.resolve()
  await tab
  // The page that was left is not in the queue any more.
  for (let turn = 0; turn < 2; turn++) {
    assert.equal(await locks.request('payload-optimistic orders:7', new AbortController(), async () => begun), 0)
  }
  happens('pageshow')
  await own.begun
  own.resolve('changed')
  assert.equal(await changed, 'changed')
  assert.equal(begun, 1)
})
