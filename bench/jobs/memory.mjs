// A million entries of a kilobyte under a mixed load of 20,000 operations a second, nine reads to a write, each subject
// in a process of its own: the 99th percentile of the event loop's delay, V8's heap, and the arena's overhead an entry.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { ratiosToFirst, rounded, spread } from '../support/rounds.mjs'
import { OURS, ourVersion, versionOf } from '../support/versions.mjs'

const LOADED = fileURLToPath(new URL('../support/loaded.mjs', import.meta.url))

/** @param {string} subject @param {number} entries @param {number} seconds */
function measure(subject, entries, seconds) {
  const args = ['--expose-gc', '--max-old-space-size=8192', LOADED, subject, String(entries), String(seconds)]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.status !== 0) throw new Error(`${subject} failed; its messages are above`)
  return JSON.parse(child.stdout)
}

/** @param {{ quick: boolean }} options */
export default function memory({ quick }) {
  const [entries, seconds, rounds] = quick ? [50_000, 1, 1] : [1_000_000, 10, 2]
  const kinds = [
    { name: OURS, version: ourVersion },
    { name: 'Map', version: process.version },
    { name: 'lru-cache', version: versionOf('lru-cache') },
  ]
  /** @type {any[][]} */
  const runs = kinds.map(() => [])
  for (let round = 0; round < rounds; round++) {
    kinds.forEach(({ name }, index) => runs[index].push(measure(name, entries, seconds)))
  }
  const subjects = kinds.map((kind, index) => ({
    ...kind,
    ...spread(runs[index].map(({ p99 }) => p99)),
    longest: spread(runs[index].map(({ longest }) => longest)).median,
    heapMegabytes: spread(runs[index].map(({ heap }) => heap)).median,
    peakHeapMegabytes: spread(runs[index].map(({ peak }) => peak)).median,
    operations: spread(runs[index].map(({ operations }) => operations)).median,
  }))
  const overhead = rounded(runs[0][0].overhead)
  const heaps = subjects.map((each) =>
    `${each.name}: heap ${each.heapMegabytes} MB filled, ${each.peakHeapMegabytes} MB at most; longest delay ` +
    `${each.longest} ms; ${each.operations} operations`
  )
  return {
    unit: `ms, p99 of the event loop's delay with ${entries.toLocaleString('en')} entries`,
    better: 'lower',
    subjects,
    ratio: ratiosToFirst(subjects),
    overheadBytes: overhead,
    notes: [...heaps, `${OURS}: ${overhead} bytes of overhead an entry with one tag`],
  }
}
