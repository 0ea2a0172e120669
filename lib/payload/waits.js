import { waitsError } from './errors.js'

/** Requests of one principal that may wait at once: a page has one. */
const WAITS_MOST = 64
/** Of those who are not logged in, who are one principal together. */
const ANONYMOUS_MOST = 1024

/** How many requests of each principal wait for something, in this process. */
export class Waits {
  /** @type {Map<string, number>} */
  #counts = new Map()

  /**
   * @template T
   * @param {string} principal
   * @param {() => Promise<T>} wait
   * @returns {Promise<T>}
   * @throws {import('./errors.js').OptimisticRequestError} 429
   */
  async during(principal, wait) {
    const count = this.#counts.get(principal) ?? 0
    if (count >= (principal === 'anonymous' ? ANONYMOUS_MOST : WAITS_MOST)) throw waitsError()
    this.#counts.set(principal, count + 1)
    try {
      return await wait()
    } finally {
      const left = (this.#counts.get(principal) ?? 1) - 1
      if (left > 0) this.#counts.set(principal, left)
      else this.#counts.delete(principal)
    }
  }
}
