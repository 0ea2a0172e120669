/**
 * Transactions that are under way, by Payload's `req.transactionID`, and what becomes of their brackets.
 *
 * Where the adapter has no transactions (SQLite by default, MongoDB without a replica set), Payload gets an id all the
 * same: a *virtual* transaction, which the database never hears of. For it Payload ends it as it ends a real one, on
 * success and on every throw, through REST, GraphQL and the Local API alike, and nothing else tells when an operation
 * is over. A virtual rollback takes nothing back, of course; what was written by then is settled as committed. Code
 * that asks `req.transactionID` whether there is a transaction is told that there is.
 */
import { randomUUID } from 'node:crypto'
import { Bracket } from './bracket.js'
import { isRefusal, outcomeOf, watchTransactions } from './outcome.js'

/** @typedef {string | number} TransactionID */
/** @typedef {import('./request.js').PayloadRequest} PayloadRequest */

const VIRTUAL = 'virtual:'
const FAILED = 'The change was taken back, because the request failed.'
const NOT_COMMITTED = 'The change was taken back, because the database refused to commit it.'
const UNSURE = 'Whether the change was saved is unknown, because the database did not answer the commit.'

export class Transactions {
  /** @type {Map<TransactionID, Bracket>} */
  #brackets = new Map()
  /** Rolled back, but not settled: the reason is still to come. @type {Map<Bracket, () => void>} */
  #failing = new Map()
  #newBracket

  /** @param {() => Bracket} newBracket */
  constructor(newBracket) {
    this.#newBracket = newBracket
  }

  /** @param {TransactionID | undefined | null} id */
  get(id) {
    return id === undefined || id === null ? undefined : this.#brackets.get(id)
  }

  /** @param {TransactionID} id */
  open(id) {
    let bracket = this.#brackets.get(id)
    if (bracket === undefined) this.#brackets.set(id, (bracket = this.#newBracket()))
    return bracket
  }

  /** @param {TransactionID} id */
  #take(id) {
    const bracket = this.#brackets.get(id)
    this.#brackets.delete(id)
    return bracket
  }

  /**
   * Replaces the adapter's three functions.
   * @param {any} db Payload's database adapter
   */
  wrap(db) {
    const { beginTransaction, commitTransaction, rollbackTransaction } = db
    db.beginTransaction = async (/** @type {unknown} */ options) => {
      watchTransactions(db.drizzle)
      return (await beginTransaction.call(db, options)) ?? VIRTUAL + randomUUID()
    }
    db.commitTransaction = async (/** @type {TransactionID | Promise<TransactionID>} */ incoming) => {
      const id = await incoming
      const bracket = this.#take(id)
      if (isVirtual(id)) return void bracket?.commit()
      // The adapter forgets its session first thing.
      const outcome = outcomeIn(db, id)
      await this.#commit(bracket, outcome, () => commitTransaction.call(db, id))
    }
    db.rollbackTransaction = async (/** @type {TransactionID | Promise<TransactionID>} */ incoming) => {
      const id = await incoming
      const bracket = this.#take(id)
      try {
        if (!isVirtual(id)) await rollbackTransaction.call(db, id)
      } finally {
        if (bracket && isVirtual(id) && bracket.completed > 0) bracket.commit()
        else if (bracket) this.#rollback(bracket)
      }
    }
  }

  /**
   * @param {Bracket | undefined} bracket
   * @param {Promise<import('./outcome.js').Outcome>} outcome
   * @param {() => Promise<unknown>} commit
   */
  async #commit(bracket, outcome, commit) {
    try {
      await commit()
    } catch (error) {
      bracket?.expire(UNSURE)
      throw error
    }
    if (bracket === undefined) return
    const settled = await outcome
    if (settled.committed) {
      bracket.commit()
      return
    }
    if (isRefusal(settled.error)) bracket.rollback(NOT_COMMITTED)
    else bracket.expire(UNSURE)
    // Payload would answer that all went well.
    throw new Error('The database did not commit the transaction', { cause: settled.error })
  }

  /**
   * Payload rolls back before anybody is told the error. The mutation of a request that is going to be answered waits
   * for it, through `fail`, for the rest of this turn of the event loop.
   * @param {Bracket} bracket
   */
  #rollback(bracket) {
    if (!bracket.hasAnswer) return bracket.rollback(FAILED)
    const immediate = setImmediate(() => this.fail(bracket, FAILED))
    this.#failing.set(bracket, () => clearImmediate(immediate))
  }

  /**
   * @param {Bracket} bracket
   * @param {string} reason for the client to read
   */
  fail(bracket, reason) {
    this.#failing.get(bracket)?.()
    this.#failing.delete(bracket)
    bracket.rollback(reason)
  }

  /** @param {Bracket} bracket */
  isFailing(bracket) {
    return this.#failing.has(bracket)
  }
}

/**
 * @param {any} db
 * @param {TransactionID} id
 * @returns {Promise<import('./outcome.js').Outcome>}
 */
async function outcomeIn(db, id) {
  const session = db.sessions?.[id]
  const known = outcomeOf(session?.db)
  if (known !== undefined) return known
  // Adapters that are not built on drizzle reject when a commit fails.
  if (session !== undefined && db.drizzle === undefined) return { committed: true }
  return { committed: false, error: new Error(`Nobody knows what became of the transaction ${id}`) }
}

/** @param {unknown} id */
export const isVirtual = (id) => typeof id === 'string' && id.startsWith(VIRTUAL)
