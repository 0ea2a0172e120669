// What apps do without this package: `unstable_cache` around each read, and `revalidateTag` in the hooks of the
// collections. An answer carries the tags it was cached with; a tag that is revalidated drops all answers with it.
export class TagCache {
  /** @type {Map<string, unknown>} */
  #answers = new Map()
  /** @type {Map<string, Set<string>>} */
  #keys = new Map()
  hits = 0

  /**
   * @param {string} key
   * @param {string[]} tags
   * @param {() => Promise<unknown>} load
   */
  async read(key, tags, load) {
    if (this.#answers.has(key)) {
      this.hits++
      return this.#answers.get(key)
    }
    const answer = await load()
    this.#answers.set(key, answer)
    for (const tag of tags) this.#keys.set(tag, (this.#keys.get(tag) ?? new Set()).add(key))
    return answer
  }

  /** @param {string} tag */
  revalidateTag(tag) {
    for (const key of this.#keys.get(tag) ?? []) this.#answers.delete(key)
    this.#keys.delete(tag)
  }
}
