/**
 * What the write functions of a database adapter touch, in the names that the cache's tags are made of.
 *
 * A document of a collection is `orders:7`, a global `global:settings`. A collection, or a global, with drafts has its
 * unpublished state in a table of versions: that state is a document of its own, `drafts/orders:7`, so that saving a
 * draft leaves alone what is published. Only answers at `draft: true` depend on it.
 */

/** @typedef {'create' | 'update' | 'delete'} Type */

/**
 * @typedef {object} WriteArgs of the adapter's write functions; each has some of them
 * @property {string} [collection]
 * @property {string} [collectionSlug]
 * @property {string} [global]
 * @property {string} [globalSlug]
 * @property {string} [slug]
 * @property {string | number} [parent]
 * @property {string | number} [id]
 * @property {any} [where]
 * @property {number} [limit]
 * @property {any} [sort]
 * @property {any} [data]
 * @property {string} [locale]
 * @property {Partial<import('payload').PayloadRequest>} [req]
 */

/**
 * @typedef {object} Target
 * @property {Type} type
 * @property {string} collection as tags name it
 * @property {string | number} [id] when the arguments are certain to name it
 * @property {boolean} [finds] the documents are those that `id` or `where` of the arguments name
 * @property {boolean} [many] it writes any number of them, also none
 * @property {'id' | 'parent'} [result] the member of what the function returns that is a touched document's id
 */

/** The collection of all globals. */
export const GLOBALS = 'global'

/**
 * What the shape of an operation's document goes by.
 * @param {{ collection: string, id?: unknown }} operation
 */
export const shapeNameOf = ({ collection, id }) => (collection === GLOBALS ? globalNamed(String(id)) : collection)

/** @param {string} slug @returns {string} its tag, and what its shape goes by */
export const globalNamed = (slug) => `${GLOBALS}:${slug}`

const DRAFTS = 'drafts/'

/** @param {string} collection or `global` */
export const draftsOf = (collection) => DRAFTS + collection

/** @param {string} collection as tags name it */
export const isDrafts = (collection) => collection.startsWith(DRAFTS)

/** @param {string} collection as tags name it */
export const publishedOf = (collection) => (isDrafts(collection) ? collection.slice(DRAFTS.length) : collection)

/** @param {Type} type @param {boolean} [many] @returns {(args: WriteArgs) => Target} */
const documents =
  (type, many) =>
  ({ collection }) => ({ type, collection: String(collection), finds: true, many, result: 'id' })

/** @returns {Target} */
const jobs = () => ({ type: 'update', collection: 'payload-jobs', finds: true, many: true, result: 'id' })

/** @param {WriteArgs} args @returns {Target} */
const global = ({ slug }) => ({ type: 'update', collection: GLOBALS, id: slug })

/** @param {WriteArgs} args @returns {Target} */
function version(args) {
  const slug = args.globalSlug ?? args.global
  if (slug !== undefined) return { type: 'update', collection: draftsOf(GLOBALS), id: slug }
  const collection = draftsOf(String(args.collectionSlug ?? args.collection))
  return { type: 'update', collection, id: args.parent, result: 'parent' }
}

/** By the function's name. @type {Record<string, (args: WriteArgs) => Target>} */
export const WRITES = {
  create: documents('create'),
  updateOne: documents('update'),
  updateMany: documents('update', true),
  upsert: documents('update'),
  deleteOne: documents('delete'),
  deleteMany: documents('delete', true),
  updateJobs: jobs,
  createGlobal: global,
  updateGlobal: global,
  createVersion: version,
  updateVersion: version,
  deleteVersions: version,
  createGlobalVersion: version,
  updateGlobalVersion: version,
}
