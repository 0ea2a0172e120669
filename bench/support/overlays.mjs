// What the jobs about changes in flight share: the cache with the page in it, and a begun mutation of three documents.
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { operationsOf, PAGE, QUERY, SHAPES, spreadOver } from './page.mjs'

const PRINCIPAL = 'users:1'

export function openWithPage(name = 'bench') {
  const cache = openCache({ name, maxBytes: 64 << 20, shapes: SHAPES })
  cache.set('page', PAGE, { query: QUERY })
  return cache
}

/** @param {import('../../lib/cache/cache.js').Cache} cache @param {string} token @param {number} turn */
export const begin = (cache, token, turn) =>
  cache.begin(token, { principal: PRINCIPAL, operations: /** @type {any} */ (operationsOf(turn)) })

/** @param {import('../../lib/cache/cache.js').Cache} cache @param {string} token */
export const viewOf = (cache, token) => cache.view({ principal: PRINCIPAL, tokens: [token] })

/** Views of which each is the first to see its changes: so nothing that another one saw can be shared. */
export class FirstViews {
  /** @type {{ token: string, view: import('../../lib/cache/view.js').View }[]} */
  #opened = []
  #next = 0

  /** Of its own, as the other one's changes are not to be disturbed. */
  cache = openWithPage('bench-first')

  /** @param {number} count at most FIRST_VIEWS_MOST */
  prepare(count) {
    for (const { token, view } of this.#opened) {
      view.close()
      this.cache.rollback(token)
    }
    this.#next = 0
    this.#opened = Array.from({ length: count }, () => {
      const token = v7()
      begin(this.cache, token, 1)
      return { token, view: viewOf(this.cache, token) }
    })
  }

  take() {
    return this.#opened[this.#next++].view
  }
}

/** So many changes may be in flight at once for one user. */
export const FIRST_VIEWS_MOST = 16

/** Fails unless the cache shows what a spread does, so that all subjects do the same work. */
export function assertSame(/** @type {any} */ shown, /** @type {number} */ turn) {
  if (JSON.stringify(shown) === JSON.stringify(spreadOver(PAGE, operationsOf(turn)))) return
  throw new Error('the overlay and the spread differ')
}

/** Tokens made beforehand, as it is the browser that makes them. */
export class Tokens {
  /** @type {string[]} */
  #tokens = []

  /** @param {number} count */
  prepare(count) {
    this.#tokens = Array.from({ length: count }, () => v7())
  }

  take() {
    return /** @type {string} */ (this.#tokens.pop())
  }
}
