/**
 * Promises that are settled by events of the arena, from whatever thread they come. The addon is watched only while
 * somebody waits. A waiter's own timer keeps the process alive, so that its promise always settles.
 */
export class Waiters {
  #watch
  #unwatch
  /** @type {Set<{ check: () => void, fail: (error: unknown) => void }>} */
  #waiters = new Set()

  /**
   * @param {(callback: () => void) => void} watch
   * @param {() => void} unwatch
   */
  constructor(watch, unwatch) {
    this.#watch = watch
    this.#unwatch = unwatch
  }

  /**
   * Resolves with what `look` returns as soon as that is not undefined, or with `atTimeout()`; rejects with what they
   * throw.
   * @template T
   * @param {() => T | undefined} look
   * @param {number} timeout milliseconds
   * @param {() => T} atTimeout
   * @returns {Promise<T>}
   */
  async wait(look, timeout, atTimeout) {
    const now = look()
    if (now !== undefined) return now
    return new Promise((resolve, reject) => {
      /** @param {() => T | undefined} ask */
      const attempt = (ask) => {
        try {
          const answer = ask()
          if (answer === undefined) return
          resolve(answer)
        } catch (error) {
          reject(error)
        }
        clearTimeout(timer)
        this.#remove(waiter)
      }
      const waiter = {
        check: () => attempt(look),
        /** @param {unknown} error */
        fail: (error) =>
          attempt(() => {
            throw error
          }),
      }
      const timer = setTimeout(() => attempt(atTimeout), timeout)
      this.#add(waiter)
    })
  }

  /** Looks again, for those who wait. */
  check() {
    for (const waiter of this.#waiters) waiter.check()
  }

  /**
   * Ends all waiting: nothing will come any more. Goes before the addon's handle is closed.
   * @param {unknown} error
   */
  close(error) {
    for (const waiter of this.#waiters) waiter.fail(error)
  }

  /** @param {{ check: () => void, fail: (error: unknown) => void }} waiter */
  #add(waiter) {
    this.#waiters.add(waiter)
    if (this.#waiters.size === 1) {
      this.#watch(() => this.check())
    }
    // What happened between the caller's first look and the watch made no event.
    waiter.check()
  }

  /** @param {{ check: () => void, fail: (error: unknown) => void }} waiter */
  #remove(waiter) {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.#unwatch()
  }
}
