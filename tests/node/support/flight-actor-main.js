// The other side of flight-actor.js: in a process, or in a thread of the test's.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parentPort } from 'node:worker_threads'
import { openCache } from '../../../lib/index.js'

let cache
let loads = 0
// Of the loads under way, by key.
const underWay = new Map()
const fetches = new Map()
const waiting = []

/** Is told by the test what it returns. */
function load(key) {
  loads++
  for (const told of waiting.splice(0)) told()
  return new Promise((resolve, reject) => underWay.set(key, { resolve, reject }))
}

const outcomeOf = (promise) =>
  promise.then(
    (value) => ({ value }),
    ({ code, message }) => ({ code, message }),
  )

const methods = {
  open: (options) => {
    cache = openCache(options)
  },
  /** Returns when the fetch loads, waits, or is done: none of that takes longer than the call. */
  startFetch: (id, key, options) => {
    fetches.set(id, outcomeOf(cache.fetch(key, options, () => load(key))))
    return loads
  },
  outcome: (id) => fetches.get(id),
  /** Resolves when a load begins; at once when one is under way. */
  loading: () => (underWay.size > 0 ? loads : new Promise((resolve) => waiting.push(() => resolve(loads)))),
  land: (key, value) => {
    underWay.get(key).resolve(value)
    underWay.delete(key)
  },
  fail: (key, message) => {
    underWay.get(key).reject(new Error(message))
    underWay.delete(key)
  },
  loads: () => loads,
  /** Fetches the number that is in the file `database`; a load is told it `milliseconds` after it was read. */
  fetchNumber: (key, options, database, milliseconds) =>
    cache.fetch(key, options, async () => {
      loads++
      const number = Number(readFileSync(database, 'utf8'))
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      return number
    }),
}

const send = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message))

async function onMessage({ id, method, args }) {
  try {
    const act = methods[method] ?? cache[method].bind(cache)
    send({ id, result: await act(...args) })
  } catch ({ code, message }) {
    send({ id, error: { code, message } })
  }
}

if (parentPort) parentPort.on('message', onMessage)
else process.on('message', onMessage)
