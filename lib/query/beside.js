/**
 * Lists are read one by one, and somebody else may move a document between two of the reads. When the list that it left
 * is read last, no answer shows it, and that cannot be told from a deletion. Such an answer waits until the lists that
 * were read before have been read anew, and all of them are shown in one go.
 */
import { isOlder } from './answers.js'

/** @typedef {import('./entry.js').Entry} Entry */

/** @type {(entry: Entry) => any} */
export const latestOf = ({ base, waiting }) => waiting?.answer ?? base

/** @type {(entry: Entry, other: Entry) => boolean} are they lists between which documents move? */
const areBeside = (entry, other) =>
  other !== entry &&
  entry.description.collection === other.description.collection &&
  [entry, other].every(({ base, description }) => description.args.where && base?.docs)

/**
 * @param {Entry} entry
 * @param {any} answer
 * @param {Entry[]} entries
 * @returns {Entry[]} the lists beside one that show what was before its answer
 */
export const olderBeside = (entry, answer, entries) =>
  entries.filter(
    (other) => areBeside(entry, other) && other.query.isActive() && isOlder(latestOf(other), answer)
  )

/**
 * Has something left a list, of which nobody knows where it is?
 * @param {Entry} entry
 * @param {any} answer
 * @param {Entry[]} entries
 */
export const hasLost = (entry, answer, entries) =>
  // What is not in a part may only be in another.
  answer.docs?.length === answer.totalDocs &&
  entry.base?.docs?.some(
    (/** @type {any} */ { id }) =>
      shows(entry.query.state.data, id) &&
      !shows(answer, id) &&
      !entries.some((other) => areBeside(entry, other) && shows(latestOf(other), id))
  )

/** @type {(answer: any, id: unknown) => boolean} */
const shows = ({ docs }, id) => docs.some((/** @type {any} */ document) => document.id === id)
