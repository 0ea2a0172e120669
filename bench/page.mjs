// Writes bench/README.md and its pictures from the results that `npm run bench -- --save` kept. Whether an aim is met
// is worked out here, from the figures.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CLAIMS, shownName } from './support/claims.mjs'
import { drawPicture } from './support/picture.mjs'
import { OURS } from './support/versions.mjs'

const FOLDER = import.meta.dirname
const RESULTS = path.join(FOLDER, 'results')
const ORDER = Object.keys(CLAIMS)

const INTRODUCTION = `# Benchmarks

One file a job, in [jobs](jobs); peers side by side. Subjects take turns in many short rounds of one run, so that
whatever else the machine does meets all of them; compare figures within one run only. Short jobs run three times, and
the run in the middle counts. Bars are medians of rounds, the mark in each is the fastest round. The page and its
pictures are made from [results](results), and whether an aim is met is worked out from them.

\`\`\`sh
npm run bench                            # all jobs, as tables
npm run bench -- --only object-hit       # one
npm run bench -- --quick                 # a few seconds a job
npm run bench -- --json                  # a line of JSON a job
npm run bench -- --save                  # keeps the results, and makes this page of them
\`\`\`

Redis comes from Debian's package, which is installed when it is missing; all else are devDependencies.
`

/** @param {string} job */
const read = (job) => JSON.parse(readFileSync(path.join(RESULTS, `${job}.json`), 'utf8'))

/** @param {string} job */
const claimOf = (job) => CLAIMS[job] ?? { title: job, about: '' }

/** @param {Record<string, any>} result @param {{ name: string, version: string }} subject */
const isOurs = ({ subjects }, { name, version }) =>
  name.startsWith(OURS) || version === subjects.find((/** @type {any} */ each) => each.name.startsWith(OURS))?.version

/** @param {Record<string, any>} result */
function pictureOf(result) {
  const { title, parts } = claimOf(result.job)
  const [unit] = /^(ns|µs|ms)\b/.exec(result.unit) ?? ['']
  const panels = (parts?.(result) ?? [{ name: '', subjects: result.subjects }]).map((part) => ({
    title: titleOf(part, result),
    unit: part.unit ?? unit,
    bars: part.subjects.map(({ name, version, median, min }) => ({
      label: shownName(name),
      version: isOurs(result, { name, version }) ? '' : version,
      value: median,
      least: min === median ? undefined : min,
      ours: isOurs(result, { name, version }),
    })),
  }))
  return drawPicture({ title, panels, note: conditionsOf(result) })
}

/** @param {import('./support/claims.mjs').Part} part @param {Record<string, any>} result */
function titleOf({ name, unit }, result) {
  // The axis has the unit of a time already.
  const what = result.unit.replace(/^(?:ns|µs|ms),? /, '').replace(/^an? /, 'time of $&').replace(/^for /, 'time $&')
  const better = `${result.better} is better`
  if (name === '') return `${what}, ${better}`
  return unit === undefined ? `${name} (${better})` : `${name} (${unit}, lower is better)`
}

/** @param {Record<string, any>} result */
function conditionsOf({ machine, date, subjects }) {
  const version = subjects.find((/** @type {any} */ { name }) => name.startsWith(OURS))?.version
  const of = `payload-optimistic-cache ${version}, Node.js ${machine.node}, ${machine.cpu}, ${machine.cores} cores`
  return subjects.some((/** @type {any} */ { median, min }) => min !== median)
    ? `${of}, ${date}. The mark is the fastest round.`
    : `${of}, ${date}.`
}

/** @param {Record<string, any>} result */
function sectionOf(result) {
  const { title, about, aims = [], short } = claimOf(result.job)
  const lines = [`## ${title}`, '', wrapped(about), '', `![${title}](results/${result.job}.svg)`, '']
  for (const aim of aims) {
    lines.push(`- ${aim.met(result) ? 'Met' : '**Not met**'}: ${aim.figure(result)} (aim: ${aim.aim}).`)
  }
  const others = Object.entries(result.ratio).filter(([peer]) => isPeer(result, peer, aims))
  for (const [peer, times] of others) lines.push(`- ${Number(times).toLocaleString('en')} times as good as ${peer}.`)
  for (const note of result.notes ?? []) lines.push(`- ${note}.`)
  if (short !== undefined && aims.some((aim) => !aim.met(result))) lines.push('', wrapped(short))
  lines.push('', `\`npm run bench -- --only ${result.job}\`${loadOf(result)}`, '')
  return lines.join('\n')
}

/** @param {string} text */
const wrapped = (text) => text.replace(/(.{1,118})(?: |$)/g, '$1\n').trimEnd()

/**
 * Whether it is somebody else's, and nothing was said of it yet.
 * @param {Record<string, any>} result
 * @param {string} peer
 * @param {import('./support/claims.mjs').Aim[]} aims
 */
const isPeer = (result, peer, aims) =>
  !aims.some(({ aim }) => aim.endsWith(`beside ${peer}`)) &&
  !result.subjects.some((/** @type {any} */ each) => each.name === peer && isOurs(result, each))

/** @param {Record<string, any>} result */
const loadOf = ({ machine: { load, cores } }) =>
  load > cores / 2 ? `; when it was run, the machine had other work (load ${load} on ${cores} cores).` : ''

export function writePage() {
  const jobs = readdirSync(RESULTS).filter((file) => file.endsWith('.json')).map((file) => path.basename(file, '.json'))
  const rank = (/** @type {string} */ job) => (ORDER.includes(job) ? ORDER.indexOf(job) : ORDER.length)
  const results = jobs.sort((one, other) => rank(one) - rank(other) || one.localeCompare(other)).map(read)
  for (const result of results) writeFileSync(path.join(RESULTS, `${result.job}.svg`), pictureOf(result))
  writeFileSync(path.join(FOLDER, 'README.md'), [INTRODUCTION, ...results.map(sectionOf)].join('\n'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writePage()
