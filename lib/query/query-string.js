/**
 * Encodes arguments the way Payload's REST API parses them (qs-esm with `allowEmptyArrays`):
 * `where[status][in][0]=pending`, `where[id][in][]=`. Names and values are percent-encoded, brackets stay readable.
 * @param {Record<string, any>} args plain JSON
 * @returns {string} with a leading `?`, or empty
 */
export function queryString(args) {
  /** @type {string[]} */
  const pairs = []
  /** @type {(name: string, value: any) => void} */
  const add = (name, value) => {
    if (Array.isArray(value) && value.length === 0) pairs.push(`${name}[]=`)
    else if (value !== null && typeof value === 'object') {
      for (const member of Object.keys(value)) add(`${name}[${encodeURIComponent(member)}]`, value[member])
    } else pairs.push(`${name}=${encodeURIComponent(value)}`)
  }
  for (const name of Object.keys(args)) add(encodeURIComponent(name), args[name])
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
