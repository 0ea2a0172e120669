/**
 * What an operation of Payload is about to do to which documents, from its arguments alone.
 */
import { idsOfWhere, overlayData } from './operations.js'
import { localeMember } from './locales.js'
import { draftsOf, GLOBALS } from './targets.js'

/** @typedef {import('./runtime.js').Runtime} Runtime */
/** @typedef {import('../cache/types.js').DocumentOperation} DocumentOperation */

/**
 * @typedef {object} Plan what a request is about to do, as far as it says so itself
 * @property {DocumentOperation[]} operations
 * @property {Record<string, unknown>} [bulk] what it sets in each document that it is going to find
 */

/** @type {Record<string, 'create' | 'update' | 'delete'>} */
const WRITES = { create: 'create', update: 'update', delete: 'delete', restoreVersion: 'update' }

/** @param {string} operation as Payload's hooks name it */
export const isWrite = (operation) => Object.hasOwn(WRITES, operation)

/**
 * A bulk operation's documents follow one by one, when it comes to them: to look for them here, before the access
 * checks, would tell the user which there are.
 * @param {Runtime} runtime
 * @param {import('payload').SanitizedCollectionConfig} config
 * @param {any} args
 * @param {string} operation
 * @returns {Plan}
 */
export function planOf(runtime, config, args, operation) {
  const type = WRITES[operation]
  const collection = type === 'update' && savesDraft(config, args) ? draftsOf(config.slug) : config.slug
  const data = type === 'delete' ? undefined : overlayData(args.data, config.flattenedFields)
  const shown = data && { data, ...inLocale(args) }
  const named = args.id === undefined ? idsOfWhere(args.where) : [args.id]
  if (type === 'create') return { operations: [{ type, collection, ...shown }] }
  const bulk = args.id === undefined ? data : undefined
  if (operation === 'restoreVersion' || !named?.length) return { operations: [{ type, collection }], bulk }
  const ids = named.map((id) => runtime.idOf(config.slug, id))
  const operations = ids.map((id) => ({ type, collection, id, ...shown }))
  return { operations: operations.map((one) => (isNameable(runtime, one) ? one : { type, collection })), bulk }
}

const TAG_BYTES = 512

/**
 * Of a document that no tag can name, all that can be said is that it is one of its collection.
 * @param {Runtime} runtime
 * @param {DocumentOperation} operation
 */
const isNameable = ({ limits }, { collection, id }) =>
  Buffer.byteLength(`${collection}:${id}`) <= (limits?.tagBytes ?? TAG_BYTES)

/**
 * @param {import('payload').SanitizedGlobalConfig} config
 * @param {any} args
 * @param {string} operation
 * @returns {Plan}
 */
export function globalPlanOf(config, args, operation) {
  const collection = savesDraft(config, args) ? draftsOf(GLOBALS) : GLOBALS
  const data = operation === 'update' ? overlayData(args.data, config.flattenedFields) : undefined
  return { operations: [{ type: 'update', collection, id: config.slug, ...(data && { data, ...inLocale(args) }) }] }
}

/** @param {{ req?: import('./locales.js').Localized }} args */
const inLocale = ({ req }) => req && localeMember(req)

/**
 * A document that is being created goes by its mutation's token until the database has named it.
 * @param {string} token
 * @returns {(operation: DocumentOperation) => DocumentOperation}
 */
export const withTemporaryID = (token) => (operation) =>
  operation.type === 'create' && operation.data ? { ...operation, id: token } : operation

/**
 * Whether an update leaves what is published as it is, as Payload decides it. A hook that publishes all the same is met
 * when it writes.
 * @param {{ versions?: any }} config
 * @param {any} args
 */
function savesDraft({ versions }, { data, draft, publishAllLocales }) {
  return Boolean(draft && versions?.drafts) && data?._status !== 'published' && !publishAllLocales
}
