// A page of 20 documents, three of them with changes in flight, as an object: what a server component reads.
import process from 'node:process'
import { v7 } from 'uuid'
import { assertSame, begin, FIRST_VIEWS_MOST, FirstViews, openWithPage, viewOf } from '../support/overlays.mjs'
import { operationsOf, PAGE, spreadOver } from '../support/page.mjs'
import { compare, ratiosToFirst } from '../support/rounds.mjs'
import { OURS, ourVersion } from '../support/versions.mjs'

/** @param {{ quick: boolean }} options */
export default async function overlayObject({ quick }) {
  const cache = openWithPage()
  const token = v7()
  begin(cache, token, 1)
  const view = viewOf(cache, token)
  assertSame(cache.get('page', view), 1)
  const operations = operationsOf(1)
  const reading = (/** @type {() => any} */ make) => (/** @type {number} */ times) => {
    let changed = 0
    for (let i = 0; i < times; i++) if (make().docs[1].status === 'state-1') changed++
    if (changed !== times) throw new Error('the change is not shown')
  }
  /** @type {import('../../lib/cache/view.js').View[]} */
  let views = []
  const prepare = (/** @type {number} */ times) => {
    for (const used of views) used.close()
    views = Array.from({ length: times }, () => viewOf(cache, token))
  }
  let next = 0
  const first = reading(() => cache.get('page', views[next++]))
  const firstViews = new FirstViews()
  const readFirst = reading(() => firstViews.cache.get('page', firstViews.take()))
  const subjects = await compare([
    { name: OURS, version: ourVersion, prepare, most: 500, run: (times) => (next = 0, first(times)) },
    { name: 'read again through the same view', version: ourVersion, run: reading(() => cache.get('page', view)) },
    { name: 'spread', version: process.version, run: reading(() => spreadOver(PAGE, operations)) },
    {
      name: 'first view of all',
      version: ourVersion,
      prepare: (times) => firstViews.prepare(times),
      most: FIRST_VIEWS_MOST,
      run: readFirst,
    },
  ], { quick, unit: 'µs' })
  cache.close()
  firstViews.cache.close()
  return { unit: 'µs an object', better: 'lower', subjects, ratio: ratiosToFirst(subjects) }
}
