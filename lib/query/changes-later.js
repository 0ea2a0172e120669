/**
 * `#changes` in browsers (the `imports` of package.json): a page is shown and comes to life with what reads need. What
 * changes need, more than half of all, is loaded from then on, beside everything else; it is asked for as soon as there
 * is a QueryClient with collection queries, or options of a mutation, so that it is there before a hand is on a button.
 *
 * A change that is faster waits for it. One that the server rendered holds back the hydration of its boundary, so the
 * HTML stays as it came.
 */
import { OptimisticMutationError } from './errors.js'

/** @typedef {import('./changes-now.js').Changes} Changes */

/** @type {Changes | undefined} */
export let changes
/** @type {Promise<void> | undefined} */
let loading
/** @type {Promise<void> | undefined} */
let first
/** @type {unknown} */
let failure

/** The promise says of itself that it is fulfilled, as React's `use` reads it: no later render is held back. */
const isRead = () => Object.assign(/** @type {Promise<void>} */ (loading), { status: 'fulfilled' })

/** Never rejects. @returns {Promise<void>} */
const load = () =>
  (loading ??= import('./changes.js').then(
    (loaded) => {
      changes = loaded
      isRead()
    },
    (cause) => {
      failure = cause
      isRead()
      // The next change tries again: the network may be back.
      loading = undefined
    }
  ))

/**
 * Begins to load them.
 * @returns {Promise<void> | undefined} of the first attempt, also when that has failed: always the same, since what
 *   React held back with it asks for it again
 */
export const preloadChanges = () => (first ??= load())

/**
 * @template T
 * @param {(changes: Changes) => T} run
 * @returns {T | Promise<T>}
 */
export function withChanges(run) {
  if (changes) return run(changes)
  return load().then(() => {
    if (changes) return run(changes)
    const text = 'what changes need could not be loaded, so nothing was changed; try again'
    throw new OptimisticMutationError('ERR_OPTIMISTIC_UNREACHABLE', text, { cause: failure })
  })
}
