/**
 * The shared cases, see tests/vectors/README.md on objects, as the browser's engine lays them over.
 */
import assert from 'node:assert/strict'
import { describe as group, test } from 'node:test'
import { holds } from '../../lib/query/lay-over.js'
import { overlaidByBrowser } from './support/overlaid.js'
import { describe, readVectors } from './support/vectors.js'

const topics = readVectors()

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
        const shown = overlaidByBrowser(vector)
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
