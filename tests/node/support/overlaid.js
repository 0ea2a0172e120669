import { openCache } from '../../../lib/index.js'
import { layOver } from '../../../lib/query/lay-over.js'
import { knownIn } from '../../../lib/query/overlay/documents.js'
import { describe } from './vectors.js'

const TOKEN = '01000000-0000-7000-8000-000000000000'
const PRINCIPAL = 'users:1'

/** @typedef {{ shapes: any, query: any, value: any, others?: any[], operations: any[] }} Case as in tests/vectors */

/**
 * The case's answer as the browser shows it while its operations are pending.
 * @param {Case} vector
 */
export function overlaidByBrowser({ shapes, query, value, others = [], operations }) {
  const all = [...others, { query, value }]
  const answers = all.map(({ query, value }) => ({ answer: value, description: describe(query) }))
  return layOver(value, describe(query), operations, shapes, undefined, knownIn(answers, shapes))
}

/**
 * The same as a page of the server shows it, as an object and as text.
 * @param {Case} vector
 */
export function overlaidByCore({ shapes, query, value, others = [], operations }) {
  const cache = openCache({ name: `overlaid-${process.pid}`, maxBytes: 4 << 20, shapes })
  // The newest comes first in the list, and is set last.
  for (const [index, { query, value }] of others.toReversed().entries()) cache.set(`other ${index}`, value, { query })
  cache.set('it', value, { query })
  cache.begin(TOKEN, { principal: PRINCIPAL, operations })
  const view = cache.view({ principal: PRINCIPAL, tokens: [TOKEN] })
  const shown = { value: cache.get('it', view), text: cache.getBytes('it', view).toString() }
  view.close()
  cache.close()
  return shown
}
