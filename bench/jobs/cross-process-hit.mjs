// A page that another process put into the cache, as bytes and as an object that has not changed since this process
// last read it, beside a Redis server on the loopback.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { openCache } from '../../lib/index.js'
import { PAGE } from '../support/page.mjs'
import { withRedis } from '../support/redis.mjs'
import { compare, rounded } from '../support/rounds.mjs'
import { OURS, ourVersion, versionOf, versionOfServer } from '../support/versions.mjs'

const TEXT = JSON.stringify(PAGE)
const SETTER = fileURLToPath(new URL('../support/setter.mjs', import.meta.url))

/** Has a child set the page in the cache of these options. @param {object} options */
async function setElsewhere(options) {
  const child = fork(SETTER, [JSON.stringify(options)])
  const [what] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (what !== 'set') throw new Error('the process that sets the page failed; its messages are above')
  return child
}

/** @param {() => unknown} read */
const reading = (read) => (/** @type {number} */ times) => {
  for (let i = 0; i < times; i++) if (read() === undefined) throw new Error('a read missed')
}

/** @param {() => Promise<unknown>} read */
const awaiting = (read) => async (/** @type {number} */ times) => {
  for (let i = 0; i < times; i++) if ((await read()) === null) throw new Error('a read missed')
}

/** @param {{ quick: boolean }} options */
export default async function crossProcessHit({ quick }) {
  const options = { name: `bench-${process.pid}`, memory: /** @type {any} */ ('shared'), maxBytes: 64 << 20 }
  const cache = openCache(options)
  const child = await setElsewhere(options)
  try {
    return await withRedis(async (client) => {
      await client.set('page', TEXT)
      const version = `${versionOfServer('redis-server')}, client ${versionOf('redis')}`
      const fetched = async () => JSON.parse(/** @type {string} */ (await client.get('page')))
      const subjects = await compare([
        { name: `${OURS}, bytes`, version: ourVersion, run: reading(() => cache.getBytes('page')) },
        { name: `${OURS}, object`, version: ourVersion, run: reading(() => cache.get('page')) },
        { name: 'redis GET', version, run: awaiting(() => client.get('page')) },
        { name: 'redis GET + JSON.parse', version, run: awaiting(fetched) },
      ], { quick, unit: 'µs' })
      const [bytes, object, get, parsed] = subjects.map(({ median }) => median)
      const ratio = { 'redis GET': rounded(get / bytes), 'redis GET + JSON.parse': rounded(parsed / object) }
      return { unit: `µs a read of ${TEXT.length} bytes`, better: 'lower', subjects, ratio }
    })
  } finally {
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
    cache.close()
  }
}
