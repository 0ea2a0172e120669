// An object that has not changed since this thread last read it, beside lru-cache, both with an expiry.
import { LRUCache } from 'lru-cache'
import { openCache } from '../../lib/index.js'
import { PAGE } from '../support/page.mjs'
import { compare, ratiosToFirst } from '../support/rounds.mjs'
import { OURS, ourVersion, versionOf } from '../support/versions.mjs'

const KEYS = Array.from({ length: 256 }, (_, index) => `page:${index}`)
const TTL = 3_600_000

/** Reads the keys in turn. A loop of its own for each subject, so that both are compiled as they would be in an app. */
const readerOf = (/** @type {(key: string) => any} */ get) =>
  new Function('get', 'keys', `return (times) => {
    let found = 0
    for (let i = 0; i < times; i++) if (get(keys[i & 255]).page === 1) found++
    if (found !== times) throw new Error('a hit was not one')
  }`)(get, KEYS)

/** @param {{ quick: boolean }} options */
export default async function objectHit({ quick }) {
  const cache = openCache({ name: 'bench', maxBytes: 64 << 20 })
  const lru = new LRUCache({ max: 1024, ttl: TTL })
  for (const key of KEYS) {
    cache.set(key, PAGE, { ttl: TTL })
    lru.set(key, structuredClone(PAGE))
  }
  const subjects = await compare([
    { name: OURS, version: ourVersion, run: readerOf((key) => cache.get(key)) },
    { name: 'lru-cache', version: versionOf('lru-cache'), run: readerOf((key) => lru.get(key)) },
  ], { quick, unit: 'ns' })
  cache.close()
  return { unit: 'ns a read', better: 'lower', subjects, ratio: ratiosToFirst(subjects) }
}
