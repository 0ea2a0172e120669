/**
 * The shared cases, as the server lays them over: in objects of which only what changes is parsed, and in bytes. Both
 * must come out the same, whatever was read, and is remembered, before.
 */
import assert from 'node:assert/strict'
import { describe as group, test } from 'node:test'
import { v7 as newToken } from 'uuid'
import { openCache } from '../../lib/index.js'
import { readVectors } from './support/vectors.js'

const PRINCIPAL = 'users:1'

/** @param {any} vector */
function openWith({ shapes, query, value, others = [] }) {
  const cache = openCache({ name: 'vectors-server', maxBytes: 4 << 20, shapes })
  for (const [index, other] of [...others.entries()].reverse()) {
    cache.set(`other ${index}`, other.value, { query: other.query })
  }
  cache.set('it', value, { query })
  return cache
}

/**
 * What is read before the mutation begins.
 * @type {Record<string, (cache: import('../../lib/index.js').Cache) => void>}
 */
const BEFORE = {
  nothing: () => {},
  'the answer': (cache) => void cache.get('it'),
  'the answer, before something else changed': (cache) => {
    cache.get('it')
    cache.invalidate(['something else'])
  },
}

for (const { topic, vectors } of readVectors()) {
  group(`on the server, ${topic}:`, () => {
    for (const vector of vectors) {
      test(vector.name, () => {
        for (const [what, read] of Object.entries(BEFORE)) {
          const cache = openWith(vector)
          read(cache)
          const token = newToken()
          cache.begin(token, { principal: PRINCIPAL, operations: vector.operations })
          for (const turn of ['first', 'second', 'third']) {
            const view = cache.view({ principal: PRINCIPAL, tokens: [token] })
            const wanted = JSON.stringify(vector.overlaid)
            const said = `the ${turn} view, after ${what} was read`
            assert.equal(JSON.stringify(cache.get('it', view)), wanted, said)
            assert.equal(cache.getBytes('it', view)?.toString(), wanted, said)
            assert.equal(JSON.stringify(cache.get('it', view, { base: true })), JSON.stringify(vector.value), said)
            view.close()
          }
          cache.close()
        }
      })
    }
  })
}
