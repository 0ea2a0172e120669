import { deepFreeze } from './json.js'

/**
 * A list with changes in some of its documents, which shares everything else with the list as it was.
 * @param {any} list deep-frozen
 * @param {string} text `[[index, id, { member: value, … }, …], [index, id, document, …]]`: of the first documents these
 *   members become others, the second ones are replaced
 * @returns {any} deep-frozen; undefined when the list has other documents at these places
 */
export function changedIn(list, text) {
  const [merged, replaced] = JSON.parse(text)
  const docs = [...list.docs]
  for (let at = 0; at < merged.length; at += 3) {
    const document = docs[merged[at]]
    if (document?.id !== merged[at + 1]) return undefined
    const members = merged[at + 2]
    for (const name of Object.keys(members)) deepFreeze(members[name])
    docs[merged[at]] = Object.freeze({ ...document, ...members })
  }
  for (let at = 0; at < replaced.length; at += 3) {
    if (docs[replaced[at]]?.id !== replaced[at + 1]) return undefined
    docs[replaced[at]] = deepFreeze(replaced[at + 2])
  }
  return Object.freeze({ ...list, docs: Object.freeze(docs) })
}
