/**
 * What the cache counts, holds and is told, to those whom the options `access.stats` and `access.entries` name:
 * `GET {api}/optimistic/stats`, `entries` and `activity?limit=50`, which are the mutations in flight and those settled
 * last. Each with an `ETag`, for those who ask again and again. `POST {api}/optimistic/invalidate`, with
 * `{ "tags": […] }`, is for those whom `access.invalidate` names.
 *
 * Entries come in pages, `?limit=50&cursor=…` with the `nextCursor` of the page before, which may be shorter than
 * `limit` and still have a next one; or, with `?order=largest|oldest|mostRead`, the first `limit` of all.
 * `?tag=…&prefix=…&contains=…` says of which; with `?tags=4` no more tags are told of each, and how many others it has.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { onlyAllowed } from './access.js'
import { jsonOf } from './body.js'
import { isKnown, tagOf } from './conditional.js'
import { bodyError, queryError, toBodyError, toQueryError } from './errors.js'

const LIMIT = 50
const LIMIT_MOST = 500
/** Cursor steps, of some 16,000 entries each, in which one request looks for entries that fit. */
const STEPS_MOST = 16
const BODY_MOST = 262_144
const headers = { 'Cache-Control': 'no-store' }

/**
 * @param {import('payload').PayloadRequest} req
 * @param {unknown} answer
 */
function answered(req, answer) {
  const body = JSON.stringify(answer)
  const ETag = tagOf(body)
  const tagged = { ...headers, ETag }
  if (isKnown(req.headers.get('If-None-Match'), ETag)) return new Response(null, { status: 304, headers: tagged })
  return new Response(body, { headers: { ...tagged, 'Content-Type': 'application/json' } })
}

/** @type {import('payload').Endpoint} */
export const statsEndpoint = {
  method: 'get',
  path: '/optimistic/stats',
  handler: onlyAllowed('stats', ({ cache }, req) => answered(req, cache.stats())),
}

/** @type {import('payload').Endpoint} */
export const entriesEndpoint = {
  method: 'get',
  path: '/optimistic/entries',
  handler: onlyAllowed('entries', async ({ cache }, req) => {
    const limit = Math.min(numberOf(req, 'limit', LIMIT), LIMIT_MOST)
    const [tag, prefix, contains, order, cursor] = textsOf(req, ['tag', 'prefix', 'contains', 'order', 'cursor'])
    const asked = { tag, prefix, contains, limit }
    try {
      const isRanked = order !== undefined
      const page = isRanked ? await firstOf(cache, order, asked) : await pageOf(cache, cursor, asked)
      const docs = page.entries.map(withTags(numberOf(req, 'tags', Number.MAX_SAFE_INTEGER)))
      return answered(req, { docs, limit, nextCursor: page.cursor ?? null })
    } catch (error) {
      throw toQueryError(error)
    }
  }),
}

/** @param {number} most @returns {(entry: import('../cache/types.js').EntryInfo) => object} */
const withTags = (most) => (entry) =>
  entry.tags.length <= most ? entry : { ...entry, tags: entry.tags.slice(0, most), moreTags: entry.tags.length - most }

/** @type {import('payload').Endpoint} */
export const activityEndpoint = {
  method: 'get',
  path: '/optimistic/activity',
  handler: onlyAllowed('entries', ({ cache, settled }, req) => {
    const limit = Math.min(numberOf(req, 'limit', LIMIT), LIMIT_MOST)
    return answered(req, { docs: settled.complete(cache, cache.mutations({ limit })), limit })
  }),
}

/** @type {import('payload').Endpoint} */
export const invalidateEndpoint = {
  method: 'post',
  path: '/optimistic/invalidate',
  handler: onlyAllowed('invalidate', async ({ cache }, req) => {
    const body = await jsonOf(req, BODY_MOST)
    if (!isTags(body?.tags)) throw bodyError('tags must be an array of texts, with one at least')
    try {
      return Response.json({ version: cache.invalidate(body.tags) }, { headers })
    } catch (error) {
      throw toBodyError(error)
    }
  }),
}

/** @param {unknown} tags */
const isTags = (tags) => Array.isArray(tags) && tags.length > 0 && tags.every((tag) => typeof tag === 'string')

/** @typedef {import('../cache/types.js').EntryFilter & { limit: number }} AskedEntries */

/**
 * @param {import('../index.js').Cache} cache
 * @param {string | undefined} cursor
 * @param {AskedEntries} asked
 * @returns {Promise<import('../cache/types.js').EntriesPage>}
 */
async function pageOf(cache, cursor, asked) {
  const page = cache.entriesPage({ ...asked, cursor })
  for (let step = 1; step < STEPS_MOST && page.cursor && page.entries.length < asked.limit; step++) {
    await nextTurn()
    const limit = asked.limit - page.entries.length
    const next = cache.entriesPage({ ...asked, limit, cursor: page.cursor })
    page.entries.push(...next.entries)
    page.cursor = next.cursor
  }
  return page
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} order
 * @param {AskedEntries} asked
 */
async function firstOf(cache, order, asked) {
  return { entries: await cache.topEntries({ ...asked, order: /** @type {any} */ (order) }), cursor: undefined }
}

/**
 * @param {import('payload').PayloadRequest} req
 * @param {string[]} names
 */
const textsOf = (req, names) => names.map((name) => req.searchParams?.get(name) || undefined)

/**
 * @param {import('payload').PayloadRequest} req
 * @param {string} name
 * @param {number} unless
 */
function numberOf(req, name, unless) {
  const text = req.searchParams?.get(name)
  const number = text ? Number(text) : unless
  if (Number.isSafeInteger(number) && number > 0) return number
  throw queryError(`${name} must be an integer over 0`)
}
