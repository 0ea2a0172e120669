/**
 * What the vectors call committed is what a real Payload on SQLite answers once their operations were made. Those
 * that are to be a miss are left out: the databases differ on them, or nobody can know.
 */
import assert from 'node:assert/strict'
import { after, before, describe as group, test } from 'node:test'
import { openVectorShop, SHAPES } from './support/vector-shop.js'
import { readVectors } from './support/vectors.js'

/** @type {Awaited<ReturnType<typeof openVectorShop>>} */
let shop

before(async () => {
  shop = await openVectorShop()
})

after(() => shop.close())

for (const { topic, vectors } of readVectors()) {
  group(`on SQLite, ${topic}:`, () => {
    for (const { name, documents, shapes, query, value, operations, committed } of vectors) {
      if (committed === 'miss' || documents === undefined) continue
      test(name, async () => {
        for (const slug of Object.keys(shapes)) {
          const known = /** @type {Record<string, object>} */ (SHAPES)[slug]
          if (known) assert.deepEqual(shapes[slug], known, `the shape of ${slug}`)
        }
        await shop.seed(documents)
        assert.deepEqual(await shop.ask(query), value, 'before')
        for (const operation of operations) await shop.apply(operation)
        assert.deepEqual(await shop.ask(query), committed, 'after')
      })
    }
  })
}
