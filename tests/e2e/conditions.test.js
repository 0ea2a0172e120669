// Every kind of change at once, saved and refused, under every condition. What a page showed is compared value by
// value: nothing old comes back, and nothing new is seen twice.
//
// SEED=… repeats what a condition draws, like the moments at which pages are loaded again; CONDITION_ROUNDS=… tries
// more of those.
import assert from 'node:assert/strict'
import process from 'node:process'
import { endsAsStored, hasShown, LATER_SEQUENCES, makeChanges, plan, SEQUENCES, tokensOf } from './support/changes.js'
import { columnsIn } from './support/columns.js'
import { CONDITIONS, RELOADS } from './support/conditions.js'
import { play } from './support/scenario.js'

const SEED = Number(process.env.SEED ?? 1)
const ROUNDS = Number(process.env.CONDITION_ROUNDS ?? 1)

/** @param {'saved' | 'refused'} end @returns {Pick<import('./support/scenario.js').Scenario, 'sentence' | 'body'>} */
const changes = (end) => ({
  sentence: `changes that are ${end} end so, without a flicker`,
  async body({ app, as }) {
    const [user, grace] = [await as('admin'), await as('grace')]
    const planned = await plan(user)
    const page = await user.open('/')
    const unchanged = columnsIn(await grace.html('/'))
    await app.faults({ delayMs: 25_000, fail: end === 'saved' ? 'none' : 'rollback' })
    const sent = await makeChanges(page, planned)
    await user.begun(...(await tokensOf(page)))
    assert.deepEqual(columnsIn(await grace.html('/')), unchanged, 'others see nothing of it')
    for (const token of sent) assert.equal((await user.mutation(token)).state, 'pending', 'it was to be in mid-flight')
    await user.settled(...sent)
    await endsAsStored(user, page)
    await hasShown(page, planned, SEQUENCES[end])
    for (const other of user.later) await hasShown(other, planned, LATER_SEQUENCES[end])
  },
})

for (const end of /** @type {const} */ (['saved', 'refused'])) {
  for (const name of Object.keys(CONDITIONS)) {
    const rounds = name === RELOADS ? ROUNDS : 1
    for (let round = 0; round < rounds; round++) play(changes(end), name, SEED + round)
  }
}
