// What `npm start` runs: from a fresh clone to the order board in the browser. Each step does nothing when there is
// nothing to do. `--dev` (`npm run dev`) serves with `next dev`.
//
//   PORT               where it listens; 3000 unless given
//   ORDER_BOARD_DB     the database file; examples/order-board/data/order-board.db unless given
//   ORDER_BOARD_CACHE  a file that the cache is kept in, over restarts too; memory of the server unless given
//   PAYLOAD_SECRET     signs log-ins; made once and kept in examples/order-board/data/secret unless given
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { app, buildApp, giveUp, next, run, say } from './app.mjs'
import { ensureNodeModules, ensurePackages, root } from './machine.mjs'

const dev = process.argv.includes('--dev')
const port = Number(process.env.PORT || 3000)
const database = path.resolve(app, process.env.ORDER_BOARD_DB || 'data/order-board.db')

/** @returns {Promise<NodeJS.ErrnoException | undefined>} why nobody can listen there */
const portProblem = () =>
  new Promise((resolve) => {
    const server = createServer()
    server.on('error', resolve)
    server.listen(port, () => server.close(() => resolve(undefined)))
  })

async function checkPort() {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) giveUp(`PORT must be 1 to 65535, not '${process.env.PORT}'`)
  const problem = await portProblem()
  if (problem?.code === 'EADDRINUSE') {
    giveUp(`port ${port} is taken by another program. End that, or choose another port: PORT=${port + 1} npm start`)
  }
  if (problem) giveUp(`cannot listen on port ${port}: ${problem.message}`)
}

/** @returns {string} */
function keptSecret() {
  const file = path.join(app, 'data/secret')
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  }
  return readFileSync(file, 'utf8').trim()
}

/** The file gets its name when it is complete, so a seed that was interrupted is not taken for a shop. */
function createDatabase() {
  if (existsSync(database)) return
  say(`creating ${path.relative(process.cwd(), database)}`)
  const draft = `${database}.new`
  run(['src/seed.js'], { ORDER_BOARD_DB: draft })
  for (const suffix of ['-wal', '-shm']) rmSync(draft + suffix, { force: true })
  renameSync(draft, database)
}

/** Resolves when the server answers. @param {AbortSignal} signal */
async function answers(signal) {
  while (!signal.aborted) {
    const response = await fetch(`http://localhost:${port}/login`, { signal }).catch(() => undefined)
    if (response?.ok) return
    await sleep(200)
  }
}

async function serve() {
  const child = spawn(process.execPath, [next, dev ? 'dev' : 'start', '--port', String(port)], { cwd: app, stdio: 'inherit' })
  const ended = new AbortController()
  child.on('exit', (code, signal) => {
    ended.abort()
    process.exitCode = signal ? 0 : (code ?? 1)
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))
  await answers(ended.signal)
  if (ended.signal.aborted) return
  say(`
    http://localhost:${port}

    staff   ada@example.com, grace@example.com
    admin   admin@example.com, who may also delete (http://localhost:${port}/admin)
    the password of each is order-board
`)
}

process.env.NEXT_TELEMETRY_DISABLED = '1'
process.env.ORDER_BOARD_DB = database
await checkPort()
ensurePackages(['build-essential', 'pkg-config', 'libcjson-dev', 'python3'], { why: 'the order board' })
ensureNodeModules()
process.env.PAYLOAD_SECRET ||= keptSecret()
run([path.join(root, '.setup/build.mjs')])
createDatabase()
if (!dev) buildApp()
await checkPort()
await serve()
