'use client'

import { createElement as h } from 'react'
import { Pill } from '@payloadcms/ui'
import { timeOf } from '../../query/token.js'
import { ageOf, countOf, sizeOf } from './format.js'

/** @typedef {import('../../cache/types.js').EntryInfo & { moreTags?: number }} EntryInfo */
/** @typedef {import('../../cache/types.js').MutationInfo} MutationInfo */
/** @typedef {(tag: string) => void} OnTag */

const WIDE = 'optimistic-inspector__wide'
const NUMBER = 'optimistic-inspector__number'

/**
 * @param {object} props
 * @param {string} props.name
 * @param {[heading: string, className?: string][]} props.columns
 * @param {{ key: string, cells: import('react').ReactNode[] }[]} props.rows
 * @param {string} props.none said when there are none
 */
function Rows({ name, columns, rows, none }) {
  if (rows.length === 0) return h('p', { className: 'optimistic-inspector__none', 'data-none': name }, none)
  const heads = columns.map(([heading, className]) => h('th', { key: heading, className }, heading))
  const bodies = rows.map(({ key, cells }) =>
    h(
      'tr',
      { key, 'data-row': key },
      cells.map((cell, index) => h('td', { key: columns[index][0], className: columns[index][1] }, cell))
    )
  )
  const table = { cellPadding: 0, cellSpacing: 0, 'data-table': name }
  return h(
    'div',
    { className: 'table' },
    h('table', table, h('thead', null, h('tr', null, heads)), h('tbody', null, bodies))
  )
}

/**
 * @param {{ tags: { tag: string, text: string }[], more: number, onTag: OnTag }} props
 */
const Tags = ({ tags, more, onTag }) =>
  h(
    'div',
    { className: 'optimistic-inspector__tags' },
    tags.map(({ tag, text }, index) =>
      h(Pill, { key: index, size: 'small', pillStyle: 'light-gray', onClick: () => onTag(tag) }, text)
    ),
    more > 0 && h('span', { className: 'optimistic-inspector__none' }, `and ${more} more`)
  )

/** @typedef {import('react').ComponentProps<typeof Pill>['pillStyle']} PillStyle */
/** @type {Record<MutationInfo['state'], [name: string, pillStyle: PillStyle]>} */
const STATES = {
  announced: ['Announced', 'light-gray'],
  pending: ['In flight', 'warning'],
  committed: ['Committed', 'success'],
  rolledBack: ['Rolled back', 'error'],
  expired: ['Unknown', 'dark'],
}

/**
 * @param {{ mutations: MutationInfo[], now: number, onTag: OnTag }} props
 */
export function Mutations({ mutations, now, onTag }) {
  const rows = mutations.map(({ token, state, principal, documents, moreDocuments, reason, version }) => {
    const [name, pillStyle] = STATES[state]
    const tags = documents.map(({ tag, entries }) => ({ tag, text: `${tag} · ${entriesIn(entries)}` }))
    return {
      key: token,
      cells: [
        `${ageOf(now - timeOf(token))} ago`,
        h(Pill, { size: 'small', pillStyle }, name),
        principal.startsWith('internal:') ? 'Without a token' : principal,
        h(Tags, { tags, more: moreDocuments, onTag }),
        reason ?? (version > 0 ? `Version ${version}` : ''),
      ],
    }
  })
  const columns = /** @type {[string, string?][]} */ ([
    ['Made'], ['State'], ['User'], ['Documents, and entries that show them'], ['Outcome', WIDE],
  ])
  return h(Rows, { name: 'mutations', columns, rows, none: 'Nothing is in flight, and nothing was settled lately.' })
}

/** @param {number} count up to 100 */
const entriesIn = (count) => (count === 1 ? '1 entry' : `${count >= 100 ? 'over 99' : count} entries`)

/**
 * @param {{ entries: EntryInfo[], now: number, onTag: OnTag }} props
 */
export function Entries({ entries, now, onTag }) {
  const rows = entries.map(({ key, version, tags, moreTags = 0, bytes, setAt, hits }) => ({
    key,
    cells: [
      h('code', null, key),
      countOf(version),
      h(Tags, { tags: tags.map((tag) => ({ tag, text: tag })), more: moreTags, onTag }),
      sizeOf(bytes),
      ageOf(now - setAt),
      countOf(hits),
    ],
  }))
  const columns = /** @type {[string, string?][]} */ ([
    ['Key', WIDE], ['Version', NUMBER], ['Tags'], ['Size', NUMBER], ['Age', NUMBER], ['Hits', NUMBER],
  ])
  return h(Rows, { name: 'entries', columns, rows, none: 'There are no such entries.' })
}
