import { isDeepStrictEqual } from 'node:util'

/**
 * What a page may show, by rules as plain as they can be. The database is kept at each of its versions. A query
 * stands on one version, or goes on to one whose answer came, never back; a mutation lies over it until its failure
 * is known, or the version has it. Between the server's decision and the moment when the page learns of it, both are
 * allowed. Where several accounts of what was shown are possible, all of them are kept.
 */
export class Model {
  /** Database by version. @type {Map<number, any>} */
  history = new Map()
  /** In the order of the users' actions, which is that of the tokens. @type {any[]} */
  mutations = []
  /** By name of a query: what it may stand on now, and the versions of answers that came. */
  #stands = new Map()
  /** Versions of what was forgotten: others may still go by it. */
  #former = []

  /** Nothing is loaded of this query. */
  forget({ name }) {
    this.#former.push(...(this.#stands.get(name)?.accounts ?? []).map(({ version }) => version))
    this.#stands.set(name, { accounts: [{ version: undefined, edits: [] }], came: [] })
  }

  /** An answer came. It may be dropped all the same, when its fetch was cancelled. */
  comes({ name }, version) {
    this.#stands.get(name).came.push(version)
  }

  /** A page was hydrated that was rendered from this version. */
  hydrates({ name }, version, isKnown) {
    const stand = this.#stands.get(name)
    stand.accounts = stand.accounts.map((account) => {
      const isTaken = account.version === undefined || (!isKnown && version > account.version)
      return isTaken ? { version, edits: [] } : account
    })
  }

  /** The user wrote into a query: `edit` does it to an answer, in place. That may be one that waits for others. */
  edits({ name }, edit) {
    const stand = this.#stands.get(name)
    const possible = [...stand.accounts, ...goingOn(stand)]
    stand.accounts = possible.map(({ version, edits }) => ({ version, edits: [...edits, edit] }))
  }

  /** @returns {boolean} is this what the query may show? */
  accepts(query, shown) {
    const stand = this.#stands.get(query.name)
    const possible = [...stand.accounts, ...goingOn(stand)].filter((account) =>
      this.#showing(query, account).some(({ answer, layers }) =>
        agrees(query, answer, layers, shown, (document) => this.#isElsewhere(query, account, document))
      )
    )
    if (possible.length === 0) return false
    const isNew = ({ version, edits }, index) =>
      possible.findIndex((other) => other.version === version && isDeepStrictEqual(other.edits, edits)) === index
    stand.accounts = possible.filter(isNew)
    return true
  }

  expected(query) {
    return this.#stands.get(query.name).accounts.flatMap((account) =>
      this.#showing(query, account).map(({ answer }) => answer)
    )
  }

  /** May another query know of a newer version in which the document does not belong to this one any more? */
  #isElsewhere({ status }, account, { id }) {
    const stands = [...this.#stands.values()]
    const present = stands.flatMap(({ accounts, came }) => [...came, ...accounts.map(({ version }) => version)])
    const versions = [...present, ...this.#former]
    const isOut = (version) => this.history.get(version).orders.find((order) => order.id === id).status !== status
    return versions.some((version) => version > account.version && isOut(version))
  }

  /** Everything that may be shown by this account. */
  #showing(query, { version, edits }) {
    if (version === undefined) return [{ layers: [] }]
    let choices = [[]]
    for (const mutation of this.mutations) {
      const ways = waysOf(mutation, version)
      choices = choices.flatMap((layers) => ways.map((data) => (data ? [...layers, { ...mutation, data }] : layers)))
    }
    return choices.map((layers) => {
      const answer = query.ask(this.history.get(version))
      edits.forEach((edit) => edit(answer))
      return { answer: lay(answer, query, layers), layers }
    })
  }
}

/** What a query may stand on next. */
function goingOn({ accounts, came }) {
  const goesOn = (to) => accounts.some(({ version }) => version === undefined || version <= to)
  return [...new Set(came)].filter(goesOn).map((version) => ({ version, edits: [] }))
}

/** The data with which a mutation may lie over this version; undefined: not at all. */
function waysOf({ state, known, data, saved, isUnheard, version: committed }, version) {
  if (state === 'pending') return [data]
  if (!known) return saved ? [data, saved, undefined] : [data, undefined]
  if (state !== 'committed' || committed <= version) return [undefined]
  // An answer that was lost comes again when it is asked for again.
  return isUnheard && saved ? [data, saved] : [saved ?? data]
}

/**
 * Is this base and overlay? What comes from another query is shown as that one last had it, so all that is asked of it
 * is that it belongs there: another customer in an order, an order in a list with a where. That loses what a newer
 * answer shows elsewhere.
 */
function agrees(query, answer, layers, shown, isElsewhere) {
  if (!answer || !shown) return answer === shown
  const layersOn = ({ id }) => layers.filter((layer) => layer.collection === query.collection && layer.id === id)
  const agree = (expected, document) => {
    const customers = query.depth > 0 ? layersOn(expected).flatMap(({ data }) => data.customer ?? []) : []
    if (customers.length === 0) return isDeepStrictEqual(expected, document)
    const { customer, ...rest } = document
    const isOneOfThem = [expected.customer?.id, ...customers].includes(customer?.id)
    return isOneOfThem && isDeepStrictEqual({ ...expected, customer: undefined }, { ...rest, customer: undefined })
  }
  if (!answer.docs) return agree(answer, shown)
  if (!query.status) {
    const { docs, ...numbers } = answer
    const { docs: shownDocs, ...shownNumbers } = shown
    const isSame = docs.length === shownDocs.length && docs.every((document, index) => agree(document, shownDocs[index]))
    return isSame && isDeepStrictEqual(numbers, shownNumbers)
  }
  const moves = (document) => layersOn(document).some(({ data }) => data.status && data.status !== query.status)
  const staying = answer.docs.filter((document) => !moves(document))
  return (
    shown.docs.every(({ status }) => status === query.status) &&
    staying.every((expected) => {
      const document = shown.docs.find(({ id }) => id === expected.id)
      return document ? agree(expected, document) : isElsewhere(expected)
    }) &&
    shown.docs.every((document) => layersOn(document).length || staying.some(({ id }) => id === document.id))
  )
}

/** Lays updates over an answer, in place. */
function lay(answer, { collection, depth }, layers) {
  for (const document of answer.docs ?? [answer]) {
    for (const layer of layers) {
      if (layer.collection === collection && layer.id === document.id) put(document, layer.data, depth)
      const { customer } = document
      if (layer.collection === 'customers' && customer?.id === layer.id) put(customer, layer.data, 0)
    }
  }
  return answer
}

function put(document, data, depth) {
  for (const [name, value] of Object.entries(data)) {
    if (name === 'address') Object.assign(document.address, value)
    // Another customer than the one shown cannot be shown where customers are populated.
    else if (name !== 'customer' || depth === 0) document[name] = value
  }
}
