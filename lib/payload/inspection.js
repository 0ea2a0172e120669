/**
 * `GET {api}/optimistic/stats` and `GET {api}/optimistic/entries`: what the cache counts and holds, to those whom the
 * options `access.stats` and `access.entries` name.
 *
 * Entries come in pages, `?limit=50&cursor=…` with the `nextCursor` of the page before, which may be shorter than
 * `limit` and still have a next one; or, with `?order=largest|oldest|mostRead`, the first `limit` of all.
 * `?tag=…&prefix=…&contains=…` says of which.
 */
import { onlyAllowed } from './access.js'
import { queryError, toQueryError } from './errors.js'

const LIMIT = 50
const LIMIT_MOST = 500
const headers = { 'Cache-Control': 'no-store' }

/** @type {import('payload').Endpoint} */
export const statsEndpoint = {
  method: 'get',
  path: '/optimistic/stats',
  handler: onlyAllowed('stats', ({ cache }) => Response.json(cache.stats(), { headers })),
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
      const page = isRanked ? await firstOf(cache, order, asked) : cache.entriesPage({ ...asked, cursor })
      return Response.json({ docs: page.entries, limit, nextCursor: page.cursor ?? null }, { headers })
    } catch (error) {
      throw toQueryError(error)
    }
  }),
}

/**
 * @param {import('../index.js').Cache} cache
 * @param {string} order
 * @param {import('../cache/types.js').EntryFilter & { limit: number }} asked
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
