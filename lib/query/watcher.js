import { askOutcome } from './transport.js'

/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */

/** Milliseconds that the server may hold an answer back; it allows 25,000. */
const WAIT = 20_000
/** Over HTTP/1.1 a browser opens six connections to a server. Polls must leave some to the page. */
const MAX_POLLS = 3
const MIN_PAUSE = 250
const MAX_PAUSE = 30_000
/** Milliseconds in which a request that the server has not seen may still be on its way. */
const ON_ITS_WAY = 5_000

/** Asks for the outcome of pending mutations until it is known, by long polls. */
export class Watcher {
  #onOutcome
  /** @type {Set<Layer>} */
  #watched = new Set()
  /** @type {Layer[]} */
  #waiting = []
  #polls = 0
  #failures = 0
  #stopping = new AbortController()

  /** @param {(layer: Layer, outcome: Outcome) => void} onOutcome */
  constructor(onOutcome) {
    this.#onOutcome = onOutcome
  }

  /** @param {Layer} layer */
  watch(layer) {
    if (this.#watched.has(layer)) return
    this.#watched.add(layer)
    this.#waiting.push(layer)
    this.#poll()
  }

  stop() {
    this.#stopping.abort()
    this.#stopping = new AbortController()
    this.#watched.clear()
    this.#waiting = []
    this.#polls = 0
  }

  async #poll() {
    if (this.#polls >= MAX_POLLS) return
    const layer = this.#waiting.shift()
    if (!layer) return
    const { signal } = this.#stopping
    this.#polls++
    let pause = MIN_PAUSE
    try {
      const outcome = await askOutcome(layer, { wait: WAIT, signal })
      this.#failures = 0
      if (outcome.state !== 'pending' && !(outcome.state === 'unknown' && isOnItsWay(layer))) {
        this.#watched.delete(layer)
        this.#onOutcome(layer, outcome)
        pause = 0
      }
    } catch {
      pause = Math.min(MIN_PAUSE * 2 ** this.#failures++, MAX_PAUSE)
    }
    if (pause > 0) await new Promise((done) => setTimeout(done, pause))
    if (signal.aborted) return
    this.#polls--
    // At the end of the line: the others' outcomes may be known earlier.
    if (pause > 0) this.#waiting.push(layer)
    this.#poll()
  }
}

/**
 * The page was rendered before the mutation's request arrived. Its token was made in this browser, by this clock.
 * @param {Layer} layer
 */
function isOnItsWay({ operations, token }) {
  const madeAt = Number.parseInt(token.replaceAll('-', '').slice(0, 12), 16)
  return operations.length === 0 && Date.now() - madeAt < ON_ITS_WAY
}
