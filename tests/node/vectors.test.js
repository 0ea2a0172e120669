/**
 * The shared cases, see tests/vectors/README.md on objects, as the browser's engine lays them over.
 */
import assert from 'node:assert/strict'
import { describe as group, test } from 'node:test'
import { holds, layOver } from '../../lib/query/lay-over.js'
import { knownIn } from '../../lib/query/overlay/documents.js'
import { describe, readVectors } from './support/vectors.js'

const topics = readVectors()

/** @param {any} vector */
function overlaid({ shapes, query, value, others = [], operations }) {
  const answers = [...others, { query, value }].map(({ query, value }) => ({ answer: value, description: describe(query) }))
  return layOver(value, describe(query), operations, shapes, undefined, knownIn(answers, shapes))
}

test('there are at least 150 vectors, and each has a name of its own', () => {
  const names = topics.flatMap(({ vectors }) => vectors.map(({ name }) => name))
  assert.ok(names.length >= 150, `${names.length}`)
  assert.equal(new Set(names).size, names.length)
})

for (const { topic, vectors } of topics) {
  group(`in the browser, ${topic}:`, () => {
    for (const vector of vectors) {
      test(vector.name, () => {
        const before = structuredClone(vector)
        const shown = overlaid(vector)
        assert.deepEqual(shown, vector.overlaid)
        assert.deepEqual(vector, before, 'what is cached was written into')
        const isChanged = JSON.stringify(shown) !== JSON.stringify(vector.value)
        if (!isChanged && vector.operations.length === 1 && !vector.query.global) assert.equal(shown, vector.value, 'what is as it was is not the same object')
        const isHeld = holds(vector.value, describe(vector.query), vector.operations, vector.shapes)
        assert.ok(isHeld || !isChanged, 'an answer that the operations change does not count as one that they may')
      })
    }
  })
}
