/** A seeded source of choices (mulberry32), so that a schedule can be run again. */
export class Random {
  #state

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, without 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit) {
    return Math.floor(this.next() * limit)
  }

  chance(probability) {
    return this.next() < probability
  }

  pick(items) {
    return items[this.below(items.length)]
  }

  /** At least one of `items`, in their order. */
  some(items) {
    const chosen = items.filter(() => this.chance(0.4))
    return chosen.length > 0 ? chosen : [this.pick(items)]
  }

  /** @param {[weight: number, item: any][]} weighted */
  weighted(weighted) {
    let rest = this.next() * weighted.reduce((sum, [weight]) => sum + weight, 0)
    return weighted.find(([weight]) => (rest -= weight) < 0)?.[1] ?? weighted[0][1]
  }

  bytes(count) {
    return Uint8Array.from({ length: count }, () => this.below(256))
  }
}
