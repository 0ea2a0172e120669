/**
 * The time between a mutation's begin, before the database is touched, and its settling, after the transaction ended.
 *
 *   beforeOperation   take(token) ──┐
 *   adapter write                   touch(document) ─► the write ─► wrote(document) ──┐
 *   COMMIT, ROLLBACK                                                                  commit() | rollback() | expire()
 *
 * One bracket spans one transaction, however many operations take part in it. Its documents belong to the client's
 * token while that has room. What does not fit, and what was written without a token, goes to internal tokens that
 * nobody can present, so that no limit of a client's ever stands in the way of a write; and when the cache has no room
 * even for those, the documents are invalidated after the commit instead of bracketed before it.
 *
 * A cache that is reset in the meantime (another process died while it wrote to the arena) knows nothing of the
 * mutations that were pending. Whoever settles one of them then invalidates all that it touched.
 */
import { v7 as newToken } from 'uuid'
import { toRequestError } from './errors.js'
import { setVersionHeader } from './request.js'

/** @typedef {import('../index.js').Cache} Cache */
/** @typedef {import('../cache/types.js').Operation} Operation */
/** @typedef {import('../cache/types.js').DocumentOperation} DocumentOperation */
/** @typedef {import('./request.js').PayloadRequest} PayloadRequest */

/**
 * @typedef {object} Touched a document, or, without `id`, some document of the collection
 * @property {'create' | 'update' | 'delete'} type
 * @property {string} collection
 * @property {string | number} [id]
 * @property {string | undefined} token whose it is; undefined when it is not bracketed
 * @property {number} writes begun on it
 * @property {boolean} [learns] what the writes do to it is looked at
 * @property {string} [locale] in which it is read, before and after; the default one unless given
 * @property {unknown} [translations] what it said in other locales before its first write
 * @property {Record<string, unknown>} [before] the document before its first write
 * @property {Record<string, unknown>} [after] the document after its last one
 * @property {{ data: Record<string, unknown>, previous: Record<string, unknown> }} [changes] what all writes came to
 */

const NO_ROOM = new Set([
  'ERR_OPTIMISTIC_FULL',
  'ERR_OPTIMISTIC_LIMIT_OPERATIONS',
  'ERR_OPTIMISTIC_LIMIT_BYTES',
  'ERR_OPTIMISTIC_LIMIT_MUTATIONS',
  // It expired while its transaction went on.
  'ERR_OPTIMISTIC_TOKEN_SETTLED',
  'ERR_OPTIMISTIC_TOKEN_UNKNOWN',
])
const TAGS_AT_ONCE = 256
/** Documents of one transaction whose changes are learnt, at two reads each; those after them are invalidated. */
const LEARNT_MOST = 32
/** Data that JavaScript can hold and the cache cannot. */
const UNSHOWABLE = /^ERR_OPTIMISTIC_(JSON|UTF8)/

export class Bracket {
  /** @type {Map<string, Touched>} */
  #documents = new Map()
  /** Token → principal, the client's first. @type {Map<string, string>} */
  #tokens = new Map()
  /** @type {Set<PayloadRequest>} */
  #requests = new Set()
  #cache
  #ttl
  #referrersOf
  #noteCreated
  #generation
  #learnt = 0
  /** What the client's mutation creates. @type {string | undefined} */
  #creates
  /** The client's token. @type {string | undefined} */
  token
  /** Writes that the database answered without an error. */
  completed = 0
  /** Collection → what the bulk update under way sets in each document that it comes to. @type {Map<string, any>} */
  bulkData = new Map()
  open = true
  /** The request is one that `afterError` hears of when it fails: REST's, or GraphQL's. */
  hasAnswer = false

  /**
   * @param {object} context
   * @param {Cache} context.cache
   * @param {number} [context.ttl] milliseconds after which a mutation that nobody settled expires
   * @param {(collection: string) => string[]} context.referrersOf
   * @param {(principal: string, token: string, id: string | number) => void} context.noteCreated hears the id of the
   *   document that a client's mutation created, before the mutation is settled
   */
  constructor({ cache, ttl, referrersOf, noteCreated }) {
    this.#cache = cache
    this.#ttl = ttl
    this.#referrersOf = referrersOf
    this.#noteCreated = noteCreated
    this.#generation = cache.generation
  }

  /**
   * Begins the client's mutation.
   * @param {string} token
   * @param {string} principal
   * @param {DocumentOperation[]} operations
   * @param {PayloadRequest} req gets the version of the commit into its answer's headers
   * @throws {import('./errors.js').OptimisticRequestError} 409, 413, 429, 503
   */
  take(token, principal, operations, req) {
    try {
      this.#enterShowable((mutation) => this.#cache.claim(token, mutation), principal, operations)
    } catch (error) {
      throw toRequestError(error)
    }
    this.token = token
    this.#creates = operations[0]?.type === 'create' ? operations[0].collection : undefined
    this.#tokens = new Map([[token, principal], ...this.#tokens])
    this.#requests.add(req)
    this.hasAnswer = req.payloadAPI !== 'local'
    // A temporary id is the token's, and no document's that a write could name.
    for (const { id, ...operation } of operations) this.#note(id === token ? operation : { ...operation, id }, token)
  }

  /**
   * Call it before the database is touched. A document that was touched before stays as it is. One whose id is too long
   * for a tag is some document of its collection; no answer that shows it is kept.
   * @param {DocumentOperation} operation
   * @returns {Touched}
   */
  touch(operation) {
    const known = this.#documents.get(keyOf(operation))
    if (known === undefined) {
      try {
        return this.#note(operation, this.#beginSomewhere(operation))
      } catch (error) {
        const { type, collection, id } = operation
        if (codeOf(error) !== 'ERR_OPTIMISTIC_TAG_SIZE' || id === undefined) throw error
        return this.touch({ type, collection })
      }
    }
    // Deleted and made again: all that can be said is that it changed.
    if (known.type === 'delete' && operation.type !== 'delete') known.type = 'update'
    if (known.type === 'update' && operation.type === 'delete') known.type = 'delete'
    return known
  }

  /**
   * Whether it is still to be learnt what the writes do to a document, of which a transaction may have many.
   * @param {Touched} document
   */
  mayLearn(document) {
    if (!document.learns && this.#learnt < LEARNT_MOST) {
      document.learns = true
      this.#learnt++
    }
    return document.learns === true
  }

  /**
   * Settles after the database committed.
   * @returns {number} the version
   */
  commit() {
    if (!this.#close()) return this.#cache.version
    const written = this.#written()
    const isLost = this.#isLost()
    this.#tellCreated()
    // Before the commits, so that their versions, which clients compare by, include it.
    this.#invalidateStray(written, isLost)
    let version = this.#cache.version
    for (const token of this.#tokens.keys()) {
      if (isLost) this.#settleAgain(token, () => this.#cache.commit(token, { operations: [] }))
      const own = isLost ? [] : written.filter((document) => document.token === token)
      version = Math.max(version, isLost ? this.#cache.version : this.#commitOne(token, own))
    }
    for (const req of this.#requests) setVersionHeader(req, this.#cache, version)
    return version
  }

  /** @param {string} reason for the client to read */
  rollback(reason) {
    this.#giveUp((token) => this.#cache.rollback(token, { reason }), [])
  }

  /**
   * Settles when nobody knows what became of the transaction.
   * @param {string} reason for the client to read
   */
  expire(reason) {
    this.#giveUp((token) => this.#cache.expire(token, { reason }), this.#written())
  }

  /**
   * @param {(token: string) => void} settle
   * @param {Touched[]} stray the documents that may have been written; of these the tokens do not name all
   */
  #giveUp(settle, stray) {
    if (!this.#close()) return
    let isLost = this.#isLost()
    for (const token of this.#tokens.keys()) {
      if (isLost) this.#settleAgain(token, () => settle(token))
      else isLost = !isStillKnown(() => settle(token))
    }
    this.#invalidateStray(isLost ? [...this.#documents.values()] : stray, isLost)
  }

  /** Was the cache reset since this began? It knows its mutations no more, or only what was begun after that. */
  #isLost() {
    return this.#cache.generation !== this.#generation
  }

  /**
   * Tells the cache what became of a mutation that it has forgotten, for the client that asks for it.
   * @param {string} token
   * @param {() => void} settle
   */
  #settleAgain(token, settle) {
    try {
      this.#cache.begin(token, { principal: this.#tokens.get(token), operations: [], ttl: this.#ttl })
      settle()
    } catch (error) {
      if (!NO_ROOM.has(codeOf(error))) throw error
    }
  }

  #tellCreated() {
    const { token } = this
    if (token === undefined || this.#creates === undefined) return
    const principal = /** @type {string} */ (this.#tokens.get(token))
    for (const { type, collection, id } of this.#documents.values()) {
      // Those that hooks created come after it.
      if (type === 'create' && collection === this.#creates && id !== undefined) return this.#noteCreated(principal, token, id)
    }
  }

  #close() {
    const { open } = this
    this.open = false
    return open
  }

  #written() {
    return [...this.#documents.values()].filter(({ writes }) => writes > 0)
  }

  /**
   * What no operation of a token's says: documents that found no room in one, and those that referred to a deleted one,
   * which the database has changed by itself (`ON DELETE SET NULL`). An entry that shows the reference depends on the
   * deleted document anyway; one whose where asks for the reference does not, hence the collections.
   * @param {Touched[]} written
   * @param {boolean} all no token's operation says anything
   */
  #invalidateStray(written, all) {
    const deletedFrom = new Set(written.filter(({ type }) => type === 'delete').map(({ collection }) => collection))
    const tags = new Set([...deletedFrom].flatMap(this.#referrersOf))
    for (const { token, collection, id } of written) {
      if (token !== undefined && !all) continue
      tags.add(collection).add(keyOf({ collection, id }))
    }
    const list = [...tags]
    for (let at = 0; at < list.length; at += TAGS_AT_ONCE) this.#cache.invalidate(list.slice(at, at + TAGS_AT_ONCE))
  }

  /**
   * @param {DocumentOperation} operation
   * @param {string | undefined} token
   */
  #note({ type, collection, id }, token) {
    /** @type {Touched} */
    const document = { type, collection, id, token, writes: 0 }
    this.#documents.set(keyOf(document), document)
    return document
  }

  /**
   * @param {(mutation: { principal: string, operations: DocumentOperation[], ttl?: number }) => void} enter
   * @param {string} principal
   * @param {DocumentOperation[]} operations
   */
  #enterShowable(enter, principal, operations) {
    try {
      enter({ principal, operations, ttl: this.#ttl })
    } catch (error) {
      if (!UNSHOWABLE.test(codeOf(error))) throw error
      enter({ principal, operations: operations.map(({ data, ...operation }) => operation), ttl: this.#ttl })
    }
  }

  /**
   * @param {DocumentOperation} operation
   * @returns {string | undefined} the token that has room for it
   */
  #beginSomewhere({ data, ...operation }) {
    for (const [token, principal] of this.#tokens) {
      // Only the client can present a token, so only its operations are ever shown.
      const shown = token === this.token && data !== undefined ? { ...operation, data } : operation
      if (this.#hasRoom(token, principal, shown)) return token
    }
    const token = newToken()
    const principal = `internal:${token}`
    if (!this.#hasRoom(token, principal, operation)) return undefined
    this.#tokens.set(token, principal)
    return token
  }

  /**
   * @param {string} token
   * @param {string} principal
   * @param {DocumentOperation} operation
   */
  #hasRoom(token, principal, operation) {
    try {
      this.#enterShowable((mutation) => this.#cache.begin(token, mutation), principal, [operation])
      return true
    } catch (error) {
      if (NO_ROOM.has(codeOf(error))) return false
      throw error
    }
  }

  /**
   * @param {string} token
   * @param {Touched[]} documents
   * @returns {number}
   */
  #commitOne(token, documents) {
    // Too much data, or data that the cache cannot hold: what changed is then said with less of it, or with none.
    for (const toOperation of [whole, changed, named]) {
      try {
        return this.#cache.commit(token, { operations: documents.map(toOperation) })
      } catch (error) {
        if (isForgotten(error)) break
      }
    }
    isStillKnown(() => this.#cache.expire(token, { reason: 'The cache could not take the commit.' }))
    return documents.length > 0 ? this.#cache.record(documents.map(named)) : this.#cache.version
  }
}

/** @param {{ collection: string, id?: string | number }} document */
const keyOf = ({ collection, id }) => (id === undefined ? collection : `${collection}:${id}`)

/**
 * With the documents before and after, from which a replay tells where they move to. It leaves out what the shape says
 * is hidden.
 * @param {Touched} document
 * @returns {DocumentOperation}
 */
function whole(document) {
  const { after: doc, before: previous, changes, type } = document
  if (type === 'create') return doc === undefined ? named(document) : { ...located(document), doc }
  if (type !== 'update' || changes === undefined) return named(document)
  return { ...located(document), data: changes.data, previous, doc }
}

/** @param {Touched} document @returns {DocumentOperation} */
const changed = (document) => ({ ...located(document), ...(document.type === 'update' && document.changes) })

/** @param {Touched} document @returns {DocumentOperation} */
const located = (document) => ({ ...named(document), ...(document.locale && { locale: document.locale }) })

/** Says that the document changed, and not how. @param {Touched} document @returns {DocumentOperation} */
const named = ({ type, collection, id }) => ({ type, collection, id })

/** @param {unknown} error */
const codeOf = (error) => String(/** @type {{ code?: string } | undefined} */ (error)?.code)

/** @param {unknown} error */
const isForgotten = (error) => codeOf(error) === 'ERR_OPTIMISTIC_TOKEN_UNKNOWN'

/**
 * Settles a mutation that may have expired by itself when it outlived its time; its documents were invalidated then.
 * @param {() => void} settle
 * @returns {boolean} false when the cache has forgotten it
 */
function isStillKnown(settle) {
  try {
    settle()
  } catch (error) {
    if (isForgotten(error)) return false
    if (codeOf(error) !== 'ERR_OPTIMISTIC_TOKEN_SETTLED') throw error
  }
  return true
}
