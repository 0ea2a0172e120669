// A mutation of three documents from end to end, on pages of different lengths: begun, shown to its author, committed,
// and shown to everybody, as objects. Beside it what it takes to parse the page anew, as for an entry that was
// invalidated, though without loading it; and to spread it twice.
import process from 'node:process'
import { openCache } from '../../lib/index.js'
import { begin, Tokens, viewOf } from '../support/overlays.mjs'
import { operationsOf, PAGE, QUERY, SHAPES, spreadOver } from '../support/page.mjs'
import { compare, ratiosToFirst, rounded } from '../support/rounds.mjs'
import { OURS, ourVersion } from '../support/versions.mjs'

const LENGTHS = [20, 200, 2000]
const PARSE = 'JSON.parse'
const SPREAD = 'spread'

/** The usual page, with as many documents: those that change are among the first. @param {number} length */
function pageOf(length) {
  const docs = Array.from({ length }, (_, index) => ({ ...PAGE.docs[index % PAGE.docs.length], id: 500 - index }))
  return { ...PAGE, docs, limit: length }
}

/** @param {boolean} isShown */
function assertShown(isShown) {
  if (!isShown) throw new Error('the change is not shown')
}

/** @param {any} page @param {number} turn */
const shows = (page, turn) => page.docs[1].status === `state-${turn % 7}`

/** @param {number} length */
function subjectsOf(length) {
  const cache = openCache({ name: `bench-${length}`, maxBytes: 64 << 20, shapes: SHAPES })
  const page = pageOf(length)
  const tokens = new Tokens()
  const at = ` at ${length.toLocaleString('en')}`
  let turn = 0
  cache.set('page', page, { query: { ...QUERY, limit: length } })

  function mutate() {
    const token = tokens.take()
    begin(cache, token, ++turn)
    const view = viewOf(cache, token)
    assertShown(shows(cache.get('page', view), turn))
    view.close()
    cache.commit(token)
    assertShown(shows(cache.get('page'), turn))
  }

  function spread() {
    const operations = operationsOf(++turn)
    assertShown(shows(spreadOver(page, operations), turn))
    assertShown(shows(spreadOver(page, operations), turn))
  }

  const text = JSON.stringify(page)
  const parse = () => assertShown(JSON.parse(text).docs.length === length)
  const repeating = (/** @type {() => void} */ once) => (/** @type {number} */ times) => {
    for (let i = 0; i < times; i++) once()
  }
  const prepare = (/** @type {number} */ times) => tokens.prepare(times)
  const subjects = [
    { name: OURS + at, version: ourVersion, prepare, run: repeating(mutate) },
    { name: PARSE + at, version: process.version, run: repeating(parse) },
    { name: SPREAD + at, version: process.version, run: repeating(spread) },
  ]
  return { subjects, close: () => cache.close() }
}

/** @param {{ quick: boolean }} options */
export default async function pageLength({ quick }) {
  const pages = LENGTHS.map(subjectsOf)
  const figures = await compare(pages.flatMap(({ subjects }) => subjects), { quick, unit: 'µs' })
  for (const { close } of pages) close()
  const [ours, parse, spread] = [0, 1, 2].map((index) => rounded(figures.at(index - 3).median / figures[index].median))
  return {
    unit: 'µs a mutation with its two reads',
    better: 'lower',
    subjects: figures,
    ratio: ratiosToFirst(figures.slice(-3)),
    notes: [`a page 100 times as long takes ${ours} times as long; to parse it, ${parse}; to spread it, ${spread}`],
  }
}
