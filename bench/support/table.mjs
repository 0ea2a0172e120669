const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })

/** A job's result for people. @param {any} result */
export function tableOf({ job, unit, better, subjects, ratio, notes = [] }) {
  const width = Math.max(...subjects.map((/** @type {any} */ { name, version }) => name.length + version.length + 1))
  const lines = [`${job} (${unit}, ${better} is better)`]
  for (const { name, version, median, min, max } of subjects) {
    const range = `${numbers.format(min)} … ${numbers.format(max)}`
    lines.push(`  ${`${name} ${version}`.padEnd(width)}  ${numbers.format(median).padStart(12)}   ${range}`)
  }
  for (const [peer, times] of Object.entries(ratio)) {
    lines.push(`  ${numbers.format(/** @type {number} */ (times))} times as good as ${peer}`)
  }
  return [...lines, ...notes.map((/** @type {string} */ note) => `  ${note}`), ''].join('\n')
}
