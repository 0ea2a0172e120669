import { MAX_TIMEOUT } from './durations.js'

/**
 * Expires mutations whose time has passed: sweeps at the next known deadline, for as long as there is one. Each thread
 * that began a mutation, or saw a pending one, has a sweeper running, so a thread that died leaves nothing pending
 * for ever. The timer does not keep the process alive.
 */
export class Sweeper {
  #sweep
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #at = Infinity

  /** @param {() => number} sweep returns the next deadline in milliseconds of the epoch, or 0 */
  constructor(sweep) {
    this.#sweep = sweep
  }

  /** Sees to it that deadlines are kept, when this thread has no timer yet. */
  start() {
    if (this.#timer === undefined) this.#run()
  }

  /** @param {number} at milliseconds of the epoch: a mutation expires then */
  by(at) {
    if (at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(() => this.#run(), Math.min(Math.max(at - Date.now(), 1), MAX_TIMEOUT))
    this.#timer.unref()
  }

  stop() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#at = Infinity
  }

  #run() {
    this.stop()
    const next = this.#sweep()
    if (next !== 0) this.by(next)
  }
}
