// A Redis server of a job's own: on a free port of the loopback, in a folder that goes with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient } from 'redis'
import { ensurePackages } from '../../.setup/machine.mjs'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Runs `use` with a client that is connected to a server of its own; ends both.
 * @template T
 * @param {(client: ReturnType<typeof createClient>) => Promise<T>} use
 */
export async function withRedis(use) {
  ensurePackages(['redis-server'], { why: 'the benchmark' })
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-redis-'))
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const server = spawn('redis-server', settings, { stdio: 'ignore' })
  const exited = once(server, 'exit')
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  // Until the server listens, connecting fails and is tried again.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    client.destroy()
    server.kill()
    await exited
    rmSync(folder, { recursive: true })
  }
}
