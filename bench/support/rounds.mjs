// Measuring: subjects take turns, a round each, after a warm-up that also finds how much work fills a round. Rounds are
// short and many, so that the median is one of a round that nothing else on the machine got into.
import { performance } from 'node:perf_hooks'
import { randomOf } from './random.mjs'

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} version
 * @property {(times: number) => unknown} run does the work `times` times; may return a promise
 * @property {(times: number) => void} [prepare] what `run` needs and is not measured
 * @property {number} [most] how often at most a round may do it
 *
 * @typedef {{ name: string, version: string, median: number, min: number, max: number }} Figures
 */

const ROUND_SECONDS = 0.005
const WARM_UP_SECONDS = 0.1

/** In a second. */
export const UNITS = /** @type {const} */ ({ ns: 1e9, 'µs': 1e6, ms: 1e3 })

/**
 * How long one of each subject's pieces of work takes.
 * @param {Subject[]} subjects
 * @param {{ quick: boolean, unit: keyof typeof UNITS, rounds?: number }} options
 * @returns {Promise<Figures[]>}
 */
export async function compare(subjects, { quick, unit, rounds = quick ? 101 : 401 }) {
  /** @type {number[]} */
  const times = []
  for (const subject of subjects) times.push(await timesFor(subject))
  /** @type {number[][]} */
  const seconds = subjects.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const index of shuffled(subjects.length, round)) {
      seconds[index].push((await secondsOf(subjects[index], times[index])) / times[index])
    }
  }
  return subjects.map(({ name, version }, index) => ({ name, version, ...spread(seconds[index], UNITS[unit]) }))
}

/**
 * The numbers below `count` in another order each round, or one subject would pay for the garbage of the others, always
 * the same one.
 * @param {number} count
 * @param {number} round
 */
function shuffled(count, round) {
  const random = randomOf(round)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let left = count; left > 1; left--) {
    const picked = Math.floor(random() * left)
    ;[order[picked], order[left - 1]] = [order[left - 1], order[picked]]
  }
  return order
}

/**
 * @param {number[]} samples
 * @param {number} [factor]
 */
export function spread(samples, factor = 1) {
  const sorted = samples.map((sample) => sample * factor).sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median: rounded(median), min: rounded(sorted[0]), max: rounded(/** @type {number} */ (sorted.at(-1))) }
}

/** To four digits that mean something. */
export const rounded = (/** @type {number} */ value) => Number(value.toPrecision(4))

/**
 * How many times better the first of the figures is than each of the others, when less is better.
 * @param {Figures[]} figures
 */
export const ratiosToFirst = ([ours, ...peers]) =>
  Object.fromEntries(peers.map((peer) => [peer.name, rounded(peer.median / ours.median)]))

/** @param {Subject} subject @param {number} times */
async function secondsOf(subject, times) {
  subject.prepare?.(times)
  const start = performance.now()
  await subject.run(times)
  return (performance.now() - start) / 1000
}

/** Warms the subject up until a round of it fills its time. */
async function timesFor(/** @type {Subject} */ subject) {
  const most = subject.most ?? Infinity
  let times = 1
  for (;;) {
    const seconds = await secondsOf(subject, times)
    if (times >= most) return most
    if (seconds >= WARM_UP_SECONDS) break
    times = Math.min(times * 2, most)
  }
  // By now it is compiled, so that this is the pace of the rounds.
  const seconds = await secondsOf(subject, times)
  return Math.max(1, Math.min(most, Math.round((times * ROUND_SECONDS) / seconds)))
}
