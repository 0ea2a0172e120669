// A page of 20 documents, three of them with changes in flight, as bytes: what an author's reload reads.
import process from 'node:process'
import { v7 } from 'uuid'
import { assertSame, begin, FIRST_VIEWS_MOST, FirstViews, openWithPage, viewOf } from '../support/overlays.mjs'
import { operationsOf, PAGE, spreadOver } from '../support/page.mjs'
import { compare, ratiosToFirst } from '../support/rounds.mjs'
import { OURS, ourVersion } from '../support/versions.mjs'

/** @param {{ quick: boolean }} options */
export default async function overlayBytes({ quick }) {
  const cache = openWithPage()
  const token = v7()
  begin(cache, token, 1)
  const view = viewOf(cache, token)
  const read = () => /** @type {Buffer} */ (cache.getBytes('page', view))
  assertSame(JSON.parse(read().toString()), 1)
  const { length } = read()
  const operations = operationsOf(1)
  const text = () => JSON.stringify(spreadOver(PAGE, operations))
  const reading = (/** @type {() => string | Buffer} */ make) => (/** @type {number} */ times) => {
    let bytes = 0
    for (let i = 0; i < times; i++) bytes += make().length
    if (bytes !== length * times) throw new Error('not the bytes that were expected')
  }
  const firstViews = new FirstViews()
  const readFirst = reading(() => /** @type {Buffer} */ (firstViews.cache.getBytes('page', firstViews.take())))
  const prepare = (/** @type {number} */ times) => firstViews.prepare(times)
  const node = process.version
  const subjects = await compare([
    { name: OURS, version: ourVersion, run: reading(read) },
    { name: 'spread + JSON.stringify', version: node, run: reading(text) },
    { name: 'spread + JSON.stringify + Buffer.from', version: node, run: reading(() => Buffer.from(text())) },
    { name: 'first view of all', version: ourVersion, prepare, most: FIRST_VIEWS_MOST, run: readFirst },
  ], { quick, unit: 'µs' })
  cache.close()
  firstViews.cache.close()
  return { unit: `µs for ${length} bytes`, better: 'lower', subjects, ratio: ratiosToFirst(subjects) }
}
