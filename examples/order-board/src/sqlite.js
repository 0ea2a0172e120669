/**
 * SQLite for a server that writes concurrently.
 *
 * Payload's adapter talks to libsql, whose client is synchronous native code behind promises. Left alone, that goes
 * wrong in three ways as soon as two requests write at once:
 *
 * - A transaction holds the file's only write lock from BEGIN to COMMIT, and between the two the event loop runs other
 *   requests. The second BEGIN then waits for the lock *inside native code*, on the loop that the first transaction
 *   needs to reach its COMMIT: nothing moves until the busy timeout ends in SQLITE_BUSY.
 * - A transaction takes the client's open connection along; the client opens another one for everything else, without
 *   the PRAGMAs (busy timeout, synchronous) that the adapter had set on the first.
 * - BEGIN is sent when Payload starts an operation, long before its first statement. Whatever a hook waits for in
 *   between, everybody waits for.
 *
 * So the adapter gets a client of ours (it makes its own only when it has none):
 *
 *     reads outside transactions ──► reader connection           (WAL: never waits for a writer)
 *     everything else ──► queue ──► writer connection            one transaction, or one statement, at a time
 *
 * - Writers queue in JavaScript, first come, first served, so the loop stays free while they wait.
 * - A transaction joins the queue at its first statement, not when it is begun.
 * - Two connections, opened once, each with its PRAGMAs. Another process's lock is waited for by asking again, not by
 *   blocking; after `busyTimeout` it is SQLITE_BUSY, as it should be.
 * - A transaction that nobody settles is rolled back after `transactionTimeout`. That also ends the one deadlock that
 *   is left: a hook that writes without passing `req`, and so waits for the transaction it is itself part of.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createClient, LibsqlError } from '@libsql/client'
import { sqliteAdapter } from '@payloadcms/db-sqlite'

const READS = /^\s*(select|explain)\b/i
const FIRST_PAUSE = 1
const LONGEST_PAUSE = 32

/** Lets one holder in at a time, in the order of arrival. */
class Queue {
  #last = Promise.resolve()

  /** @returns {Promise<() => void>} resolves when it is the caller's turn, with the function that ends it */
  enter() {
    /** @type {() => void} */
    let leave
    const left = new Promise((resolve) => (leave = resolve))
    const turn = this.#last.then(() => leave)
    this.#last = left
    return turn
  }
}

/** The two connections to one file, and the queue for the writing one. */
class Database {
  #queue = new Queue()
  #busyTimeout
  #ready

  /**
   * @param {string} file
   * @param {number} busyTimeout milliseconds
   */
  constructor(file, busyTimeout) {
    mkdirSync(path.dirname(file), { recursive: true })
    const url = pathToFileURL(file).href
    this.#busyTimeout = busyTimeout
    this.reader = createClient({ url })
    this.writer = createClient({ url })
    this.#ready = this.#prepare()
    // Whoever uses the database first is told; until then a failure is nobody's unhandled rejection.
    this.#ready.catch(() => {})
  }

  async #prepare() {
    await this.patiently('PRAGMA journal_mode = WAL')
    await this.writer.execute('PRAGMA synchronous = FULL')
    await this.reader.execute(`PRAGMA busy_timeout = ${this.#busyTimeout}`)
  }

  /** @param {import('@libsql/client').InStatement} statement */
  async read(statement) {
    await this.#ready
    return this.reader.execute(statement)
  }

  /** @returns {Promise<() => void>} resolves with the function that ends the caller's turn to write */
  async enter() {
    await this.#ready
    return this.#queue.enter()
  }

  /**
   * Runs a statement that takes the write lock, asking again while another process holds it. A statement that was
   * answered SQLITE_BUSY has changed nothing.
   * @param {import('@libsql/client').InStatement} statement
   */
  async patiently(statement) {
    const deadline = Date.now() + this.#busyTimeout
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await this.writer.execute(statement)
      } catch (error) {
        if (!error.code?.startsWith('SQLITE_BUSY') || Date.now() >= deadline) throw error
      }
      await sleep(pause)
    }
  }
}

/** What drizzle asks of a libsql transaction. */
class LazyTransaction {
  #database
  #timeout
  /** @type {Promise<void> | undefined} */
  #begun
  /** @type {(() => void) | undefined} */
  #leave
  closed = false

  /**
   * @param {Database} database
   * @param {number} timeout milliseconds
   */
  constructor(database, timeout) {
    this.#database = database
    this.#timeout = timeout
  }

  /** @param {import('@libsql/client').InStatement} statement */
  async execute(statement) {
    this.#assertOpen()
    await (this.#begun ??= this.#begin())
    this.#assertOpen()
    try {
      return await this.#database.writer.execute(statement)
    } catch (error) {
      await this.#noticeItsEnd()
      throw error
    }
  }

  async commit() {
    this.#assertOpen()
    await this.#end('COMMIT')
  }

  async rollback() {
    if (!this.closed) await this.#end('ROLLBACK')
  }

  async #begin() {
    this.#leave = await this.#database.enter()
    try {
      // Payload reads a document before it writes it: with a lock taken only at the write, somebody else's update
      // between the two would end in SQLITE_BUSY_SNAPSHOT.
      await this.#database.patiently('BEGIN IMMEDIATE')
    } catch (error) {
      this.#close()
      throw error
    }
    this.timer = setTimeout(() => this.rollback().catch(() => {}), this.#timeout)
    this.timer.unref()
  }

  /** @param {'COMMIT' | 'ROLLBACK'} how */
  async #end(how) {
    await this.#begun
    this.#assertOpen()
    this.closed = true
    try {
      if (this.#begun !== undefined) await this.#database.writer.execute(how)
    } catch (error) {
      if (how === 'COMMIT') await this.#database.writer.execute('ROLLBACK').catch(() => {})
      throw error
    } finally {
      this.#close()
    }
  }

  /**
   * SQLite ends a transaction by itself after some errors (a full disk, say). Statements that followed would then be
   * committed one by one; a BEGIN that succeeds gives it away.
   */
  async #noticeItsEnd() {
    if (this.closed) return
    try {
      await this.#database.writer.execute('BEGIN')
    } catch {
      return
    }
    await this.#end('ROLLBACK')
  }

  #close() {
    this.closed = true
    clearTimeout(this.timer)
    this.#leave?.()
    this.#leave = undefined
  }

  #assertOpen() {
    if (this.closed) throw new LibsqlError('The transaction was rolled back or is over', 'TRANSACTION_CLOSED')
  }
}

/** The part of a libsql client that drizzle and Payload's adapter use, over the two connections. */
class QueueingClient {
  closed = false
  protocol = 'file'
  #database
  #transactionTimeout

  /**
   * @param {Database} database
   * @param {number} transactionTimeout milliseconds
   */
  constructor(database, transactionTimeout) {
    this.#database = database
    this.#transactionTimeout = transactionTimeout
  }

  /** @param {import('@libsql/client').InStatement} statement */
  async execute(statement) {
    const sql = typeof statement === 'string' ? statement : statement.sql
    if (READS.test(sql)) return this.#database.read(statement)
    return this.#inTurn(() => this.#database.patiently(statement))
  }

  async transaction() {
    return new LazyTransaction(this.#database, this.#transactionTimeout)
  }

  /** @param {import('@libsql/client').InStatement[]} statements */
  async batch(statements) {
    const transaction = await this.transaction()
    try {
      const results = []
      for (const statement of statements) results.push(await transaction.execute(statement))
      await transaction.commit()
      return results
    } finally {
      await transaction.rollback()
    }
  }

  /** @param {string} sql */
  async executeMultiple(sql) {
    return this.#inTurn(() => this.#database.writer.executeMultiple(sql))
  }

  /** The connections stay: other adapters of this process (Next.js reloads the config) may use them. */
  close() {
    this.closed = true
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   */
  async #inTurn(work) {
    const leave = await this.#database.enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

/**
 * One `Database` a file and process. Bundlers make several copies of this module, and two copies with a queue each would
 * block each other.
 * @type {Map<string, Database>}
 */
const databases = (globalThis[Symbol.for('order-board.databases')] ??= new Map())

/**
 * Payload's SQLite adapter on a file, with transactions, WAL, writers in a queue, and migrations run at every start.
 * @param {object} options
 * @param {string} options.file
 * @param {import('@payloadcms/db-sqlite').SQLiteAdapter['prodMigrations']} options.migrations
 * @param {number} [options.busyTimeout] milliseconds to wait for another process
 * @param {number} [options.transactionTimeout] milliseconds after which an unsettled transaction is rolled back
 */
export function sqlite({ file, migrations, busyTimeout = 5000, transactionTimeout = 30_000 }) {
  const url = pathToFileURL(file).href
  const inner = sqliteAdapter({ client: { url }, transactionOptions: {}, wal: true, busyTimeout, push: false })
  return {
    ...inner,
    /** @param {{ payload: import('payload').Payload }} context */
    init(context) {
      const adapter = inner.init(context)
      const { connect } = adapter
      adapter.connect = async function (options) {
        if (!databases.has(file)) databases.set(file, new Database(file, busyTimeout))
        this.client ??= new QueueingClient(databases.get(file), transactionTimeout)
        await connect.call(this, options)
        await this.migrate({ migrations })
      }
      return adapter
    },
  }
}
