'use client'

import { createElement as h, useContext, useEffect, useId, useReducer, useState } from 'react'
import { QueryClientContext } from '@tanstack/react-query'
import { engineOf } from '../query/engine.js'
import { isCovered } from '../query/entry.js'
import { documentsOf } from '../query/layer.js'
import { timeOf } from '../query/token.js'

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('../query/layer.js').Layer} Layer */
/** @typedef {import('../query/engine.js').SettledMutation} SettledMutation */

const PANEL = { font: '12px/1.5 ui-monospace, monospace', padding: 8, overflow: 'auto' }
const HEADING = { font: 'inherit', fontWeight: 'bold' }
/** How many settled mutations the timeline shows. */
const MOST_SETTLED = 100

/**
 * A panel that shows which changes lie over which query, and what became of each mutation since it was opened. It
 * stands anywhere below the QueryClientProvider, beside TanStack Query's own devtools; for TanStack Devtools it is a
 * plugin:
 *
 * ```jsx
 * <TanStackDevtools plugins={[{ name: 'Optimistic', render: <OptimisticDevtoolsPanel /> }]} />
 * ```
 * @param {{ client?: QueryClient }} props `client`: the nearest one unless given
 */
export function OptimisticDevtoolsPanel({ client: given }) {
  const nearest = useContext(QueryClientContext)
  const client = given ?? nearest
  const id = useId()
  const [, redraw] = useReducer((count) => count + 1, 0)
  const [settled, setSettled] = useState(/** @type {SettledMutation[]} */ ([]))

  useEffect(() => {
    if (!client) return
    const engine = engineOf(client)
    // A query tells while components render, which must not redraw others.
    const later = () => queueMicrotask(redraw)
    const ends = [
      engine.subscribe(later),
      engine.onSettled((one) => setSettled((all) => [one, ...all].slice(0, MOST_SETTLED))),
      client.getQueryCache().subscribe(({ type }) => /^(added|removed|updated)$/.test(type) && later()),
    ]
    return () => ends.forEach((end) => end())
  }, [client])

  if (!client) return h('p', null, 'There is no QueryClient above this panel.')
  const engine = engineOf(client)
  const { bases, layers } = engine
  const queries = (bases?.entries ?? [])
    .map((entry) => ({
      hash: entry.query.queryHash,
      over: layers.filter((layer) => !isCovered(entry, layer) && bases?.holds(entry, layer)),
    }))
    .filter(({ over }) => over.length > 0)
  /** @type {(name: string, text: string, items: import('react').ReactNode[]) => import('react').ReactNode} */
  const list = (name, text, items) => {
    const heading = h('h2', { id: id + name, style: HEADING }, text)
    return h('section', { 'aria-labelledby': id + name }, heading, h('ol', null, items))
  }
  return h(
    'div',
    { style: PANEL },
    list(
      'queries',
      `Queries with changes over them: ${queries.length}`,
      queries.map(({ hash, over }) => h('li', { key: hash }, h('code', null, hash), h('ol', null, over.map(ofLayer))))
    ),
    list('timeline', 'Mutations, the newest first', [
      ...engine.layers.filter(({ outcome }) => !outcome).map(ofLayer).reverse(),
      ...settled.map(ofSettled),
    ])
  )
}

/** @param {Layer} layer */
const ofLayer = ({ token, outcome, isUnknown, operations }) => {
  const version = outcome?.version ? ` at version ${outcome.version.version}` : ''
  const state = outcome?.state ?? (isUnknown ? 'unknown' : 'pending')
  return h('li', { key: token }, `${timeIn(token)} ${state}${version}: ${changesOf(operations)}`)
}

/** @param {SettledMutation} settled */
const ofSettled = ({ token, state, operations, error, adopted }) => {
  const text = `${timeIn(token)} ${state}${adopted ? ' (adopted)' : ''}: ${changesOf(operations)}`
  return h('li', { key: token }, error ? `${text}: ${error.message}` : text)
}

/** @type {(operations: import('../query/layer.js').Operation[]) => string} the documents, and which members change */
const changesOf = (operations) =>
  operations
    .map((operation) => {
      const [name] = documentsOf([operation])
      const members = 'data' in operation && operation.data ? ` { ${Object.keys(operation.data).join(', ')} }` : ''
      return `${operation.type} ${name ?? ''}${members}`
    })
    .join(', ')

/** @type {(token: string) => string} when it was made, by this browser's clock */
const timeIn = (token) => new Date(timeOf(token)).toISOString().slice(11, 23)
