import { coarseNow } from './clock.js'

/**
 * What an answer is under mutations in flight: parsed, as bytes, or both.
 * @typedef {object} Overlaid
 * @property {string} sight the mutations, and what they do; empty without
 * @property {number} expiresAt of the entry; milliseconds of the epoch, 0 for never
 * @property {import('./view.js').Shown} [reading]
 * @property {Buffer} [bytes]
 */

/** So much of one thread's memory may be bytes. */
const BYTES_MOST = 8 << 20

/**
 * What views of one thread saw under their mutations in flight, for the next one that sees the same: of a page that is
 * loaded again and again while a change is saved, only the first load lays it over. All of it stands as long as the
 * arena's change counter does, for views that were opened at it.
 */
export class OverlaidTable {
  #limit
  #changes = 0
  #bytes = 0
  /** @type {Map<string, Overlaid>} */
  #overlaid = new Map()

  /** @param {number} limit answers kept */
  constructor(limit) {
    this.#limit = limit
  }

  /**
   * @param {string} key
   * @param {number} changes where the arena's change counter stands
   * @param {string} sight
   * @returns {Overlaid | undefined}
   */
  get(key, changes, sight) {
    if (changes !== this.#changes) return undefined
    const known = this.#overlaid.get(key)
    if (known === undefined || known.sight !== sight) return undefined
    return known.expiresAt === 0 || coarseNow() < known.expiresAt ? known : undefined
  }

  /**
   * @param {string} key
   * @param {number} changes
   * @param {Overlaid} overlaid
   */
  put(key, changes, overlaid) {
    if (changes !== this.#changes || this.#overlaid.size >= this.#limit) this.#clear(changes)
    const length = overlaid.bytes?.length ?? 0
    if (this.#limit === 0 || length > BYTES_MOST) return
    if (this.#bytes + length > BYTES_MOST) this.#clear(changes)
    const before = this.#overlaid.get(key)
    this.#bytes += length - (before?.bytes?.length ?? 0)
    this.#overlaid.set(key, before?.sight === overlaid.sight ? { ...before, ...overlaid } : overlaid)
  }

  /** @param {number} changes */
  #clear(changes) {
    this.#overlaid.clear()
    this.#changes = changes
    this.#bytes = 0
  }
}
