import { deepFreeze } from './json.js'

/**
 * A list with changes in some of its documents, which shares everything else with the list as it was.
 * @param {any} list deep-frozen
 * @param {string} text `[[index, id, member, value, …], [index, id, document, …]]`: members that become others, those
 *   of one document in a row, and documents that are replaced
 * @returns {any} deep-frozen; undefined when the list has other documents at these places
 */
export function changedIn(list, text) {
  const [changes, replaced] = JSON.parse(text)
  const docs = [...list.docs]
  for (let at = 0, document; at < changes.length; at += 4) {
    const index = changes[at]
    if (index !== changes[at - 4]) {
      if (docs[index]?.id !== changes[at + 1]) return undefined
      document = docs[index] = { ...docs[index] }
    }
    // It has that member itself, so this sets it even when it is called __proto__.
    document[changes[at + 2]] = deepFreeze(changes[at + 3])
    if (index !== changes[at + 4]) Object.freeze(document)
  }
  for (let at = 0; at < replaced.length; at += 3) {
    if (docs[replaced[at]]?.id !== replaced[at + 1]) return undefined
    docs[replaced[at]] = deepFreeze(replaced[at + 2])
  }
  return Object.freeze({ ...list, docs: Object.freeze(docs) })
}
