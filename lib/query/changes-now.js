/**
 * `#changes` everywhere but in browsers. A server renders what is pending at once, and gains nothing by loading less.
 */
import * as changes from './changes.js'

/** @typedef {typeof changes} Changes */

export { changes }

/** Begins to load them. @returns {Promise<void> | undefined} undefined: they are there */
export function preloadChanges() {
  return undefined
}

/**
 * @template T
 * @param {(changes: Changes) => T} run
 * @returns {T | Promise<T>}
 */
export const withChanges = (run) => run(changes)
