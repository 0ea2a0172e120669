const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const STEPS = /** @type {const} */ ([['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]])

/** @param {number} bytes */
export function sizeOf(bytes) {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1)
  const value = bytes / 1024 ** power
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`
}

/** @param {number} milliseconds */
export function ageOf(milliseconds) {
  const seconds = Math.max(Math.floor(milliseconds / 1000), 0)
  const [unit, length] = STEPS.find(([, step]) => seconds >= step) ?? STEPS[3]
  return `${Math.floor(seconds / length)} ${unit}`
}

/** @param {number | undefined} share of 1 */
export const percentOf = (share) => (share === undefined ? '–' : `${(share * 100).toFixed(share === 1 ? 0 : 1)} %`)

/** @param {number} count */
export const countOf = (count) => count.toLocaleString('en')
