/**
 * Payload's own GraphQL queries, answered from the cache, when the option `graphql` says so: those whose root fields
 * are all Payload's own lists, documents and counts of declared collections.
 *
 * What is kept is the result that Payload's handler made. It is never replayed, but dropped when something changes in a
 * collection that it shows, or that its conditions look into. What the user may see is asked of access control at every
 * request, as for a view, and is part of the key. Nothing pending is laid over, as with REST.
 *
 * The request that is to load an answer runs, and its own end is what the cache waits for; who asks the same meanwhile
 * waits with it, and runs alone when no answer came of it that can be kept.
 */
import { createHash } from 'node:crypto'
import { accessOf, everythingFrom, stableJSON, whoOf } from '../next/question.js'
import { isKnown, tagOf } from './conditional.js'
import { expose, principalOf, setVersionHeader } from './request.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('./graphql.js').Turn} Turn */
/** @typedef {import('./graphql.js').Info} Info */
/** @typedef {import('payload').PayloadRequest} PayloadRequest */
/** @typedef {typeof import('graphql')} Library */

/**
 * @typedef {object} Root a root field of Payload's own
 * @property {string} collection
 * @property {'find' | 'findByID' | 'count'} type
 */

/**
 * @typedef {object} Roots
 * @property {Library} library that the schema is made with
 * @property {Map<string, Root>} fields by name
 * @property {Map<string, string>} slugs of collections, by the name of their documents' type
 */

/**
 * @param {Library} library
 * @param {Record<string, any>} collections as the schema has them
 * @param {string[]} declared
 * @returns {Roots}
 */
export function rootsOf(library, collections, declared) {
  /** @type {Roots} */
  const roots = { library, fields: new Map(), slugs: new Map() }
  for (const [collection, { graphQL }] of Object.entries(collections)) {
    if (!graphQL) continue
    const { type, paginatedType } = graphQL
    roots.slugs.set(type.name, collection)
    if (!declared.includes(collection)) continue
    roots.fields.set(type.name, { collection, type: 'findByID' })
    roots.fields.set(paginatedType.name, { collection, type: 'find' })
    roots.fields.set(`count${paginatedType.name}`, { collection, type: 'count' })
  }
  return roots
}

/** @implements {Turn} */
export class Reading {
  /** @type {{ root: Root, args: any, name: string | number }[]} */
  #asked = []
  #runtime
  #req
  #info
  #roots
  /** @type {Promise<import('../cache/types.js').FetchedEntry> | undefined} */
  #entry
  /** @type {((answer: object | Promise<never>) => void) | undefined} */
  #give
  runs

  /**
   * @param {Runtime} runtime
   * @param {PayloadRequest} req
   * @param {Info} info of its first field
   * @param {Roots} roots
   */
  constructor(runtime, req, info, roots) {
    this.#runtime = runtime
    this.#req = req
    this.#info = info
    this.#roots = roots
    // All root fields of a query are begun before anything that waits goes on.
    this.runs = Promise.resolve().then(() => this.#decide())
  }

  /**
   * @param {Root} root
   * @param {any} args
   * @param {Info} info
   */
  add(root, args, { path }) {
    this.#asked.push({ root, args, name: path.key })
  }

  /** @param {() => Promise<any>} respond */
  async end(respond) {
    if (!(await this.runs)) return this.#conditional((await this.#entry)?.value)
    try {
      const answer = await respond()
      const isKept = this.#isKeepable(answer)
      this.#give?.(isKept ? answer : Promise.reject(new Error('the answer is not to be kept')))
      return isKept && this.#entry ? this.#conditional(answer) : answer
    } catch (error) {
      this.#give?.(Promise.reject(error))
      throw error
    }
  }

  /**
   * Whether all that it shows is of Payload's own fields.
   * @param {any} answer
   */
  #isKeepable(answer) {
    const names = new Set(this.#asked.map(({ name }) => name))
    return !Array.isArray(answer) && !answer.errors && Object.keys(answer.data).every((name) => names.has(name))
  }

  async #decide() {
    const { cache } = this.#runtime
    const question = await this.#question()
    if (question === undefined) return true
    setVersionHeader(this.#req, cache, cache.version)
    return new Promise((resolve) => {
      const load = () => {
        resolve(true)
        return new Promise((give) => (this.#give = give))
      }
      this.#entry = cache.fetchEntry(question.key, { tags: question.tags }, load)
      this.#entry.then(
        () => resolve(false),
        () => resolve(true),
      )
    })
  }

  /** @returns {Promise<{ key: string, tags: string[] } | undefined>} undefined for what goes past the cache */
  async #question() {
    const { payload } = this.#runtime
    const { search, user } = this.#req
    const shown = collectionsIn(this.#info, this.#roots)
    if (![...shown].every((slug) => this.#runtime.keepsAll(slug))) return undefined

    const collections = new Set([...this.#asked.map(({ root }) => root.collection), ...shown])
    const rights = await this.#rights(collections)
    const principal = principalOf(user)
    const scope = this.#runtime.scopeOf(user, [...collections])
    const { fallbackLocale, locale } = this.#req
    const who = whoOf(user, principal, scope)
    const asked = stableJSON([...this.#text(), locale, fallbackLocale, search, who, rights])
    return {
      key: `graphql ${createHash('sha256').update(asked).digest('base64url')}`,
      tags: [
        ...everythingFrom(payload, [...collections], this.#looksFurther(rights) ? Infinity : 0),
        ...(scope === principal && user ? [principal] : []),
      ],
    }
  }

  /**
   * What access control says of each collection, and of each document that is asked for by its id.
   * @param {Set<string>} collections
   */
  async #rights(collections) {
    const ask = (/** @type {Set<string>} */ slugs, /** @type {any} */ id) =>
      accessOf(this.#runtime.payload, this.#req.user, slugs, id, this.#req)
    const single = this.#asked.filter(({ root }) => root.type === 'findByID')
    const documents = single.map(({ root, args }) => ask(new Set([root.collection]), args.id))
    return Promise.all([ask(collections, undefined), ...documents])
  }

  /** However it was written. */
  #text() {
    const { fragments, operation, variableValues } = this.#info
    return [...[operation, ...Object.values(fragments)].map(this.#roots.library.print), variableValues]
  }

  /**
   * Whether conditions, or an order, may ask what documents that relations lead to are like.
   * @param {unknown} rights
   */
  #looksFurther(rights) {
    const asks = this.#asked.map(({ args: { sort, where } }) => [sort, where])
    return /__|\./.test(JSON.stringify([asks, rights]))
  }

  /** @param {any} answer */
  #conditional(answer) {
    const req = this.#req
    // To the other methods a precondition is another one (RFC 9110, section 13.1.2).
    if (req.method !== 'GET') return answer
    const tag = tagOf(JSON.stringify(answer))
    req.responseHeaders ??= new Headers()
    req.responseHeaders.set('ETag', tag)
    req.responseHeaders.set('Cache-Control', 'private, no-cache')
    expose(req, 'ETag')
    return isKnown(req.headers.get('If-None-Match'), tag) ? [null, { status: 304 }] : answer
  }
}

/**
 * The collections whose documents a request may show.
 * @param {Info} info
 * @param {Roots} roots
 */
function collectionsIn({ fragments, operation, schema }, { library, slugs }) {
  const { getNamedType, isAbstractType, Kind, TypeInfo, visit, visitWithTypeInfo } = library
  /** @type {Set<string>} */
  const shown = new Set()
  const types = new TypeInfo(schema)
  const note = () => {
    const type = getNamedType(types.getType())
    for (const one of isAbstractType(type) ? schema.getPossibleTypes(type) : [type]) {
      const slug = slugs.get(String(one?.name))
      if (slug !== undefined) shown.add(slug)
    }
  }
  const definitions = [operation, ...Object.values(fragments)]
  visit({ kind: Kind.DOCUMENT, definitions }, visitWithTypeInfo(types, { Field: note }))
  return shown
}
