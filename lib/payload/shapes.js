/**
 * From a Payload config to shapes: where documents of which collection occur in an answer, which members are merged,
 * and in which collections an answer can change although no operation on the document says so (`opaque`: such entries
 * are dropped by every operation on the document, never replayed).
 *
 * Opaque are collections with field hooks `afterRead`, field access `read`, virtual or rich text fields, drafts,
 * log-in, uploads, and hooks of the user's around reads. Such a hook must be a function of the document and the
 * request: what else it reads, the cache knows nothing of.
 *
 * Some fields show what no shape can point at, so that an operation on it would find nothing to replay or to drop.
 * `reads` says what an answer needs for that: tags of its own, or not to be kept.
 */

import { draftsOf } from './targets.js'

/** @typedef {import('payload').SanitizedCollectionConfig} CollectionConfig */
/** @typedef {import('payload').FlattenedField} FlattenedField */
/** @typedef {{ slug: string, flattenedFields: FlattenedField[] }} Block */

/**
 * @typedef {object} CompiledShape
 * @property {string[]} groups
 * @property {Record<string, string | string[]>} relations
 * @property {string[]} localized
 * @property {string[]} hidden members that not every answer shows
 * @property {Record<string, 'rows' | 'json' | 'date'>} kinds what a condition asks, where a value does not tell
 * @property {Record<string, import('../cache/types.js').Join>} [joins]
 * @property {true} [trash]
 * @property {true} [opaque]
 */

/**
 * @typedef {object} Reads
 * @property {string[]} tags collections of which any change may change an answer that shows this one
 * @property {string[]} joined collections of which a change may do so, too, and the core knows how
 * @property {'always' | 'flat' | 'never'} keep `flat`: only where its relations are not populated
 */

/** @typedef {{ shape: CompiledShape, reads: Reads }} Compiled */

/** Marks the plugin's own hooks, so that they do not count as the user's. */
export const OWN_HOOK = Symbol.for('payload-optimistic-cache.hook')

/**
 * The declared collections and all that their answers can show, in no particular order.
 * @param {Record<string, { config: CollectionConfig }>} collections of the Payload instance
 * @param {Block[]} blocks of its config, for references
 * @param {string[]} declared
 * @returns {Map<string, Compiled>}
 */
export function compileCollections(collections, blocks, declared) {
  /** @type {Map<string, Compiled>} */
  const compiled = new Map()
  const queue = [...declared]
  for (let slug = queue.pop(); slug !== undefined; slug = queue.pop()) {
    if (compiled.has(slug) || collections[slug] === undefined) continue
    const result = compileCollection(collections[slug].config, blocks)
    for (const join of Object.values(result.shape.joins ?? {})) Object.assign(join, sortOf(join, collections))
    compiled.set(slug, result)
    queue.push(...reachedFrom(result))
  }
  return compiled
}

/**
 * The order of a join of several collections that keep no times, where it has none of its own.
 * @param {import('../cache/types.js').Join} join
 * @param {Record<string, { config: CollectionConfig }>} collections
 */
function sortOf({ collection, sort }, collections) {
  const isTimed = (/** @type {string} */ slug) => collections[slug]?.config.timestamps !== false
  return !sort && Array.isArray(collection) && !collection.some(isTimed) && { sort: 'id' }
}

/**
 * @param {import('payload').SanitizedGlobalConfig[]} globals that are declared
 * @param {Block[]} blocks
 * @returns {Map<string, Compiled>} by slug
 */
export const compileGlobals = (globals, blocks) =>
  new Map(globals.map((config) => [config.slug, compileFields(config.flattenedFields, blocks, true)]))

/**
 * The collections whose documents an answer shows, or depends on, right away.
 * @param {Compiled} compiled
 */
export const reachedFrom = ({ reads, shape }) => [...Object.values(shape.relations).flat(), ...reads.tags]

/**
 * @param {CollectionConfig} config
 * @param {Block[]} blocks
 * @returns {Compiled}
 */
export function compileCollection(config, blocks) {
  const compiled = compileFields(config.flattenedFields, blocks, isOpaqueCollection(config))
  if (config.trash) compiled.shape.trash = true
  return compiled
}

/**
 * @param {FlattenedField[]} fields
 * @param {Block[]} blocks
 * @param {boolean} opaque for another reason than its fields
 * @returns {Compiled}
 */
function compileFields(fields, blocks, opaque) {
  const compiler = new Compiler(blocks)
  compiler.fields(fields, '')
  const { reads, shape } = compiler
  if (compiler.opaque || opaque) shape.opaque = true
  return { shape, reads: { ...reads, tags: [...new Set(reads.tags)] } }
}

/** @param {CollectionConfig} config */
function isOpaqueCollection(config) {
  const { afterOperation, afterRead, beforeRead } = config.hooks ?? {}
  const hooks = [...(afterOperation ?? []), ...(afterRead ?? []), ...(beforeRead ?? [])]
  const drafts = typeof config.versions === 'object' && Boolean(config.versions.drafts)
  return Boolean(config.auth || config.upload || drafts) || hooks.some((hook) => !(OWN_HOOK in hook))
}

class Compiler {
  /** @type {CompiledShape} */
  shape = { groups: [], relations: {}, localized: [], hidden: [], kinds: {} }
  /** @type {Reads} */
  reads = { tags: [], joined: [], keep: 'always' }
  opaque = false
  #blocks

  /** @param {Block[]} blocks */
  constructor(blocks) {
    this.#blocks = blocks
  }

  /**
   * @param {FlattenedField[]} fields
   * @param {string} parent dotted path, or ''
   */
  fields(fields, parent) {
    for (const field of fields) this.#field(/** @type {any} */ (field), parent)
  }

  /**
   * @param {any} field of one of Payload's many types
   * @param {string} parent
   */
  #field(field, parent) {
    const path = parent === '' ? field.name : `${parent}.${field.name}`
    if (field.localized) this.shape.localized.push(path)
    if (field.hidden || field.access?.read) this.shape.hidden.push(path)
    if (field.hooks?.afterRead?.length || field.access?.read || field.virtual) this.opaque = true
    const kind = kindOf(field)
    if (kind !== undefined) this.shape.kinds[path] = kind
    // The value is some other document's, which the answer does not show.
    if (typeof field.virtual === 'string') this.reads.keep = 'never'
    switch (field.type) {
      case 'group':
      case 'tab':
        this.shape.groups.push(path)
        this.fields(field.flattenedFields, path)
        break
      case 'array':
        this.fields(field.flattenedFields, path)
        break
      case 'blocks':
        for (const block of this.#blocksOf(field)) this.fields(block.flattenedFields, path)
        break
      case 'relationship':
      case 'upload':
        this.#relation(path, field.relationTo)
        break
      case 'join':
        this.#join(path, field)
        break
      case 'richText':
        // An editor populates what its nodes refer to, at places that no path names.
        this.#keepFlat()
        break
    }
  }

  /** @param {any} field @returns {Block[]} */
  #blocksOf(field) {
    const own = field.blockReferences ?? field.blocks
    return own
      .map((/** @type {any} */ block) =>
        typeof block === 'string' ? this.#blocks.find(({ slug }) => slug === block) : block,
      )
      .filter(Boolean)
  }

  /**
   * @param {string} path
   * @param {string | string[]} target
   */
  #relation(path, target) {
    const known = this.shape.relations[path]
    if (known !== undefined && String(known) !== String(target)) {
      // Two kinds of blocks have relations of one name to different collections: a bare id does not say whose it is.
      this.reads.tags.push(...[known, target].flat())
      this.#keepFlat()
    }
    this.shape.relations[path] = target
  }

  /**
   * Any document of the joined collection may come in. A condition on documents of a third one nobody watches.
   * @param {string} path
   * @param {any} field
   */
  #join(path, { collection, defaultLimit, defaultSort, maxDepth, on, where }) {
    const join = { collection, on, where, sort: defaultSort, limit: defaultLimit, maxDepth }
    this.shape.joins = { ...this.shape.joins, [path]: definedMembers(join) }
    if (Array.isArray(collection)) this.reads.tags.push(...collection)
    else this.reads.joined.push(collection)
    this.#relation(`${path}.docs`, collection)
    if (/\./.test(`${defaultSort ?? ''}${namesIn(where)}`)) this.reads.keep = 'never'
  }

  #keepFlat() {
    if (this.reads.keep === 'always') this.reads.keep = 'flat'
    this.opaque = true
  }
}

/**
 * @template {object} T
 * @param {T} object
 * @returns {T} without the members that are undefined
 */
export const definedMembers = (object) =>
  /** @type {T} */ (Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)))

/** @type {(where: any) => string[]} the paths that it asks for, and names of operators */
export const namesIn = (where) =>
  where === null || typeof where !== 'object'
    ? []
    : Object.entries(where).flatMap(([name, inner]) => [name, ...namesIn(inner)])

/**
 * @param {any} field
 * @returns {'rows' | 'json' | 'date' | undefined}
 */
function kindOf({ hasMany, type }) {
  if (type === 'array' || (hasMany && ['number', 'select', 'text'].includes(type))) return 'rows'
  if (['json', 'point', 'richText'].includes(type)) return 'json'
  return type === 'date' ? 'date' : undefined
}

/**
 * What an answer that shows such documents, and what their relations lead to, needs besides its query.
 * @param {Map<string, Compiled>} compiled
 * @param {Compiled | undefined} asked for; undefined when it is not declared
 * @param {number} depth
 * @returns {{ cacheable: boolean, tags: string[], joined: string[] }}
 */
export function readRules(compiled, asked, depth) {
  /** @type {Set<string>} */
  const tags = new Set()
  /** @type {Set<string>} */
  const joined = new Set()
  let cacheable = true
  let level = new Set([asked])
  for (let left = depth; level.size > 0; left--) {
    /** @type {Set<Compiled | undefined>} */
    const next = new Set()
    for (const known of level) {
      if (known === undefined || known.reads.keep === 'never') cacheable = false
      else if (known.reads.keep === 'flat' && left > 0) cacheable = false
      for (const tag of known?.reads.tags ?? []) tags.add(tag)
      for (const slug of known?.reads.joined ?? []) joined.add(slug)
      for (const target of Object.values(known?.shape.relations ?? {}).flat()) next.add(compiled.get(target))
    }
    level = left > 0 ? next : new Set()
  }
  return { cacheable, tags: [...tags], joined: [...joined] }
}

/**
 * The collections whose documents change when one of `slug` is deleted: a database sets references to it null, or
 * removes them.
 * @param {Map<string, Compiled>} compiled
 * @param {string} slug
 */
export const referrersOf = (compiled, slug) =>
  [...compiled.keys()].filter((from) => {
    const { joins = {}, relations = {} } = compiled.get(from)?.shape ?? {}
    // What joins show is kept nowhere.
    const kept = Object.entries(relations).filter(([path]) => !(path.replace(/\.docs$/, '') in joins))
    return kept.some(([, target]) => [target].flat().includes(slug))
  })

/**
 * The shape of the same documents as drafts; what their relations lead to is shown as drafts, too.
 * @param {CompiledShape} shape
 * @returns {CompiledShape}
 */
export const draftShape = ({ joins: _, relations, ...shape }) => ({
  ...shape,
  opaque: true,
  relations: Object.fromEntries(
    Object.entries(relations).map(([path, target]) => [
      path,
      Array.isArray(target) ? target.map(draftsOf) : draftsOf(target),
    ]),
  ),
})
