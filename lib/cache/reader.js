import { OptimisticCacheError } from '../errors.js'
import { changedIn } from './changed.js'
import { coarseNow } from './clock.js'
import { frozenFromJSON } from './json.js'
import { MemoTable } from './memo.js'
import { HIT, native } from './native.js'
import { OverlaidTable } from './overlaid.js'

/** @typedef {import('./types.js').Reading} Reading */
/** @typedef {import('./view.js').ViewState} ViewState */
/** @typedef {import('./view.js').Shown} Shown */

/**
 * What is read, and where the arena's change counter stood.
 * @typedef {{ key: string, view: ViewState | undefined, changes: number, isCurrent: boolean }} Place `isCurrent`: the
 *   view has stood there, too
 */

/** A state that is there, parsed. @typedef {{ value: any, stamp?: number }} Known */

/**
 * Reads entries as objects. What this thread has parsed is answered again as long as it stands:
 * - while the arena's change counter has not moved since, without calling the addon at all;
 * - when it moved, by asking the core whether the state with the known stamp is still the answer.
 */
export class Reader {
  #handle
  #changes
  #memos
  #overlaid
  #bytes
  /** Where the change counter stood when bytes were read last: where it moves with each read, nothing is worth keeping. */
  #stood = -1
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
    this.#overlaid = new OverlaidTable(maxMemo)
    this.#bytes = new OverlaidTable(maxMemo)
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
      this.#countShown(key)
      return shown
    }

    const place = { key, view, changes, isCurrent }
    return mayOverlay ? this.#findShared(place, view) : this.#findBase(place)
  }

  /**
   * Writes the bytes of an entry into `memory` from `at` on.
   * @param {string} key
   * @param {ViewState | undefined} view
   * @param {boolean} base
   * @param {Buffer} memory
   * @param {number} at
   * @returns {number | Buffer | undefined} how many bytes it wrote; a Buffer of their own when there is no room for them;
   *   undefined: a miss
   */
  writeBytes(key, view, base, memory, at) {
    const { changes } = this
    const mayOverlay = view !== undefined && view.mayOverlay && !base
    const sight = view !== undefined && view.changes !== changes ? undefined : mayOverlay ? view.sight : NOTHING
    const table = mayOverlay ? this.#overlaid : this.#bytes
    const known = sight === undefined ? undefined : table.get(key, changes, sight)
    if (known?.bytes !== undefined) {
      this.#countShown(key)
      return known.bytes.length <= memory.length - at ? known.bytes.copy(memory, at) : Buffer.from(known.bytes)
    }
    const bytes = native.getBytes(this.#handle, view?.handle, key, base, memory, at)
    const isShared = mayOverlay ? (native.hit[HIT.FLAGS] & HIT.OVERLAID) !== 0 : this.#stood === changes
    this.#stood = changes
    if (sight !== undefined && bytes !== undefined && isShared) {
      const expiresAt = native.hit[HIT.EXPIRES_AT]
      // What is read once only is not worth a copy.
      const kept = known && { bytes: Buffer.from(typeof bytes === 'number' ? memory.subarray(at, at + bytes) : bytes) }
      table.put(key, changes, { sight, expiresAt, ...kept })
    }
    return bytes
  }

  /** @param {string} key */
  #countShown(key) {
    this.#shownHits.set(key, (this.#shownHits.get(key) ?? 0) + 1)
  }

  /**
   * @param {Place} place
   * @param {ViewState} view
   */
  #findShared(place, view) {
    const { key, changes, isCurrent } = place
    if (!isCurrent) return this.#findOverlaid(place, view)
    const { sight } = view
    const reading = this.#overlaid.get(key, changes, sight)?.reading
    if (reading !== undefined) {
      this.#countShown(key)
      view.shown.set(key, reading)
      return reading
    }
    const found = this.#findOverlaid(place, view)
    if (found?.overlaid) {
      this.#overlaid.put(key, changes, { sight, expiresAt: native.hit[HIT.EXPIRES_AT], reading: found })
    }
    return found
  }

  /** @param {Place} place */
  #findBase(place) {
    const known = this.#memos.get(place.key)
    return this.#take(place, this.#changesSince(place, known, true), known, true)
  }

  /**
   * @param {Place} place
   * @param {ViewState} view
   * @returns {Shown | undefined}
   */
  #findOverlaid(place, view) {
    /** @type {Known | undefined} */
    let known = this.#memos.get(place.key)
    let found = this.#changesSince(place, known, false)
    if (typeof found === 'string' && native.hit[HIT.FLAGS] & HIT.BENEATH) {
      known = this.#take(place, found, known, true)
      found = this.#changesSince(place, known, false)
    }
    const isBeneath = typeof found === 'string' && (native.hit[HIT.FLAGS] & HIT.BENEATH) !== 0
    return isBeneath ? this.#findWhole(place, false) : this.#take(place, found, known, false)
  }

  /**
   * @param {Place} place
   * @param {Known | undefined} known
   * @param {boolean} base
   */
  #changesSince({ key, view }, known, base) {
    return native.getChanges(this.#handle, view?.handle, key, base, known?.stamp ?? 0)
  }

  /**
   * @param {Place} place
   * @param {boolean} base
   */
  #findWhole(place, base) {
    return this.#take(place, native.get(this.#handle, place.view?.handle, place.key, base, 0), undefined, base)
  }

  /**
   * Where only documents of a list became others, these are all that is parsed.
   * @param {Place} place
   * @param {string | true | null | undefined} found
   * @param {Known | undefined} known what `true` stands for, and changes are of
   * @param {boolean} base
   * @returns {Shown | undefined}
   */
  #take(place, found, known, base) {
    if (found === undefined) {
      if (place.isCurrent) this.#memos.delete(place.key)
      return undefined
    }
    if (found === null) throw opaqueError(place.key)
    if (found === true) return this.#note(place, known?.value)
    const isWhole = !(native.hit[HIT.FLAGS] & HIT.CHANGES)
    const value = isWhole ? frozenFromJSON(found) : changedIn(known?.value, found)
    return value === undefined ? this.#findWhole(place, base) : this.#note(place, value)
  }

  /**
   * Remembers an answer, of which `native.hit` tells the rest.
   * @param {Place} place
   * @param {any} value
   * @returns {Shown}
   */
  #note({ key, view, changes, isCurrent }, value) {
    const version = native.hit[HIT.VERSION]
    const stamp = native.hit[HIT.STAMP]
    const expiresAt = native.hit[HIT.EXPIRES_AT]
    const flags = native.hit[HIT.FLAGS]
    const stale = (flags & HIT.STALE) !== 0
    const overlaid = (flags & HIT.OVERLAID) !== 0
    const memo = this.#memos.get(key)
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

/** The sight of who sees nothing in flight. */
const NOTHING = ''

/** @param {number} expiresAt */
const isAlive = (expiresAt) => expiresAt === 0 || coarseNow() < expiresAt

/** @param {string} key */
const opaqueError = (key) =>
  new OptimisticCacheError(
    'ERR_OPTIMISTIC_ARGUMENT',
    `the entry ${JSON.stringify(key)} holds opaque bytes; read it with getBytes()`,
  )
