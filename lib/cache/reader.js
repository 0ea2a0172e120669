import { OptimisticCacheError } from '../errors.js'
import { frozenFromJSON } from './json.js'
import { MemoTable } from './memo.js'
import { native } from './native.js'

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

  /**
   * @param {import('./native.js').CacheHandle} handle
   * @param {number} maxMemo
   */
  constructor(handle, maxMemo) {
    this.#handle = handle
    this.#changes = handle.changes
    this.#memos = new MemoTable(maxMemo, (key, hits) => native.countHits(handle, key, hits))
  }

  /** The arena's change counter. Not to be read once the cache is closed. */
  get changes() {
    return Atomics.load(this.#changes, 0)
  }

  /**
   * @param {string} key
   * @param {ViewState | undefined} view
   * @param {boolean} base
   * @returns {Reading | undefined}
   */
  find(key, view, base) {
    const changes = this.changes
    const memo = this.#memos.get(key)
    // A view stands at the counter it was opened at. Only when nothing moved since both it was opened and the memo was
    // taken is the memo what the core would answer; later, the view may need an older state, or the memo may be one.
    const isCurrent = view === undefined || view.changes === changes
    const mayOverlay = view !== undefined && view.mayOverlay && !base
    if (memo !== undefined && memo.changes === changes && isCurrent && !mayOverlay && isAlive(memo.expiresAt)) {
      this.#memos.touch(key, memo)
      return memo
    }

    const hit = native.get(this.#handle, view?.handle, key, base, memo?.stamp ?? 0n)
    if (hit === undefined) {
      if (isCurrent) this.#memos.delete(key)
      return undefined
    }
    if (!hit.json) throw opaqueError(key)
    const { version, stamp, expiresAt, stale, overlaid } = hit
    const value = hit.value === undefined ? memo?.value : frozenFromJSON(hit.value)
    // Read through a view that is not at the head, it is worth keeping for its stamp, unless what is there is newer.
    if (!overlaid && (isCurrent || memo === undefined || memo.version < version)) {
      this.#memos.put(key, { value, stamp, version, expiresAt, changes: isCurrent ? changes : undefined })
    }
    return { value, version, stale, overlaid }
  }

  /** Tells the core the hits that it does not know of. */
  flush() {
    this.#memos.flush()
  }
}

/** @param {number} expiresAt */
const isAlive = (expiresAt) => expiresAt === 0 || Date.now() < expiresAt

/** @param {string} key */
const opaqueError = (key) =>
  new OptimisticCacheError(
    'ERR_OPTIMISTIC_ARGUMENT',
    `the entry ${JSON.stringify(key)} holds opaque bytes; read it with getBytes()`,
  )
