// Draws what was measured: bars with their figures, as an SVG on a light ground that needs nothing else.

/**
 * @typedef {{ label: string, version: string, value: number, least?: number, ours: boolean }} Bar
 * @typedef {{ title: string, unit: string, bars: Bar[] }} Panel `unit`: of the values; ns, µs and ms are written as
 *   what is read best
 */

const WIDTH = 780
const LABELS = 292
const VALUES = 96
const ROW = 36
const BAR = 18
const HEAD = 62
const PANEL_HEAD = 30
const AXIS = 30
const FOOT = 34
const GAP = 18
const SPAN = WIDTH - LABELS - VALUES

const INK = '#1e293b'
const FAINT = '#64748b'
const LINE = '#e2e8f0'
const OURS = '#2563eb'
const PEERS = '#94a3b8'

/** Where the largest is so many times the smallest, only a logarithmic scale shows both. */
const LINEAR_MOST = 50

const SECONDS = /** @type {Record<string, number>} */ ({ ns: 1e-9, 'µs': 1e-6, ms: 1e-3, s: 1 })
const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** @param {number} value @param {string} unit */
export function written(value, unit) {
  if (value === 0) return '0'
  if (!(unit in SECONDS)) return `${numbers.format(value)}${unit === '' ? '' : ` ${unit}`}`
  const seconds = value * SECONDS[unit]
  const [name, size] = Object.entries(SECONDS).findLast(([, each]) => seconds >= each * 0.9995) ?? ['ns', 1e-9]
  return `${numbers.format(seconds / size)} ${name}`
}

/** @param {number} x @param {number} y @param {string} text @param {Record<string, string | number>} [attributes] */
function label(x, y, text, attributes = {}) {
  const all = Object.entries({ x, y, 'font-size': 13, fill: INK, ...attributes })
  return `<text ${all.map(([name, value]) => `${name}="${value}"`).join(' ')}>${escaped(text)}</text>`
}

/** 1, 2 or 5 times a power of ten, of which at most five fit into `most`. @param {number} most */
function stepFor(most) {
  const power = 10 ** Math.floor(Math.log10(most / 5))
  return power * /** @type {number} */ ([1, 2, 5, 10].find((times) => times * power * 5 >= most))
}

/** @param {number[]} values @returns {{ ticks: number[], at: (value: number) => number, logarithmic: boolean }} */
function scaleOf(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  if (least > 0 && most / least > LINEAR_MOST) {
    const first = Math.floor(Math.log10(least / 2))
    const last = Math.ceil(Math.log10(most))
    const every = Math.ceil((last - first) / 7)
    const ticks = []
    for (let power = first; power <= last; power += every) ticks.push(10 ** power)
    return { ticks, at: (value) => (Math.max(0, Math.log10(value) - first) / (last - first)) * SPAN, logarithmic: true }
  }
  const step = stepFor(most || 1)
  const count = Math.ceil((most || 1) / step)
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step)
  return { ticks, at: (value) => (value / (count * step)) * SPAN, logarithmic: false }
}

/** @param {Panel} panel @param {ReturnType<typeof scaleOf>} scale @param {number} top */
function drawPanel({ title, unit, bars }, { ticks, at, logarithmic }, top) {
  const rows = top + PANEL_HEAD
  const bottom = rows + bars.length * ROW
  const parts = [label(24, top + 16, title, { fill: FAINT })]
  if (logarithmic) {
    parts.push(label(WIDTH - 24, top + 16, 'logarithmic scale', { fill: FAINT, 'font-size': 11, 'text-anchor': 'end' }))
  }
  for (const tick of ticks) {
    const x = LABELS + at(tick)
    parts.push(`<path d="M${x.toFixed(1)} ${rows}V${bottom}" stroke="${LINE}"/>`)
    parts.push(label(x, bottom + 16, written(tick, unit), { fill: FAINT, 'font-size': 11, 'text-anchor': 'middle' }))
  }
  bars.forEach((bar, index) => parts.push(...drawBar(bar, unit, at, rows + index * ROW)))
  return { parts, bottom: bottom + AXIS }
}

/** @param {Bar} bar @param {string} unit @param {(value: number) => number} at @param {number} top */
function drawBar({ label: name, version, value, least, ours }, unit, at, top) {
  const length = Math.max(2, at(value))
  const y = top + (ROW - BAR) / 2
  const right = LABELS - 12
  const end = { 'text-anchor': 'end' }
  const weight = ours ? 600 : 400
  const lines = version === ''
    ? [label(right, top + ROW / 2 + 4.5, name, { ...end, 'font-weight': weight })]
    : [
        label(right, top + 15, name, { ...end, 'font-weight': weight }),
        label(right, top + 29, version, { ...end, fill: FAINT, 'font-size': 11 }),
      ]
  const parts = [
    ...lines,
    `<rect x="${LABELS}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${ours ? OURS : PEERS}"/>`,
  ]
  if (least !== undefined) {
    const x = LABELS + at(least)
    parts.push(`<path d="M${x.toFixed(1)} ${y}v${BAR}" stroke="#fff" stroke-width="4"/>`)
    parts.push(`<path d="M${x.toFixed(1)} ${y - 2}v${BAR + 4}" stroke="${INK}" stroke-width="1.5"/>`)
  }
  const shown = label(LABELS + length + 8, y + BAR / 2 + 4.5, written(value, unit), { 'font-weight': weight })
  return [...parts, shown]
}

/**
 * @param {{ title: string, panels: Panel[], note: string }} picture
 * @returns {string}
 */
export function drawPicture({ title, panels, note }) {
  const parts = []
  let top = HEAD - 12
  for (const panel of panels) {
    // One scale for all that can be compared.
    const bars = panels.filter(({ unit }) => unit === panel.unit).flatMap((each) => each.bars)
    const drawn = drawPanel(panel, scaleOf(bars.flatMap(({ value, least }) => [value, least ?? value])), top)
    parts.push(...drawn.parts)
    top = drawn.bottom + GAP
  }
  const height = top + FOOT - GAP
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
      `font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" fill="#fff" stroke="${LINE}"/>`,
    label(24, 32, title, { 'font-size': 16, 'font-weight': 600 }),
    ...parts,
    label(24, height - 16, note, { fill: FAINT, 'font-size': 11 }),
    '</svg>',
    '',
  ].join('\n')
}
