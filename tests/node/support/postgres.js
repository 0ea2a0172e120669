/**
 * A PostgreSQL server of one's own: a fresh cluster in a temporary folder that listens on a socket in it, sorts as
 * people do (ICU, en-US), and ends with the process that started it.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

const VERSIONS = '/usr/lib/postgresql'

/** PostgreSQL refuses to run as root. `setpriv` also sees to it that it does not outlive this process. */
const isRoot = process.getuid?.() === 0
const USER = isRoot ? ['--reuid=postgres', '--regid=postgres', '--init-groups'] : []

const INITDB = [
  '--auth=trust', '--username=postgres', '--no-sync', '--encoding=UTF8',
  '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US',
]
/** Nothing that it holds is worth a disk's time. */
const SETTINGS = ['listen_addresses=', 'fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'lc_messages=C']

/** @returns {Promise<string>} the folder with the programs of the newest version */
async function programs() {
  const versions = (await readdir(VERSIONS).catch(() => [])).map(Number)
  if (versions.length === 0) throw new Error(`nothing in ${VERSIONS}: install Debian's package postgresql`)
  return path.join(VERSIONS, String(Math.max(...versions)), 'bin')
}

/** @returns {Promise<string>} a new folder of the server's user */
async function ownFolder() {
  if (!isRoot) return mkdtemp(path.join(tmpdir(), 'optimistic-postgres-'))
  const template = path.join(tmpdir(), 'optimistic-postgres-XXXXXX')
  const { stdout } = await promisify(execFile)('setpriv', [...USER, 'mktemp', '--directory', template])
  return stdout.trim()
}

/**
 * Waits until the server takes connections, and goes on reading its log: with nobody to read it, a server waits, and all
 * who wait for its answers with it.
 * @param {import('node:child_process').ChildProcessByStdio<null, null, import('node:stream').Readable>} server
 */
async function ready(server) {
  let log = ''
  await new Promise((resolve, reject) => {
    const note = (/** @type {string} */ text) => {
      log += text
      if (!log.includes('ready to accept connections')) return
      server.stderr.off('data', note).resume()
      resolve(undefined)
    }
    server.stderr.setEncoding('utf8').on('data', note)
    server.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log}`)))
  })
}

/**
 * Starts a server. Takes about two seconds.
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>} `url`: of the database `postgres`; with another name
 *   for its path Payload makes that database; `stop`: ends the server, breaking its connections, and removes all it held
 */
export async function start() {
  const bin = await programs()
  const folder = await ownFolder()
  const data = path.join(folder, 'data')
  const initdb = [...USER, path.join(bin, 'initdb'), ...INITDB, data]
  await promisify(execFile)('setpriv', initdb, { cwd: folder })

  const settings = [...SETTINGS, `unix_socket_directories=${folder}`].flatMap((setting) => ['-c', setting])
  const command = [...USER, '--pdeathsig=QUIT', path.join(bin, 'postgres'), '-D', data, ...settings]
  const server = spawn('setpriv', command, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(server, 'exit')
  await ready(server)

  return {
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async stop() {
      server.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}
