/**
 * SQLite for a server that writes concurrently.
 *
 * Payload's adapter talks to libsql, whose client is synchronous native code behind promises. Left alone, that goes
 * wrong in four ways as soon as two requests write at once:
 *
 * - A transaction holds the file's only write lock from BEGIN to COMMIT, and between the two the event loop runs other
 *   requests. The second BEGIN then waits for the lock *inside native code*, on the loop that the first transaction
 *   needs to reach its COMMIT: nothing moves until the busy timeout ends in SQLITE_BUSY.
 * - A transaction takes the client's open connection along; the client opens another one for everything else, without
 *   the PRAGMAs (busy timeout, synchronous) that the adapter had set on the first.
 * - BEGIN is sent when Payload starts an operation, long before its first statement. Whatever a hook waits for in
 *   between, everybody waits for.
 *
 * - A statement that was answered SQLITE_BUSY stays "in progress" until it is garbage, and while it is, every COMMIT on
 *   its connection fails. Payload's adapter does not tell anybody: the update answers 200 and is gone.
 *
 * So the adapter gets a client of ours (it makes its own only when it has none):
 *
 *     reads outside transactions ──► reader connection           (WAL: never waits for a writer)
 *     everything else ──► queue ──► writer connection            one transaction, or one statement, at a time
 *
 * - Writers queue in JavaScript, first come, first served, so the loop stays free while they wait.
 * - A transaction joins the queue at its first statement, not when it is begun.
 * - Two connections, opened once, each with its PRAGMAs. Another process's lock is waited for by asking again, not by
 *   blocking; after `busyTimeout` it is SQLITE_BUSY, as it should be. Only BEGIN asks for the lock, so no other
 *   statement can be busy, and it goes through `exec`, which leaves no statement behind.
 * - A transaction that nobody settles is rolled back after `transactionTimeout`. That also ends the one deadlock that
 *   is left: a hook that writes without passing `req`, and so waits for the transaction it is itself part of.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createClient, LibsqlError } from '@libsql/client'
import { Sqlite3Client } from '@libsql/client/sqlite3'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import Connection from 'libsql'

const READS = /^\s*(select|explain)\b/i
/** What cannot run in a transaction. */
const STANDS_ALONE = /^\s*(pragma|vacuum)\b/i
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
    this.#busyTimeout = busyTimeout
    this.reader = createClient({ url: pathToFileURL(file).href })
    this.connection = new Connection(file)
    // The client that `createClient` would make of it, but of a connection that we can look at.
    this.writer = new Sqlite3Client(file, {}, this.connection, 'number')
    this.#ready = this.#prepare()
    // Whoever uses the database first is told; until then a failure is nobody's unhandled rejection.
    this.#ready.catch(() => {})
  }

  async #prepare() {
    await this.#patiently('PRAGMA journal_mode = WAL')
    this.connection.exec('PRAGMA synchronous = FULL')
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
   * Takes the write lock of the file, for the one whose turn it is. Payload reads a document before it writes it: with
   * a lock taken only at the write, another process's update between the two would end in SQLITE_BUSY_SNAPSHOT.
   */
  begin() {
    return this.#patiently('BEGIN IMMEDIATE')
  }

  /** @param {'COMMIT' | 'ROLLBACK'} how */
  end(how) {
    try {
      this.connection.exec(how)
    } catch (error) {
      if (this.connection.inTransaction) this.connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Asks again while another process has the lock. @param {string} sql */
  async #patiently(sql) {
    const deadline = Date.now() + this.#busyTimeout
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return this.connection.exec(sql)
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
  /** @type {NodeJS.Timeout | undefined} */
  #timer
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
      // After some errors (a full disk, say) SQLite has ended the transaction by itself. What followed would be
      // committed statement by statement.
      if (!this.#database.connection.inTransaction) this.#close()
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
      await this.#database.begin()
    } catch (error) {
      this.#close()
      throw error
    }
    this.#timer = setTimeout(() => this.rollback().catch(() => {}), this.#timeout)
  }

  /** @param {'COMMIT' | 'ROLLBACK'} how */
  async #end(how) {
    await this.#begun
    this.#assertOpen()
    try {
      if (this.#begun !== undefined) this.#database.end(how)
    } finally {
      this.#close()
    }
  }

  #close() {
    this.closed = true
    clearTimeout(this.#timer)
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
    if (STANDS_ALONE.test(sql)) return this.#inTurn(() => this.#database.writer.execute(statement))
    const [result] = await this.batch([statement])
    return result
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
 * One `Database` a file and process. Bundlers make several copies of this module, and two copies with a queue each
 * would block each other.
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
