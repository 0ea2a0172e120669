/**
 * `node truth-main.js <first seed> <sequences> [url of a PostgreSQL database]`: a process of its own, because node's
 * test runner slows every promise down. Prints `{ hits, reads, joined, replays }` as JSON, or what went wrong, cut
 * down; and on standard error how far it is.
 */
import assert from 'node:assert/strict'
import process from 'node:process'
import { Random } from './schedules-random.js'
import { randomSequence, runSequence, shrink } from './truth-run.js'
import { openTruthShop } from './truth-shop.js'

const SEQUENCES_BETWEEN = 1000

const [first, sequences] = process.argv.slice(2, 4).map(Number)
const shop = await openTruthShop(process.argv[4])
const total = { hits: 0, reads: 0, joined: 0 }
for (let seed = first; seed < first + sequences; seed++) {
  const sequence = randomSequence(new Random(seed))
  try {
    const { hits, reads, joined } = await runSequence(shop, sequence)
    total.hits += hits
    total.reads += reads
    total.joined += joined
    if ((seed + 1 - first) % SEQUENCES_BETWEEN === 0) console.error(`sequences up to seed ${seed} are well`)
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) throw error
    const smallest = await shrink(shop, sequence)
    console.error(`seed ${seed} went wrong; cut down: ${JSON.stringify(smallest)}`)
    await runSequence(shop, smallest)
    throw error
  }
}
const { replays } = shop.cache.stats()
await shop.close()
console.log(JSON.stringify({ ...total, replays }))
