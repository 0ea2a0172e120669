'use client'

import { createElement as h, useState } from 'react'
import { ageOf } from './format.js'

/** @typedef {{ at: number, value: number | undefined }} Point milliseconds of the epoch; no value: unknown then */

const WIDTH = 600
const HEIGHT = 120

/**
 * A line over the last minutes.
 * @param {object} props
 * @param {string} props.title
 * @param {Point[]} props.points in the order of their time
 * @param {number} props.span milliseconds from left to right
 * @param {number} props.most the value at the top; the bottom is 0
 * @param {(value: number | undefined) => string} props.format
 * @param {string} props.color of CSS
 */
export function Chart({ title, points, span, most, format, color }) {
  const [pointed, setPointed] = useState(/** @type {Point | undefined} */ (undefined))
  const last = points.at(-1)
  const end = last?.at ?? 0
  const xOf = (/** @type {number} */ at) => WIDTH - ((end - at) / span) * WIDTH
  const yOf = (/** @type {number} */ value) => HEIGHT - (Math.min(value, most) / most) * HEIGHT
  const known = points.filter(({ value }) => value !== undefined)
  const at = known.map(({ at, value }) => `${xOf(at).toFixed(1)},${yOf(/** @type {number} */ (value)).toFixed(1)}`)
  const shown = pointed ?? last
  const when = pointed === undefined || pointed === last ? 'now' : `${ageOf(end - pointed.at)} ago`
  const point = (/** @type {import('react').PointerEvent} */ event) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    setPointed(nearestTo(known, end - span * (1 - (event.clientX - left) / width)))
  }
  return h(
    'figure',
    { className: 'optimistic-inspector__chart', 'data-chart': title },
    h(
      'figcaption',
      null,
      h('span', null, title),
      h('span', null, h('strong', null, format(shown?.value)), ` ${when}`)
    ),
    h(
      'div',
      { className: 'optimistic-inspector__plot' },
      h('span', { className: 'optimistic-inspector__most' }, format(most)),
      h('span', { className: 'optimistic-inspector__least' }, '0'),
      h(
        'svg',
        {
          viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
          preserveAspectRatio: 'none',
          role: 'img',
          'aria-label': `${title}: ${format(last?.value)} now`,
          onPointerMove: point,
          onPointerLeave: () => setPointed(undefined),
          style: { color },
        },
        [0, HEIGHT / 2, HEIGHT].map((y) => h('line', { key: y, x1: 0, x2: WIDTH, y1: y, y2: y })),
        at.length > 0 && h('path', { className: 'optimistic-inspector__area', d: areaOf(at) }),
        at.length > 0 && h('path', { className: 'optimistic-inspector__line', d: lineOf(at) }),
        pointed && h('path', { className: 'optimistic-inspector__line', d: `M${xOf(pointed.at)},0V${HEIGHT}` })
      )
    ),
    h('div', { className: 'optimistic-inspector__span' }, h('span', null, `${ageOf(span)} ago`), h('span', null, 'now'))
  )
}

/** @param {string[]} at a line of no length, of one point, has round ends and shows */
const lineOf = (at) => (at.length === 1 ? `M${at[0]}h0` : `M${at.join('L')}`)

/** @param {string[]} at */
const areaOf = (at) => `M${at[0].split(',')[0]},${HEIGHT}L${at.join('L')}V${HEIGHT}Z`

/**
 * @param {Point[]} points
 * @param {number} at
 */
function nearestTo(points, at) {
  /** @type {Point | undefined} */
  let nearest
  for (const point of points) {
    if (nearest === undefined || Math.abs(point.at - at) < Math.abs(nearest.at - at)) nearest = point
  }
  return nearest
}
