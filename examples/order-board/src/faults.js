/**
 * The demo's way to see what is otherwise over in a blink: order changes that take long or fail, and order reads that
 * are slow between the database's answer and its use. Set by the panel on the page and by `POST /api/demo/faults`;
 * `ORDER_BOARD_FAULTS=0` turns all of it off.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { APIError } from 'payload'

const LONGEST_DELAY = 25_000
const FAILURES = ['none', 'before', 'rollback', 'after']
const DELAYS = ['delayMs', 'readDelayMs']

/**
 * @typedef {object} Faults
 * @property {number} delayMs milliseconds that a change of an order takes longer, before it touches the database
 * @property {'none' | 'before' | 'rollback' | 'after'} fail where a change of an order fails: before the write, in its
 *   transaction, or with a 500 after the commit
 * @property {number} readDelayMs milliseconds between the database's answer to a read of orders and its use
 */

/**
 * Bundlers make several copies of this module; they share one state.
 * @type {Faults}
 */
export const faults = (globalThis[Symbol.for('order-board.faults')] ??= { delayMs: 0, fail: 'none', readDelayMs: 0 })

/** Changes that wait, each with what ends its wait. @type {Set<() => void>} */
const waiting = (globalThis[Symbol.for('order-board.waiting')] ??= new Set())

export const faultsEnabled = process.env.ORDER_BOARD_FAULTS !== '0'

/**
 * Takes over the members that are given. A delay of 0 also ends the wait of the changes that are under way.
 * @param {unknown} wanted
 * @returns {string | undefined} what is wrong with them; nothing is changed then
 */
export function setFaults(wanted) {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return 'The body must be a JSON object.'
  for (const [name, value] of Object.entries(wanted)) {
    if (DELAYS.includes(name)) {
      if (!Number.isFinite(value) || value < 0 || value > LONGEST_DELAY) {
        return `${name} must be a number of milliseconds from 0 to ${LONGEST_DELAY}.`
      }
    } else if (name === 'fail') {
      if (!FAILURES.includes(value)) return `fail must be one of ${FAILURES.join(', ')}.`
    } else {
      return `${JSON.stringify(name)} is not known; there are ${[...DELAYS, 'fail'].join(', ')}.`
    }
  }
  Object.assign(faults, wanted)
  if (wanted.delayMs === 0) for (const go of waiting) go()
}

/** @param {number} ms @returns {Promise<void>} */
const delayed = (ms) =>
  new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer)
      waiting.delete(go)
      resolve()
    }
    const timer = setTimeout(go, ms)
    waiting.add(go)
  })

/**
 * An error that tells its message to clients. Payload wants a name for that, which the class has lost in a production build.
 * @param {string} message
 */
const failure = (message) => Object.assign(new APIError(message, 500, null, true), { name: 'DemoFailure' })

const CHANGES = ['create', 'update', 'delete']

/** @param {import('payload').PayloadRequest} req */
function failInTransaction(req) {
  if (req.context.fail === 'rollback') throw failure('The demo let this change fail in its transaction.')
}

/** Hooks for the collection whose changes are to be delayed or to fail. */
export const faultHooks = {
  /** @type {import('payload').CollectionBeforeOperationHook} */
  async beforeOperation({ operation, req }) {
    if (!faultsEnabled || !CHANGES.includes(operation)) return
    // What holds is what held when the change came in, not what somebody sets while it waits.
    const { delayMs, fail } = faults
    req.context.fail = fail
    await delayed(delayMs)
    if (fail === 'before') throw failure('The demo let this change fail before it was written.')
  },
  /** @type {import('payload').CollectionAfterChangeHook} */
  afterChange: ({ req }) => failInTransaction(req),
  /** @type {import('payload').CollectionAfterDeleteHook} */
  afterDelete: ({ req }) => failInTransaction(req),
}

/**
 * Answers 500 although the change was committed, as a proxy does that lost its server.
 * @param {(request: Request, context: any) => Promise<Response>} handle Payload's POST, PATCH or DELETE
 * @returns {(request: Request, context: any) => Promise<Response>}
 */
export function failingAfterCommit(handle) {
  return async (request, context) => {
    const { slug } = await context.params
    const applies = faultsEnabled && faults.fail === 'after' && slug[0] === 'orders'
    const response = await handle(request, context)
    if (!applies || !response.ok) return response
    const message = 'The demo lost the answer to this change, after it was committed.'
    return Response.json({ errors: [{ message }] }, { status: 500 })
  }
}

/**
 * Delays what the adapter's reads of a collection return. Reads inside a transaction are left alone: they are a
 * change's own.
 * @param {Record<string, any>} adapter
 * @param {string} slug
 */
export function delayReads(adapter, slug) {
  if (!faultsEnabled) return
  for (const method of ['find', 'findOne', 'count']) {
    const read = adapter[method]
    adapter[method] = async function (args) {
      const result = await read.call(this, args)
      if (args.collection === slug && !args.req?.transactionID) await sleep(faults.readDelayMs)
      return result
    }
  }
}
