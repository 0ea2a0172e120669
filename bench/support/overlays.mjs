// What the jobs about changes in flight share: the cache with the page in it, and a begun mutation of three documents.
import { v7 } from 'uuid'
import { openCache } from '../../lib/index.js'
import { operationsOf, PAGE, QUERY, SHAPES, spreadOver } from './page.mjs'

const PRINCIPAL = 'users:1'

export function openWithPage() {
  const cache = openCache({ name: 'bench', maxBytes: 64 << 20, shapes: SHAPES })
  cache.set('page', PAGE, { query: QUERY })
  return cache
}

/** @param {import('../../lib/cache/cache.js').Cache} cache @param {string} token @param {number} turn */
export const begin = (cache, token, turn) =>
  cache.begin(token, { principal: PRINCIPAL, operations: /** @type {any} */ (operationsOf(turn)) })

/** @param {import('../../lib/cache/cache.js').Cache} cache @param {string} token */
export const viewOf = (cache, token) => cache.view({ principal: PRINCIPAL, tokens: [token] })

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
