/**
 * What really became of a transaction.
 *
 * `commitTransaction` of Payload's SQL adapters resolves even when COMMIT failed. The promise of drizzle's own
 * `transaction()` call knows better: it is fulfilled after COMMIT succeeded, and rejected otherwise. So that call is
 * watched, and its promise kept beside the transaction object, which the adapter keeps in `sessions[id].db`.
 */

/** @typedef {{ committed: true } | { committed: false, error: unknown }} Outcome */

/** @type {WeakMap<object, Promise<Outcome>>} */
const outcomes = new WeakMap()
/** @type {WeakSet<object>} */
const watched = new WeakSet()

/**
 * Call it before every begin: a reconnect gives the adapter a new drizzle.
 * @param {any} drizzle
 */
export function watchTransactions(drizzle) {
  if (typeof drizzle?.transaction !== 'function' || watched.has(drizzle)) return
  watched.add(drizzle)
  const { transaction } = drizzle
  drizzle.transaction = function (/** @type {(handle: object) => unknown} */ work, /** @type {unknown} */ options) {
    /** @type {(outcome: Outcome) => void} */
    let settle = () => {}
    /** @type {Promise<Outcome>} */
    const outcome = new Promise((resolve) => (settle = resolve))
    /** @param {object} handle */
    const watchedWork = (handle) => {
      outcomes.set(handle, outcome)
      return work(handle)
    }
    const done = transaction.call(this, watchedWork, options)
    done.then(
      () => settle({ committed: true }),
      (/** @type {unknown} */ error) => settle({ committed: false, error }),
    )
    return done
  }
}

/**
 * @param {object | undefined} handle the drizzle transaction
 * @returns {Promise<Outcome> | undefined} undefined when it was not begun through a watched drizzle
 */
export const outcomeOf = (handle) => (handle === undefined ? undefined : outcomes.get(handle))

const SQLSTATE = /^[0-9A-Z]{5}$/
/** Connection exceptions, and a server that shuts down: nobody told whether COMMIT arrived. */
const SQLSTATE_UNSURE = /^(08|57P)/

/**
 * Whether a failed COMMIT is known to have changed nothing: the database itself answered no. A connection that broke,
 * or a disk that failed, says nothing.
 * @param {unknown} error
 */
export function isRefusal(error) {
  for (let at = /** @type {any} */ (error), i = 0; at && i < 5; at = at.cause, i++) {
    const { code } = at
    if (typeof code !== 'string') continue
    if (code.startsWith('SQLITE_')) return !code.startsWith('SQLITE_IOERR')
    if (SQLSTATE.test(code)) return !SQLSTATE_UNSURE.test(code)
  }
  return false
}
