'use client'

import { createElement as h, Fragment, useDeferredValue, useEffect, useState } from 'react'
import { Banner, Button, Gutter, Pill, SetStepNav, toast } from '@payloadcms/ui'
import { Chart } from './chart.js'
import { countOf, percentOf, sizeOf } from './format.js'
import { problemOf, usePolled } from './polling.js'
import { STYLES } from './styles.js'
import { Entries, Mutations } from './tables.js'

/** @typedef {Record<string, number> & { generation: string }} Stats */
/** @typedef {{ docs: import('../../cache/types.js').EntryInfo[], nextCursor: string | null }} EntryPage */
/** @typedef {{ at: number, hits: number, misses: number, rate: number | undefined, used: number }} Sample */

const NOTE = 'optimistic-inspector__none'
const PACE = 2_000
const PAGE = 25
/** Shown of an entry, which may carry thousands. */
const TAGS = 4
/** Milliseconds that the charts show: from the least on, as many as there are samples of. */
const SPAN_LEAST = 30_000
const SPAN = 300_000

/**
 * @param {object} props
 * @param {string} props.api where the plugin's endpoints are
 * @param {boolean} props.mayInvalidate
 */
export function InspectorView({ api, mayInvalidate }) {
  const stats = usePolled(`${api}/stats`, PACE)
  const [tag, setTag] = useState('')
  const { problem } = stats
  const body = /** @type {Stats | undefined} */ (stats.body)
  const state = h(Pill, { size: 'small', pillStyle: problem ? 'error' : 'success' }, problem ? 'Not live' : 'Live')
  const children = h(
    Fragment,
    null,
    h('div', { className: 'optimistic-inspector__head' }, h('h1', null, 'Optimistic cache'), body && state),
    problem && h(Banner, { type: 'error' }, problem),
    body && h(Figures, { stats: body }),
    h(Charts, { stats: body, askedAt: stats.askedAt }),
    h(Activity, { api, onTag: setTag }),
    h(EntryList, { api, tag, onTag: setTag, mayInvalidate, onInvalidated: stats.again })
  )
  return h(
    'div',
    null,
    h('style', { href: 'optimistic-inspector', precedence: 'default' }, STYLES),
    h(SetStepNav, { nav: [{ label: 'Optimistic cache' }] }),
    h(Gutter, { className: 'optimistic-inspector', children })
  )
}

/** @param {{ stats: Stats }} props */
function Figures({ stats }) {
  const { hits, misses, entries, usedBytes, arenaBytes, mutationsPending, commits, rollbacks, version } = stats
  const reads = hits + misses
  const figures = /** @type {[string, string, string?][]} */ ([
    ['Hit rate', percentOf(reads === 0 ? undefined : hits / reads), `of ${countOf(reads)} reads`],
    ['Entries', countOf(entries)],
    ['Memory', sizeOf(usedBytes), `of ${sizeOf(arenaBytes)}`],
    ['In flight', countOf(mutationsPending)],
    ['Committed', countOf(commits), `${countOf(rollbacks)} rolled back`],
    ['Version', countOf(version)],
  ])
  return h(
    'dl',
    { className: 'optimistic-inspector__figures' },
    figures.map(([name, value, note]) =>
      h(
        'div',
        { key: name, 'data-figure': name },
        h('dt', null, name),
        h('dd', null, value, note && h('small', null, ` ${note}`))
      )
    )
  )
}

/** @param {{ stats: Stats | undefined, askedAt: number }} props */
function Charts({ stats, askedAt }) {
  const samples = useSamples(stats, askedAt)
  const most = ceilingOf(Math.max(...samples.map(({ used }) => used), 1))
  const span = Math.min(Math.max((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0), SPAN_LEAST), SPAN)
  return h(
    'div',
    { className: 'optimistic-inspector__charts' },
    h(Chart, {
      title: 'Hit rate',
      points: samples.map(({ at, rate }) => ({ at, value: rate })),
      span,
      most: 1,
      format: percentOf,
      color: 'var(--theme-success-500)',
    }),
    h(Chart, {
      title: 'Memory',
      points: samples.map(({ at, used }) => ({ at, value: used })),
      span,
      most,
      format: (value) => (value === undefined ? '–' : sizeOf(value)),
      color: 'var(--color-blue-500)',
    })
  )
}

/** @param {number} bytes @returns {number} a round number above */
const ceilingOf = (bytes) => 2 ** Math.ceil(Math.log2(bytes * 1.1))

/**
 * What was told since the view was opened, as far as the charts reach back.
 * @param {Stats | undefined} stats
 * @param {number} askedAt
 */
function useSamples(stats, askedAt) {
  const [samples, setSamples] = useState(/** @type {Sample[]} */ ([]))
  useEffect(() => {
    if (stats === undefined) return
    setSamples((before) => [
      ...before.filter(({ at }) => at > askedAt - SPAN && at < askedAt),
      sampleOf(stats, askedAt, before.at(-1)),
    ])
  }, [stats, askedAt])
  return samples
}

/**
 * The rate is that of the reads since the sample before; while nothing is read, it stays.
 * @param {Stats} stats
 * @param {number} at
 * @param {Sample | undefined} before
 * @returns {Sample}
 */
function sampleOf({ hits, misses, usedBytes }, at, before) {
  const isLater = before !== undefined && hits >= before.hits && misses >= before.misses
  const [newHits, newMisses] = isLater ? [hits - before.hits, misses - before.misses] : [hits, misses]
  const reads = newHits + newMisses
  return { at, hits, misses, used: usedBytes, rate: reads === 0 ? before?.rate : newHits / reads }
}

/** @param {{ api: string, onTag: (tag: string) => void }} props */
function Activity({ api, onTag }) {
  const { body, askedAt } = usePolled(`${api}/activity?limit=10`, PACE)
  const mutations = /** @type {{ docs: import('../../cache/types.js').MutationInfo[] } | undefined} */ (body)?.docs
  return h(
    'section',
    { 'aria-label': 'Mutations' },
    h('h2', null, 'Mutations'),
    mutations && h(Mutations, { mutations, now: askedAt, onTag })
  )
}

const ORDERS = { '': 'None', largest: 'Largest', oldest: 'Oldest', mostRead: 'Most read' }

/**
 * @param {object} props
 * @param {string} props.api
 * @param {string} props.tag
 * @param {(tag: string) => void} props.onTag
 * @param {boolean} props.mayInvalidate
 * @param {() => void} props.onInvalidated
 */
function EntryList({ api, tag, onTag, mayInvalidate, onInvalidated }) {
  const [contains, setContains] = useState('')
  const [order, setOrder] = useState('')
  const query = new URLSearchParams({ tag, contains, order, limit: String(PAGE), tags: String(TAGS) })
  const asked = useDeferredValue(query.toString())
  const [{ of, cursors }, setPages] = useState({ of: asked, cursors: /** @type {string[]} */ ([]) })
  const behind = of === asked ? cursors : []
  const { body, askedAt, problem, again } = usePolled(`${api}/entries?${asked}&cursor=${behind.at(-1) ?? ''}`, PACE)
  const page = /** @type {EntryPage | undefined} */ (body)
  const go = (/** @type {string[]} */ to) => setPages({ of: asked, cursors: to })
  const drop = async () => {
    if (await invalidate(api, tag)) {
      again()
      onInvalidated()
    }
  }
  const field = (/** @type {string} */ label, /** @type {import('react').ReactNode} */ input) =>
    h('label', null, label, input)
  const textOf = (/** @type {(text: string) => void} */ set) => (/** @type {any} */ event) => set(event.target.value)
  return h(
    'section',
    { 'aria-label': 'Entries' },
    h('h2', null, 'Entries'),
    h(
      'div',
      { className: 'optimistic-inspector__filters' },
      field('Key has', h('input', { type: 'search', value: contains, onChange: textOf(setContains) })),
      field('Tag', h('input', { type: 'search', value: tag, placeholder: 'As orders:7', onChange: textOf(onTag) })),
      field('Order', h('select', { value: order, onChange: textOf(setOrder) }, Object.entries(ORDERS).map(optionOf))),
      mayInvalidate &&
        h(Button, { buttonStyle: 'secondary', disabled: tag === '', onClick: drop, margin: false }, 'Invalidate tag')
    ),
    problem && h(Banner, { type: 'error' }, problem),
    page && h(Entries, { entries: page.docs, now: askedAt, onTag }),
    page && h(Pages, { page: behind.length + 1, count: page.docs.length, next: page.nextCursor, behind, go })
  )
}

/** @param {[string, string]} option */
const optionOf = ([value, name]) => h('option', { key: value, value }, name)

/**
 * @param {object} props
 * @param {number} props.page
 * @param {number} props.count of the entries on it
 * @param {string | null} props.next cursor
 * @param {string[]} props.behind cursors of the pages up to this one
 * @param {(cursors: string[]) => void} props.go
 */
function Pages({ page, count, next, behind, go }) {
  const button = (/** @type {string} */ name, /** @type {boolean} */ disabled, /** @type {() => void} */ onClick) =>
    h(Button, { buttonStyle: 'secondary', size: 'small', margin: false, disabled, onClick }, name)
  return h(
    'div',
    { className: 'optimistic-inspector__pages' },
    h('span', { className: NOTE }, `Page ${page}, ${count} ${count === 1 ? 'entry' : 'entries'}`),
    h(
      'div',
      null,
      button('Previous', behind.length === 0, () => go(behind.slice(0, -1))),
      button('Next', next === null, () => go([...behind, String(next)]))
    )
  )
}

/**
 * @param {string} api
 * @param {string} tag
 * @returns {Promise<boolean>} did it?
 */
async function invalidate(api, tag) {
  try {
    const headers = { 'Content-Type': 'application/json' }
    const body = JSON.stringify({ tags: [tag] })
    const response = await fetch(`${api}/invalidate`, { method: 'POST', credentials: 'include', headers, body })
    const answer = await response.json()
    if (response.ok) toast.success(`All entries that carry ${tag} are loaded anew when they are next asked for.`)
    else toast.error(problemOf(response.status, answer))
    return response.ok
  } catch (error) {
    toast.error(`The server cannot be reached: ${/** @type {Error} */ (error).message}`)
    return false
  }
}
