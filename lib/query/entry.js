/** What is kept of one query beside the QueryClient. */
import { answersIn, noteVersion, versionOfAnswer } from './answers.js'
import { share } from './share.js'
import { compareVersions } from './version.js'

/** @typedef {import('@tanstack/react-query').Query<any, any, any, any>} Query */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */

/**
 * @typedef {object} Entry
 * @property {Query} query
 * @property {QueryDescription} description
 * @property {any} base what the server said
 * @property {number} clock of the engine when the fetch began that brought the base
 * @property {number} fetchClock of the engine when the latest fetch began
 * @property {{ answer: any, clock: number }} [waiting] the next base
 * @property {Query['setData']} setData the query's own
 * @property {Query['setState']} setState the query's own
 */

/**
 * An answer, and the clock of the engine when its fetch began.
 * @typedef {{ answer: any, clock: number, description: QueryDescription }} Source
 */

/** The clock of a base that came from no fetch: older than every commit. */
export const BEFORE_ALL = -1

/**
 * @param {Query} query
 * @param {QueryDescription} description
 * @returns {Entry}
 */
export const createEntry = (query, description) => ({
  query,
  description,
  base: query.state.data,
  clock: BEFORE_ALL,
  fetchClock: BEFORE_ALL,
  setData: query.setData.bind(query),
  setState: query.setState.bind(query),
})

/** @type {(entry: Entry) => Source[]} */
export const sourcesOf = ({ base, clock, description }) =>
  answersIn(base, description).map((answer) => ({ answer, clock, description }))

/**
 * Does an answer have what the layer committed? By version where both are of one generation; else its fetch must have
 * begun after the commit was learned.
 * @param {Pick<Source, 'answer' | 'clock'>} source
 * @param {Layer} layer
 */
export function covers({ answer, clock }, layer) {
  if (!layer.outcome) return false
  const order = compareVersions(versionOfAnswer(answer), layer.outcome.version)
  return order === undefined ? clock >= layer.clock : order >= 0
}

/** @type {(source: Pick<Source, 'answer' | 'clock'>, layers: Layer[]) => import('./layer.js').Operation[]} */
export const missedBy = (source, layers) =>
  layers.filter((layer) => !covers(source, layer)).flatMap(({ operations }) => operations)

/**
 * Have all answers of a query what the layer committed?
 * @param {Entry} entry
 * @param {Layer} layer
 */
export function isCovered(entry, layer) {
  const sources = sourcesOf(entry)
  return (sources.length > 0 ? sources : [{ ...entry, answer: null }]).every((source) => covers(source, layer))
}

/**
 * @param {Entry} entry
 * @param {any} data
 * @param {any} like of which versions the answers are
 */
export function setBase(entry, data, like) {
  const { description } = entry
  const base = share(entry.base, data)
  const answers = answersIn(like, description)
  answersIn(base, description).forEach((answer, at) => noteVersion(answer, versionOfAnswer(answers[at])))
  entry.base = base
}
