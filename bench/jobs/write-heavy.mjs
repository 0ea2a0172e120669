// A mutation of three documents on a page of 20 from end to end: begun, shown to its author, committed, and shown to
// everybody, who get the replayed entry. The peer spreads the parsed page for the author, then for all, and writes
// both.
import process from 'node:process'
import { assertSame, begin, openWithPage, Tokens, viewOf } from '../support/overlays.mjs'
import { operationsOf, PAGE, spreadOver } from '../support/page.mjs'
import { compare, ratiosToFirst } from '../support/rounds.mjs'
import { OURS, ourVersion } from '../support/versions.mjs'

const BYTES = 'spread + JSON.stringify'
const OBJECTS = 'spread'

/** @typedef {import('../../lib/cache/cache.js').Cache} Cache */
/** @typedef {import('../../lib/cache/view.js').View} View */

/** @param {{ quick: boolean }} options */
export default async function writeHeavy({ quick }) {
  const cache = openWithPage()
  const tokens = new Tokens()
  let turn = 0

  /** @param {(view?: View) => unknown} read */
  const mutating = (read) => (/** @type {number} */ times) => {
    for (let i = 0; i < times; i++) {
      const token = tokens.take()
      begin(cache, token, ++turn)
      const view = viewOf(cache, token)
      const mine = read(view)
      view.close()
      cache.commit(token)
      const everybodys = read()
      if (mine === undefined || everybodys === undefined) throw new Error('a read missed')
    }
  }

  /** @param {(page: any) => unknown} write */
  const spreading = (write) => {
    let page = PAGE
    return (/** @type {number} */ times) => {
      for (let i = 0; i < times; i++) {
        const operations = operationsOf(++turn)
        const mine = write(spreadOver(page, operations))
        page = spreadOver(page, operations)
        const everybodys = write(page)
        if (mine === undefined || everybodys === undefined) throw new Error('nothing was written')
      }
    }
  }

  const prepare = (/** @type {number} */ times) => tokens.prepare(times)
  tokens.prepare(1)
  mutating((view) => cache.get('page', view))(1)
  assertSame(cache.get('page'), turn)
  const toBytes = await compare([
    { name: `${OURS}, bytes`, version: ourVersion, prepare, run: mutating((view) => cache.getBytes('page', view)) },
    { name: BYTES, version: process.version, run: spreading((page) => Buffer.from(JSON.stringify(page))) },
  ], { quick, unit: 'µs' })
  const toObjects = await compare([
    { name: `${OURS}, objects`, version: ourVersion, prepare, run: mutating((view) => cache.get('page', view)) },
    { name: OBJECTS, version: process.version, run: spreading((page) => page) },
  ], { quick, unit: 'µs' })
  cache.close()
  return {
    unit: 'µs a mutation with its two reads',
    better: 'lower',
    subjects: [...toBytes, ...toObjects],
    ratio: { ...ratiosToFirst(toBytes), ...ratiosToFirst(toObjects) },
  }
}
