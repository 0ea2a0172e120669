import { openCache } from '../index.js'
import { tokenPendingError } from './errors.js'

const DAY = 86_400_000
const MAX_BYTES = 16 << 20
/** Per mille of it: one answer is not to push many out. */
const MAX_SHARE = 62

/**
 * @typedef {object} Answer what a request was answered
 * @property {string} fingerprint of the request
 * @property {number} status
 * @property {[string, string][]} headers
 * @property {string} body
 */

/**
 * The answers to requests with a token, for those that come again. They live in an arena of their own, beside that of
 * the cache and in the same kind of memory, so that no page pushes them out: it bounds them in bytes, and with a file
 * they are kept over a restart. An answer that had to go leaves its token used all the same, as long as the cache
 * remembers the mutation.
 */
export class Answers {
  #cache
  #ttl
  /** Requests under way in this process. @type {Set<string>} */
  #asked = new Set()

  /**
   * @param {import('../cache/types.js').CacheOptions} options of the cache that they are kept beside
   * @param {{ ttl?: number, maxBytes?: number }} [own] `ttl`: milliseconds, a day unless given; `maxBytes`: 16 MiB
   */
  constructor({ name, memory }, { ttl = DAY, maxBytes = MAX_BYTES } = {}) {
    const own = typeof memory === 'object' ? { file: `${memory.file}.answers` } : memory
    // Each is read once, if at all.
    this.#cache = openCache({ name: `${name}.answers`, memory: own, maxBytes, maxMemo: 0, limits: { maxShare: MAX_SHARE } })
    this.#ttl = ttl
  }

  /**
   * @param {string} principal
   * @param {string} token
   * @returns {Answer | undefined}
   */
  find(principal, token) {
    const bytes = this.#cache.getBytes(keyOf(principal, token))
    return bytes === undefined ? undefined : JSON.parse(bytes.toString())
  }

  /**
   * @param {string} principal
   * @param {string} token
   * @returns {string | number | undefined} the id of the document that the mutation created, once it is committed
   */
  created(principal, token) {
    const bytes = this.#cache.getBytes(createdKeyOf(principal, token))
    return bytes === undefined ? undefined : JSON.parse(bytes.toString())
  }

  /**
   * Kept as an answer is, and before others can see the document.
   * @param {string} principal
   * @param {string} token
   * @param {string | number} id of the document that the request created
   */
  noteCreated(principal, token, id) {
    this.#cache.setBytes(createdKeyOf(principal, token), JSON.stringify(id), { ttl: this.#ttl })
  }

  /**
   * Kept for a while, when there is room.
   * @param {string} principal
   * @param {string} token
   * @param {Answer} answer
   */
  keep(principal, token, answer) {
    this.#cache.setBytes(keyOf(principal, token), JSON.stringify(answer), { ttl: this.#ttl })
  }

  /**
   * Begins a request, of which there is one at a time, in whatever process: where very many are under way at once, in
   * this one.
   * @param {string} principal
   * @param {string} token
   * @returns {() => void} to be called when it is over
   * @throws {import('./errors.js').OptimisticRequestError} 409
   */
  enter(principal, token) {
    const key = keyOf(principal, token)
    const leave = this.#asked.has(key) ? undefined : this.#cache.enter(`asked ${key}`, { timeout: this.#ttl })
    if (leave === undefined) throw tokenPendingError()
    this.#asked.add(key)
    return () => {
      this.#asked.delete(key)
      leave()
    }
  }

  close() {
    this.#cache.close()
  }
}

/**
 * @param {string} principal
 * @param {string} token
 */
const keyOf = (principal, token) => `${token} ${principal}`

/**
 * @param {string} principal
 * @param {string} token
 */
const createdKeyOf = (principal, token) => `created ${keyOf(principal, token)}`
