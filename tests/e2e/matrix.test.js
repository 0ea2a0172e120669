// The scenarios of the order board again, under every condition that makes sense for them: the same is shown, in the
// same order, and stored, and said.
//
// Here each scenario is played once, and each condition at least once; SEED=… draws others. PLAYS=all plays all of
// them, as `npm run test:soak` does.
import assert from 'node:assert/strict'
import process from 'node:process'
import { Random } from '../node/schedules-random.js'
import { CONDITIONS } from './support/conditions.js'
import { collect, play } from './support/scenario.js'

const SEED = Number(process.env.SEED ?? 1)

/** @typedef {{ scenario: import('./support/scenario.js').Scenario, name: string }} Play */

const scenarios = await collect(['change', 'reload', 'columns', 'others', 'cache', 'forms'])

/** @param {import('./support/scenario.js').Scenario} scenario @returns {string[]} the conditions that make sense */
const fitFor = ({ unfit }) => Object.keys(CONDITIONS).filter((name) => !Object.values(unfit).flat().includes(name))

/** @returns {Play[]} one of each scenario, the conditions in turn as far as they fit */
function selection() {
  const random = new Random(SEED)
  const played = new Map(Object.keys(CONDITIONS).map((name) => [name, random.next()]))
  // Those that leave the least choice first.
  const choice = (/** @type {import('./support/scenario.js').Scenario} */ one) => fitFor(one).length
  const playable = scenarios.filter((one) => choice(one) > 0).sort((one, other) => choice(one) - choice(other))
  const plays = playable.map((scenario) => {
    const [name] = fitFor(scenario).sort((one, other) => played.get(one) - played.get(other))
    played.set(name, played.get(name) + 1)
    return { scenario, name }
  })
  assert.deepEqual(new Set(plays.map(({ name }) => name)), new Set(Object.keys(CONDITIONS)))
  return plays
}

/** @returns {Play[]} */
const all = () => scenarios.flatMap((scenario) => fitFor(scenario).map((name) => ({ scenario, name })))

for (const { scenario, name } of process.env.PLAYS === 'all' ? all() : selection()) play(scenario, name, SEED)
