/**
 * One state of an entry, parsed.
 * @typedef {object} ParsedState
 * @property {any} value
 * @property {number} stamp names the state in the arena
 * @property {number} version
 * @property {number} expiresAt milliseconds of the epoch; 0 for never
 * @property {number | undefined} changes the arena's change counter at which this was known to be the newest state;
 *   undefined when it was read through a view that was no longer at the head
 */

/**
 * It is a Reading too, so that it can be handed out as it is; one that has expired never is.
 *
 * A class, so that all its fields lie in one place: made by spreading a state, the last of them, which every hit
 * writes, would be in another.
 */
class Memo {
  stale = false
  overlaid = false

  /** @param {ParsedState} state @param {number} hits answered from here and not yet told to the core */
  constructor({ value, stamp, version, expiresAt, changes }, hits) {
    this.value = value
    this.hits = hits
    this.changes = changes
    this.expiresAt = expiresAt
    this.version = version
    this.stamp = stamp
  }
}

/**
 * While entries are evicted the change counter moves, and reads go to the core: so this many are only missing from the
 * count of hits, not from what eviction knows.
 */
const HITS_BEFORE_REPORT = 4096

/** The order of use is kept at this pace only: it decides what to drop, nothing that is seen. */
const HITS_BEFORE_MOVE = 256

/**
 * The parsed objects of one thread, by key, the least recently used of them dropped first.
 *
 * It exists because parsing costs more than all else: an entry is copied out of the arena and parsed once per state
 * and thread, and while the arena's change counter stands still, not even the addon is called.
 */
export class MemoTable {
  #limit
  #report
  /** @type {Map<string, Memo>} in order of use */
  #memos = new Map()

  /**
   * @param {number} limit entries kept
   * @param {(key: string, hits: number) => void} report
   */
  constructor(limit, report) {
    this.#limit = limit
    this.#report = report
  }

  /** @param {string} key */
  get(key) {
    return this.#memos.get(key)
  }

  /**
   * @param {string} key
   * @param {ParsedState} state
   */
  put(key, state) {
    const hits = this.#memos.get(key)?.hits ?? 0
    this.#memos.delete(key)
    if (this.#limit === 0) return
    this.#memos.set(key, new Memo(state, hits))
    if (this.#memos.size > this.#limit) this.#dropOldest()
  }

  /** @param {string} key */
  delete(key) {
    const memo = this.#memos.get(key)
    if (memo === undefined) return
    this.#flush(key, memo)
    this.#memos.delete(key)
  }

  /**
   * Notes that `memo` answered a read without the core.
   * @param {string} key
   * @param {Memo} memo
   */
  touch(key, memo) {
    memo.hits++
    if (memo.hits % HITS_BEFORE_MOVE !== 0) return
    if (memo.hits >= HITS_BEFORE_REPORT) this.#flush(key, memo)
    this.#memos.delete(key)
    this.#memos.set(key, memo)
  }

  /** Tells the core all hits it does not know of. */
  flush() {
    for (const [key, memo] of this.#memos) this.#flush(key, memo)
  }

  /**
   * @param {string} key
   * @param {Memo} memo
   */
  #flush(key, memo) {
    if (memo.hits > 0) this.#report(key, memo.hits)
    memo.hits = 0
  }

  #dropOldest() {
    const [oldest] = this.#memos.keys()
    this.delete(oldest)
  }
}
