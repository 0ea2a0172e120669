import { OptimisticCacheError } from '../errors.js'
import { currentDependencies } from './derived.js'
import { native } from './native.js'

/** @typedef {import('./types.js').Operation} Operation */

/**
 * @typedef {object} ViewState
 * @property {object} cache that opened it, and that must not be collected before it
 * @property {import('./native.js').ViewHandle} handle
 * @property {number} version
 * @property {number} changes the arena's change counter from before it was opened
 * @property {boolean} mayOverlay did it find pending mutations of its own?
 * @property {Map<string, Shown>} shown what it read with an overlay, by key
 * @property {string} sight those mutations and what they do, as text. Views that have the same see the same: a token is
 *   one principal's
 * @property {boolean} open
 * @property {import('./derived.js').Derived} derived
 */

/**
 * What an answer is with the view's own mutations laid over it.
 * @typedef {import('./types.js').Reading & { changes: number }} Shown `changes`: the arena's change counter at which
 *   this was so
 */

/** @type {(view: View) => ViewState | undefined} */
let stateOf

/**
 * What one render reads through: the log up to one version, and the pending mutations among the tokens it presents
 * that are its principal's. It belongs to the thread that opened it. It holds older states of entries in the arena
 * until it is closed or collected, so close it when the render is done.
 */
export class View {
  #state

  static {
    stateOf = (view) => (#state in view ? view.#state : undefined)
  }

  /**
   * Use `cache.view()`.
   * @param {ViewState} state
   * @param {string} principal
   */
  constructor(state, principal) {
    this.#state = state
    /** Whose mutations it shows. */
    this.principal = principal
    /** The log's head when it was opened. */
    this.version = state.version
  }

  /**
   * The mutations that were pending when it was opened, in token order: they are laid over what it reads. One that is
   * committed meanwhile still is, as the view stands at the version before; one that is rolled back or expires is not,
   * and makes the view torn. `cache.status()` tells what became of them.
   * @returns {{ token: string, operations: Operation[] }[]}
   * @throws {OptimisticCacheError} `_CLOSED`
   */
  get pending() {
    return JSON.parse(native.viewPending(this.#state.handle))
  }

  /**
   * The presented tokens that nobody began, or another principal did, when it was opened.
   * @returns {string[]}
   * @throws {OptimisticCacheError} `_CLOSED`
   */
  get unknown() {
    return JSON.parse(native.viewUnknown(this.#state.handle))
  }

  /**
   * Did some read miss, or answer a newer state, because the one at `version` is gone?
   * @returns {boolean}
   * @throws {OptimisticCacheError} `_CLOSED`
   */
  get torn() {
    return native.viewInfo(this.#state.handle).torn
  }

  /**
   * A result that is derived from what the cache holds: computed once, and again when something changed that it was
   * computed from. Whatever `compute` reads through this cache (with `get`, `read`, `getBytes`, `fetch`, other
   * `cached`, any number of calls deep) is noted; any operation on one of its tags drops the result. When mutations in
   * flight of the view touch one of those tags, the result is for views with just these mutations and this principal
   * alone, and goes when one of them is settled; it carries the tag `mutation:<token>` of each.
   *
   * Not kept, only returned: a result that an operation overtook, and one that depends on what cannot be known to
   * change. That is one with a read that was not kept, or a miss of `get` that nothing was stored for, and one that
   * read nothing, unless `tags` or `ttl` are given. Reads past the cache are not noticed: name their `tags`, or call
   * `noStore`.
   * @template T
   * @param {string} key the same for all who may see the same: include whose access rights count, if any do
   * @param {import('./derived.js').DerivedOptions} options `tags`: what it depends on besides; `ttl`: milliseconds
   *   until it expires, never unless given
   * @param {() => T} compute reads through this view; may return a promise. What it throws is thrown, and not kept
   * @returns {Promise<Awaited<T>>} deep-frozen; what JSON makes of the computed value
   * @throws {OptimisticCacheError} `_CLOSED`, `_KEY_SIZE`, and `_ARGUMENT` for one that is computed from itself
   */
  async cached(key, options, compute) {
    const { derived, mayOverlay } = viewStateOf(this, this.#state.cache)
    return derived.cached(this, mayOverlay, key, options, compute)
  }

  /**
   * Says inside of a `compute` of `cached` that it depends on something that the cache does not know of: its result is
   * not kept, and neither are those that are computed from it. Does nothing elsewhere.
   */
  noStore() {
    const dependencies = currentDependencies()
    if (dependencies) dependencies.isUntracked = true
  }

  /** Idempotent. */
  close() {
    this.#state.open = false
    this.#state.shown.clear()
    native.closeView(this.#state.handle)
  }
}

/**
 * The state of an open view of `cache`.
 * @param {View} view
 * @param {object} cache
 * @returns {ViewState}
 * @throws {OptimisticCacheError} `_ARGUMENT`, `_CLOSED`
 */
export function viewStateOf(view, cache) {
  const state = typeof view === 'object' && view !== null ? stateOf(view) : undefined
  if (state === undefined || state.cache !== cache) {
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'view must be one that view() of this cache returned')
  }
  if (!state.open) {
    throw new OptimisticCacheError('ERR_OPTIMISTIC_CLOSED', 'the view is closed; open a new one')
  }
  return state
}
