import { timeOf } from './token.js'
import { askOutcomes } from './transport.js'

/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./layer.js').Outcome} Outcome */

/** Milliseconds that the server may hold an answer back; it allows 25,000. */
const WAIT = 20_000
const MIN_PAUSE = 250
const MAX_PAUSE = 30_000
/** Milliseconds in which a request that the server has not seen may still be on its way. */
const ON_ITS_WAY = 5_000

/**
 * Asks for the outcomes of pending mutations until they are known: one long poll for all of them, because over HTTP/1.1
 * a browser opens only six connections to a server.
 */
export class Watcher {
  #onPending
  /** @type {Map<Layer, (outcome: Outcome) => void>} */
  #watched = new Map()
  #failures = 0
  #isStopped = false
  /** @type {AbortController | undefined} of the poll under way */
  #polling

  /** @param {(layer: Layer) => void} onPending hears of mutations that the server says are still under way */
  constructor(onPending) {
    this.#onPending = onPending
    // The network is back: those who wait out a pause need not.
    globalThis.addEventListener?.('online', () => this.#ask())
  }

  /**
   * @param {Layer} layer
   * @param {(outcome: Outcome) => void} onOutcome called once
   */
  watch(layer, onOutcome) {
    const isNew = !this.#watched.has(layer)
    this.#watched.set(layer, onOutcome)
    if (isNew) this.#ask()
  }

  start() {
    this.#isStopped = false
    if (!this.#polling) this.#ask()
  }

  stop() {
    this.#isStopped = true
    this.#polling?.abort()
    this.#polling = undefined
  }

  /** Asks now, for all that are watched. */
  #ask() {
    this.#polling?.abort()
    this.#polling = undefined
    if (!this.#isStopped && this.#watched.size > 0) this.#poll((this.#polling = new AbortController()).signal)
  }

  /** @param {AbortSignal} signal */
  async #poll(signal) {
    while (!signal.aborted) {
      // Those that are watched in one go are asked for together.
      await undefined
      const [{ api }] = this.#watched.keys()
      const layers = [...this.#watched.keys()].filter((layer) => layer.api === api)
      let pause = MIN_PAUSE
      try {
        const tokens = layers.map(({ token }) => token)
        const outcomes = await askOutcomes(api, tokens, { wait: WAIT, signal })
        this.#failures = 0
        layers.forEach((layer, index) => {
          const outcome = outcomes[index]
          if (outcome.state === 'pending') return this.#onPending(layer)
          if (outcome.state === 'unknown' && isOnItsWay(layer)) return
          pause = 0
          const onOutcome = this.#watched.get(layer)
          this.#watched.delete(layer)
          onOutcome?.(outcome)
        })
      } catch {
        if (signal.aborted) return
        pause = Math.min(MIN_PAUSE * 2 ** this.#failures++, MAX_PAUSE)
      }
      if (this.#watched.size === 0) return (this.#polling = undefined)
      // Another API's are next.
      for (const layer of layers) {
        const onOutcome = this.#watched.get(layer)
        if (onOutcome && this.#watched.delete(layer)) this.#watched.set(layer, onOutcome)
      }
      if (pause > 0) await new Promise((done) => setTimeout(done, pause))
    }
  }
}

/**
 * The page was rendered before the mutation's request arrived. Its token was made in this browser, by this clock, which
 * may have been set back since.
 * @param {Layer} layer
 */
const isOnItsWay = ({ operations, token }) =>
  operations.length === 0 && Math.abs(Date.now() - timeOf(token)) < ON_ITS_WAY
