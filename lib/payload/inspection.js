/**
 * `GET {api}/optimistic/stats` and `GET {api}/optimistic/entries?tag=…&limit=50&page=1`: what `cache.stats()` and
 * `cache.entries()` tell, to those whom the options `access.stats` and `access.entries` name.
 */
import { onlyAllowed } from './access.js'
import { queryError } from './errors.js'

const LIMIT = 50
const LIMIT_MOST = 500
/** Entries up to which pages reach; the cache lists them from the first on. */
const REACH = 20_000
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
  handler: onlyAllowed('entries', ({ cache }, req) => {
    const tag = req.searchParams?.get('tag') || undefined
    const limit = Math.min(numberOf(req, 'limit', LIMIT), LIMIT_MOST)
    const page = numberOf(req, 'page', 1)
    if (page * limit > REACH) throw queryError(`pages reach to entry ${REACH}; give a tag, to list only its entries`)
    const listed = cache.entries({ tag, limit: page * limit + 1 })
    const docs = listed.slice((page - 1) * limit, page * limit)
    return Response.json({ docs, limit, page, hasNextPage: listed.length > page * limit }, { headers })
  }),
}

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
