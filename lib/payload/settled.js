/** @typedef {import('../index.js').Cache} Cache */
/** @typedef {import('../cache/types.js').MutationInfo} MutationInfo */
/** @typedef {import('../cache/types.js').SettledEvent} SettledEvent */

const HEARD_MOST = 200
/** Milliseconds after the last question. */
const ATTENTION = 60_000
const COUNTED_MOST = 100

/**
 * What mutations were to do that were rolled back, which the cache does not keep: heard of while somebody asks.
 */
export class Settled {
  /** By token, the oldest first. @type {Map<string, SettledEvent>} */
  #heard = new Map()
  /** @type {(() => void) | undefined} */
  #stop
  /** @type {NodeJS.Timeout | undefined} */
  #timer

  /**
   * @param {Cache} cache
   * @param {MutationInfo[]} mutations of it
   * @returns {MutationInfo[]} with the documents that were heard of
   */
  complete(cache, mutations) {
    this.#listen(cache)
    return mutations.map((mutation) => {
      const event = this.#heard.get(mutation.token)
      if (event === undefined || mutation.documents.length > 0) return mutation
      const tags = event.tags.filter((tag) => !event.tags.some((other) => other.startsWith(`${tag}:`)))
      return { ...mutation, documents: tags.map((tag) => ({ tag, entries: entriesOf(cache, tag) })) }
    })
  }

  /** @param {Cache} cache */
  #listen(cache) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.stop(), ATTENTION).unref()
    if (this.#stop !== undefined) return
    const note = (/** @type {SettledEvent} */ event) => this.#note(event)
    cache.on('rollback', note)
    this.#stop = () => cache.off('rollback', note)
  }

  /** @param {SettledEvent} event */
  #note(event) {
    this.#heard.set(event.token, event)
    const [oldest] = this.#heard.keys()
    if (this.#heard.size > HEARD_MOST) this.#heard.delete(oldest)
  }

  /** Before the cache is closed. */
  stop() {
    clearTimeout(this.#timer)
    this.#stop?.()
    this.#stop = undefined
  }
}

/** @param {Cache} cache @param {string} tag */
const entriesOf = (cache, tag) => cache.entriesPage({ tag, limit: COUNTED_MOST }).entries.length
