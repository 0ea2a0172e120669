// The order board as a process of its own: `next start` on a free port, with a copy of a seeded database.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createClient } from '@libsql/client'
import { board, nextBinary, secret, seededDatabase } from './board.js'

/** @typedef {{ id: number, orderNumber: number, status: string }} Order */

/**
 * Resolves with the address that `next start` says it listens at.
 * @param {import('node:child_process').ChildProcess} server
 * @returns {Promise<string>}
 */
function listening(server) {
  return new Promise((resolve, reject) => {
    let output = ''
    server.stdout.on('data', (text) => {
      output += text
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)
      if (address) resolve(address[0])
    })
    server.once('exit', (code) => reject(new Error(`next start ended with ${code} before it listened:\n${output}`)))
  })
}

const ADMIN = { email: 'admin@example.com', password: 'order-board' }

export class App {
  #server
  #database
  #taken = new Set()

  /**
   * @param {Record<string, string>} [env] besides
   * @returns {Promise<App>} that answers requests
   */
  static async start(env) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'order-board-'))
    const file = path.join(folder, 'order-board.db')
    cpSync(seededDatabase(), file)
    const server = spawn(process.execPath, [nextBinary, 'start', '--hostname', '127.0.0.1', '--port', '0'], {
      cwd: board,
      env: {
        ...process.env,
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        ORDER_BOARD_DB: file,
        ORDER_BOARD_FAULTS: '1',
        PAYLOAD_SECRET: secret,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const log = createWriteStream(path.join(folder, 'server.log'))
    for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').pipe(log, { end: false })
    return new App(folder, file, server, await listening(server))
  }

  /**
   * @param {string} folder of its own
   * @param {string} file of the database
   * @param {import('node:child_process').ChildProcess} server
   * @param {string} url
   */
  constructor(folder, file, server, url) {
    this.folder = folder
    this.log = path.join(folder, 'server.log')
    this.url = url
    this.#server = server
    this.#database = createClient({ url: `file:${file}` })
  }

  /**
   * Sets what goes wrong with order updates and reads from here on.
   * @param {{ delayMs?: number, fail?: 'none' | 'before' | 'rollback' | 'after', readDelayMs?: number }} wanted
   */
  async faults(wanted) {
    const response = await fetch(`${this.url}/api/demo/faults`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(wanted),
    })
    if (!response.ok) throw new Error(`POST /api/demo/faults: ${response.status} ${await response.text()}`)
  }

  /** @returns {Promise<Record<string, number>>} `cache.stats()` */
  async stats() {
    const response = await fetch(`${this.url}/api/demo/stats`)
    if (!response.ok) throw new Error(`GET /api/demo/stats: ${response.status} ${await response.text()}`)
    return response.json()
  }

  /** An order that no other test of this server has. @param {string} status @returns {Promise<Order>} */
  async order(status) {
    const { rows } = await this.#database.execute({
      sql: 'SELECT id, order_number, status FROM orders WHERE status = ? ORDER BY order_number DESC',
      args: [status],
    })
    const row = rows.find(({ id }) => !this.#taken.has(id))
    const { id, orderNumber } = row ? { id: row.id, orderNumber: row.order_number } : await this.#newOrder(status)
    this.#taken.add(id)
    return { id: Number(id), orderNumber: Number(orderNumber), status }
  }

  /** For when the seed has no more of them. @param {string} status */
  async #newOrder(status) {
    const post = async (path, body, headers) => {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers } }
      const response = await fetch(`${this.url}/api/${path}`, { ...init, body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`POST /api/${path}: ${response.status} ${await response.text()}`)
      return response.json()
    }
    const { token } = await post('users/login', ADMIN)
    const { rows } = await this.#database.execute('SELECT max(order_number) AS last FROM orders')
    const items = [{ product: 'Filter', quantity: 1, price: 1 }]
    const data = { orderNumber: Number(rows[0].last) + 1, status, customer: 1, total: 1, items }
    return (await post('orders?depth=0', data, { Authorization: `JWT ${token}` })).doc
  }

  /** What the database itself says, past everything that caches. @param {number} id @returns {Promise<string>} */
  async storedStatus(id) {
    return String(await this.stored('orders', 'status', id))
  }

  /**
   * @param {string} table
   * @param {string} column
   * @param {number} id
   * @returns {Promise<unknown>} what the database itself says
   */
  async stored(table, column, id) {
    const { rows } = await this.#database.execute({ sql: `SELECT ${column} FROM ${table} WHERE id = ?`, args: [id] })
    return rows[0]?.[column]
  }

  /** How many messages of somebody the database has. @param {string} name @returns {Promise<number>} */
  async messagesOf(name) {
    const sql = "SELECT count(*) AS count FROM form_submissions_submission_data WHERE field = 'name' AND value = ?"
    const { rows } = await this.#database.execute({ sql, args: [name] })
    return Number(rows[0].count)
  }

  async stop() {
    this.#database.close()
    if (this.#server.exitCode === null) {
      this.#server.kill('SIGTERM')
      await once(this.#server, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
