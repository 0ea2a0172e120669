// GET /api/orders?limit=20, 10 KB of JSON: Payload's own answer, the same from the cache (`rest: true`), and 304 to who
// has it already; asked by nobody in particular, and by somebody who is logged in, whom Payload looks up in the database
// at each request. Payload's handlers stand behind a plain HTTP server of Node's; the requests come from another
// process, over 8 connections.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { optimisticCache } from '../../lib/payload/index.js'
import { rounded, spread } from '../support/rounds.mjs'
import { withRestShops } from '../support/rest-shop.mjs'
import { OURS, ourVersion, versionOf } from '../support/versions.mjs'

const ROUTE = '/api/orders?limit=20&sort=-orderNumber&depth=1'
/** Requests of a subject before it is another's turn. */
const ROUND = 100
const LOAD = fileURLToPath(new URL('../support/rest-load.mjs', import.meta.url))

/** @param {string} url @param {Record<string, string>} headers @param {number} status */
async function look(url, headers, status) {
  const response = await fetch(url, { headers })
  const text = await response.text()
  if (response.status !== status) throw new Error(`${url} was answered ${response.status}, not ${status}: ${text}`)
  return { text, tag: String(response.headers.get('etag')) }
}

/** @param {import('node:child_process').ChildProcess} child @param {object} asked */
async function send(child, asked) {
  child.send(asked)
  const [answer] = await once(child, 'message')
  if (answer !== 'done') throw new Error(answer.problem)
}

/**
 * @param {{ name: string, version: string, run: () => Promise<void> }[]} subjects
 * @param {number} rounds
 */
async function takeTurns(subjects, rounds) {
  /** @type {number[][]} */
  const seconds = subjects.map(() => [])
  // The first fifth is the warm-up.
  for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
    for (const [index, { run }] of subjects.entries()) {
      const start = performance.now()
      await run()
      if (round >= 0) seconds[index].push((performance.now() - start) / 1000 / ROUND)
    }
  }
  return subjects.map(({ name, version }, index) => ({ name, version, ...spread(seconds[index], 1000) }))
}

/** @param {{ quick: boolean }} options */
export default async function restList({ quick }) {
  const collections = /** @type {any} */ ({ orders: true, customers: true })
  const plugin = optimisticCache({ name: 'bench-rest', collections, rest: true })
  return withRestShops(plugin, async (shop) => {
    const child = fork(LOAD)
    const nobody = await subjectsFor(child, shop, 'nobody', {})
    const user = await subjectsFor(child, shop, 'a user', { Authorization: `JWT ${shop.token}` })
    const subjects = await takeTurns([...nobody, ...user], quick ? 5 : 21)
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
    const [ours, unchanged, payload, oursOfUser, unchangedOfUser, payloadOfUser] = subjects
    return {
      unit: 'ms a request, 8 at once',
      better: 'lower',
      subjects,
      ratio: {
        [payload.name]: rounded(payload.median / ours.median),
        [`${payload.name}, by 304`]: rounded(payload.median / unchanged.median),
        [payloadOfUser.name]: rounded(payloadOfUser.median / oursOfUser.median),
        [`${payloadOfUser.name}, by 304`]: rounded(payloadOfUser.median / unchangedOfUser.median),
      },
      notes: subjects.map(({ name, median }) => `${name}: ${Math.round(1000 / median)} requests a second`),
    }
  })
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {{ plain: string, plugged: string }} shop
 * @param {string} who asks
 * @param {Record<string, string>} headers that say so
 */
async function subjectsFor(child, { plain, plugged }, who, headers) {
  const own = await look(plain + ROUTE, headers, 200)
  const cached = await look(plugged + ROUTE, headers, 200)
  if (own.text !== cached.text) throw new Error("the cached answer is another than Payload's own")
  const known = { ...headers, 'If-None-Match': cached.tag }
  await look(plugged + ROUTE, known, 304)
  const whole = { status: 200, length: Buffer.byteLength(own.text) }
  const asking = (/** @type {string} */ base, /** @type {object} */ sent, /** @type {object} */ expected) => () =>
    send(child, { url: base + ROUTE, headers: sent, times: ROUND, ...expected })
  return [
    { name: `${OURS} to ${who}`, version: ourVersion, run: asking(plugged, headers, whole) },
    { name: `${OURS} to ${who}, 304`, version: ourVersion, run: asking(plugged, known, { status: 304, length: 0 }) },
    { name: `payload to ${who}`, version: versionOf('payload'), run: asking(plain, headers, whole) },
  ]
}
