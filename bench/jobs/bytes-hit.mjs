// A page of 13 KB as bytes, beside lmdb and beside the least that any addon can do: copy them into a Buffer. Then the
// same into memory that is there already: ours into what the caller gives, lmdb's into what it keeps for the next read.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { open } from 'lmdb'
import { openCache } from '../../lib/index.js'
import { loadCopy } from '../copy/copy.mjs'
import { PAGE } from '../support/page.mjs'
import { compare, ratiosToFirst } from '../support/rounds.mjs'
import { OURS, ourVersion, versionOf } from '../support/versions.mjs'

const INTO = `${OURS}, into given memory`
const BYTES = Buffer.from(JSON.stringify(PAGE))

/** Takes the bytes in hand, as a server does that sends them. */
const readerOf = (/** @type {() => Buffer | undefined} */ read) => (/** @type {number} */ times) => {
  let bytes = 0
  for (let i = 0; i < times; i++) bytes += /** @type {Buffer} */ (read()).length
  if (bytes !== BYTES.length * times) throw new Error('not the bytes that were stored')
}

/** @param {{ quick: boolean }} options */
export default async function bytesHit({ quick }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-lmdb-'))
  const cache = openCache({ name: 'bench', maxBytes: 64 << 20 })
  const database = open({ path: folder, encoding: 'binary' })
  const bare = loadCopy()
  try {
    cache.setBytes('page', BYTES, { json: true })
    await database.put('page', BYTES)
    bare.keep(BYTES)
    const into = Buffer.alloc(BYTES.length)
    const lmdb = versionOf('lmdb')
    const subjects = await compare([
      { name: OURS, version: ourVersion, run: readerOf(() => cache.getBytes('page')) },
      { name: 'lmdb getBinary', version: lmdb, run: readerOf(() => database.getBinary('page')) },
      { name: 'bare copy', version: process.version, run: readerOf(bare.copy) },
      { name: INTO, version: ourVersion, run: readerOf(() => cache.getBytes('page', undefined, { into })) },
      { name: 'lmdb getBinaryFast', version: lmdb, run: readerOf(() => database.getBinaryFast('page')) },
    ], { quick, unit: 'ns' })
    const own = subjects.slice(0, 3)
    const given = subjects.slice(3)
    const ratio = { ...ratiosToFirst(own), ...ratiosToFirst(given) }
    return { unit: `ns a read of ${BYTES.length} bytes`, better: 'lower', subjects, ratio }
  } finally {
    cache.close()
    await database.close()
    rmSync(folder, { recursive: true })
  }
}
