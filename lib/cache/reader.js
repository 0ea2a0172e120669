import { OptimisticCacheError } from '../errors.js'
import { coarseNow } from './clock.js'
import { frozenFromJSON } from './json.js'
import { MemoTable } from './memo.js'
import { HIT, native } from './native.js'

/** @typedef {import('./types.js').Reading} Reading */
/** @typedef {import('./view.js').ViewState} ViewState */

/**
 * Reads entries as objects. What this thread has parsed is answered again as long as it stands:
 * - while the arena's change counter has not moved since, without calling the addon at all;
 * - when it moved, by asking the core whether the state with the known stamp is still the answer.
 */
export class Reader {
  #handle
  #changes
  #memos
  /** @type {Map<string, number>} answered from what views remember, and not yet told to the core */
  #shownHits = new Map()

  /**
   * @param {import('./native.js').CacheHandle} handle
   * @param {number} maxMemo
   */
  constructor(handle, maxMemo) {
    this.#handle = handle
    this.#changes = handle.changes
    this.#memos = new MemoTable(maxMemo, (key, hits) => native.countHits(handle, key, hits))
  }

  /**
   * The arena's change counter. Not to be read once the cache is closed.
   *
   * A plain read, which costs nothing beside one of Atomics: what it is compared with is this thread's own, so no other
   * memory need be seen in order with it, and an aligned word is never torn.
   */
  get changes() {
    return this.#changes[0]
  }

  /**
   * The newest state, when that is known without asking the core.
   * @param {string} key
   * @returns {Reading | undefined} undefined: unknown
   */
  remembered(key) {
    const memo = this.#memos.get(key)
    if (memo === undefined || memo.changes !== this.changes || !isAlive(memo.expiresAt)) return undefined
    this.#memos.touch(key, memo)
    return memo
  }

  /**
   * @param {string} key
   * @param {ViewState | undefined} view
   * @param {boolean} base
   * @returns {Reading | undefined}
   */
  find(key, view, base) {
    const changes = this.changes
    // A view stands at the counter it was opened at. Only when nothing moved since both it was opened and the memo was
    // taken is the memo what the core would answer; later, the view may need an older state, or the memo may be one.
    const isCurrent = view === undefined || view.changes === changes
    const mayOverlay = view !== undefined && view.mayOverlay && !base
    const remembered = isCurrent && !mayOverlay ? this.remembered(key) : undefined
    if (remembered !== undefined) return remembered
    // What is laid over it stands as long as the counter does: whatever becomes of a mutation moves it.
    const shown = mayOverlay ? view.shown.get(key) : undefined
    if (shown !== undefined && shown.changes === changes) {
      this.#shownHits.set(key, (this.#shownHits.get(key) ?? 0) + 1)
      return shown
    }

    const memo = this.#memos.get(key)
    const found = native.get(this.#handle, view?.handle, key, base, memo?.stamp ?? 0)
    if (found === undefined) {
      if (isCurrent) this.#memos.delete(key)
      return undefined
    }
    if (found === null) throw opaqueError(key)
    const version = native.hit[HIT.VERSION]
    const stamp = native.hit[HIT.STAMP]
    const expiresAt = native.hit[HIT.EXPIRES_AT]
    const flags = native.hit[HIT.FLAGS]
    const stale = (flags & HIT.STALE) !== 0
    const overlaid = (flags & HIT.OVERLAID) !== 0
    const value = found === true ? memo?.value : frozenFromJSON(found)
    // Read through a view that is not at the head, it is worth keeping for its stamp, unless what is there is newer.
    if (!overlaid && (isCurrent || memo === undefined || memo.version < version)) {
      this.#memos.put(key, { value, stamp, version, expiresAt, changes: isCurrent ? changes : undefined })
    }
    const reading = { value, version, stale, overlaid, changes, stamp: overlaid ? undefined : stamp }
    if (overlaid) view?.shown.set(key, reading)
    return reading
  }

  /**
   * @param {string} key
   * @param {ViewState | undefined} view
   * @param {number} known what it probably is
   * @returns {number | undefined} names the state of the entry that is read without overlay; undefined for a miss
   */
  stampOf(key, view, known) {
    const found = native.get(this.#handle, view?.handle, key, true, known)
    return found === undefined ? undefined : native.hit[HIT.STAMP]
  }

  /** Tells the core the hits that it does not know of. */
  flush() {
    this.#memos.flush()
    for (const [key, hits] of this.#shownHits) native.countHits(this.#handle, key, hits)
    this.#shownHits.clear()
  }
}

/** @param {number} expiresAt */
const isAlive = (expiresAt) => expiresAt === 0 || coarseNow() < expiresAt

/** @param {string} key */
const opaqueError = (key) =>
  new OptimisticCacheError(
    'ERR_OPTIMISTIC_ARGUMENT',
    `the entry ${JSON.stringify(key)} holds opaque bytes; read it with getBytes()`,
  )
