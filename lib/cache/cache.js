import { setImmediate as nextTurn } from 'node:timers/promises'
import { OptimisticCacheError } from '../errors.js'
import { closeAtExit } from './at-exit.js'
import { Derived, isComputing } from './derived.js'
import { expiryOf, loadTimeoutOf, timeoutOf } from './durations.js'
import { Events } from './events.js'
import { frozenFromJSON, toJSON } from './json.js'
import { isUnkeepable, Loader } from './loader.js'
import { HIT, native } from './native.js'
import { maxMemoOf, toOpenOptions } from './open-options.js'
import { pooled, written } from './pooled.js'
import { Reader } from './reader.js'
import { View, viewStateOf } from './view.js'
import { Waiters } from './waiters.js'

/** @typedef {import('./types.js').CacheEvents} CacheEvents */
/** @typedef {import('./types.js').EntryOptions} EntryOptions */
/** @typedef {import('./types.js').EntryInfo} EntryInfo */
/** @typedef {import('./types.js').EntriesPage} EntriesPage */
/** @typedef {import('./types.js').EntryFilter} EntryFilter */
/** @typedef {import('./types.js').EntryOrder} EntryOrder */
/** @typedef {import('./types.js').FetchedEntry} FetchedEntry */
/** @typedef {import('./types.js').LoadOptions} LoadOptions */
/** @typedef {import('./types.js').MutationInfo} MutationInfo */
/** @typedef {import('./types.js').MutationStatus} MutationStatus */
/** @typedef {import('./types.js').Operation} Operation */
/** @typedef {import('./types.js').Reading} Reading */
/** @typedef {import('./types.js').ReadOptions} ReadOptions */

const DEFAULT_SETTLED_TIMEOUT = 30_000
const DEFAULT_KNOWN_TIMEOUT = 50
/** Entries a page, as the core allows. */
const PAGE_MOST = 1000
/** In the order of the core's names. @type {Record<EntryOrder, (one: EntryInfo, other: EntryInfo) => number>} */
const ORDERS = {
  largest: (one, other) => other.bytes - one.bytes,
  oldest: (one, other) => one.setAt - other.setAt,
  mostRead: (one, other) => other.hits - one.hits,
}

/**
 * A cache as one thread sees it. Entries, mutations and versions are shared with every thread that opened the same
 * name; the parsed objects are this thread's own.
 *
 * Every method throws an `OptimisticCacheError`: `_CLOSED` after `close()`, `_ARGUMENT` for a value of the wrong type,
 * `_UTF8` for text with an unpaired surrogate, and what its comment names. A call that throws has changed nothing.
 */
export class Cache {
  #handle
  #open = true
  #reader
  #loader
  #waiters
  #events
  #derived
  #forgetAtExit

  /**
   * Use `openCache()`.
   * @param {import('./types.js').CacheOptions} options
   */
  constructor(options) {
    const handle = native.open(toOpenOptions(options))
    this.#handle = handle
    this.#reader = new Reader(handle, maxMemoOf(options))
    this.#derived = new Derived({
      generation: () => this.generation,
      read: (key, view) => this.#reader.find(key, viewStateOf(view, this), true),
      set: (key, text, entry) => this.#keep(key, text, entry),
      entry: (key) => this.entry(key),
      stampOf: (key, view, known) => this.#reader.stampOf(key, this.#stateOf(view), known),
    })
    this.#waiters = new Waiters(
      (callback) => native.watch(handle, callback),
      () => native.unwatch(handle),
    )
    this.#loader = new Loader(this, handle, this.#waiters, (key, text, entry) => this.#store(key, text, true, entry))
    this.#events = new Events(handle, options.name ?? 'default')
    this.#events.look()
    this.#forgetAtExit = closeAtExit(this)
  }

  /** The log's head: the version of the last committed operation. Read it before a load and pass it as `since`. */
  get version() {
    return native.version(this.#handle)
  }

  /** Hexadecimal; another one means that the arena is new. Versions compare only within one generation. */
  get generation() {
    return native.generation(this.#handle)
  }

  // ---- Entries

  /**
   * Stores what `JSON.stringify` makes of `value`.
   * @param {string} key
   * @param {unknown} value anything that JSON can hold
   * @param {EntryOptions} [options]
   * @returns {boolean} false when it was not kept: an operation on one of its tags came after `since`, or there is no
   *   room
   * @throws {OptimisticCacheError} `_KEY_SIZE`, `_VALUE_SIZE`, `_TAG_SIZE`, `_TAG_COUNT`, `_JSON_DEPTH`, `_JSON_NUL`,
   *   `_JSON_SURROGATE`, `_QUERY`
   */
  set(key, value, options) {
    const isKept = this.#store(key, toJSON(value, 'value'), true, options)
    this.#derived.noteStored(key, options)
    return isKept
  }

  /**
   * Stores a copy of `bytes`: JSON text when `json` is true, else opaque, which any operation on one of its tags drops.
   * @param {string} key
   * @param {Uint8Array | string} bytes not over shared memory
   * @param {EntryOptions & { json?: boolean }} [options]
   * @returns {boolean} as `set`
   * @throws {OptimisticCacheError} as `set`, and `_UTF8`, `_JSON`
   */
  setBytes(key, bytes, options) {
    const isKept = this.#store(key, bytes, options?.json ?? false, options)
    this.#derived.noteStored(key, options)
    return isKept
  }

  /**
   * @param {string} key
   * @param {View} [view] without one: the newest version, without overlay
   * @param {ReadOptions} [options]
   * @returns {any} deep-frozen and shared by all readers of this thread; undefined for a miss
   * @throws {OptimisticCacheError} `_KEY_SIZE`; `_ARGUMENT` when the entry holds opaque bytes
   */
  get(key, view, options) {
    // Most reads; a tenth faster than through all that others need.
    const isSimple = view === undefined && this.#open && !isComputing()
    const remembered = isSimple ? this.#reader.remembered(key) : undefined
    return (remembered ?? this.#find(key, view, options))?.value
  }

  /**
   * As `get`, with what is known of the answer.
   * @param {string} key
   * @param {View} [view]
   * @param {ReadOptions} [options]
   * @returns {Reading | undefined}
   * @throws {OptimisticCacheError} as `get`
   */
  read(key, view, options) {
    const found = this.#find(key, view, options)
    return found && { value: found.value, version: found.version, stale: found.stale, overlaid: found.overlaid }
  }

  /**
   * The entry as it is kept: a copy of its JSON text, or of its opaque bytes. It is the caller's own, but, as with
   * Buffer.allocUnsafe, not all of the memory behind it (`buffer`) is.
   * @param {string} key
   * @param {View} [view]
   * @param {ReadOptions & { into?: Buffer }} [options] `into`: memory to write to from its start, for a caller who uses
   *   it again and again, which is faster than new memory; that part of it is returned. What does not fit is answered as
   *   without it
   * @returns {Buffer | undefined}
   * @throws {OptimisticCacheError} `_KEY_SIZE`
   */
  getBytes(key, view, options) {
    const state = this.#stateOf(view)
    const base = options?.base ?? false
    /** @param {Buffer} memory @param {number} at */
    const write = (memory, at) => this.#reader.writeBytes(key, state, base, memory, at)
    const bytes = options?.into === undefined ? pooled(write) : written(options.into, write)
    this.#derived.noteRead(key, view, bytes && { overlaid: state?.mayOverlay })
    return bytes
  }

  /**
   * Answers from the cache, or loads and keeps. Of all who miss the same key at once, in any thread and process that
   * has the cache open, one loads and the others wait, as long as no version passed since the load began. When its
   * process or thread ends, or it takes longer than `loadTimeout`, one of those who wait loads.
   *
   * What a load returns goes to its callers even when it cannot be kept (too large, an escaped NUL, …): that counts as
   * `unkept` in `stats()` and is published on the diagnostics channel `payload-optimistic-cache:unkept` as
   * `{ key, error }`. A load that throws is not kept; its error is thrown to all callers of its thread, and as `_LOAD`
   * with its message to those who waited elsewhere.
   *
   * A stale hit is answered at once and loaded anew in the background, by one on the machine; when that fails, the next
   * stale hit tries again. The error counts as `refreshFailures` in `stats()` and is published on
   * `payload-optimistic-cache:refresh-failed`.
   * @param {string} key
   * @param {LoadOptions} options
   * @param {() => unknown} load reads the database; may return a promise
   * @param {View} [view] whose overlay is laid over the value
   * @param {ReadOptions} [readOptions]
   * @returns {Promise<any>} deep-frozen; what JSON makes of the loaded value
   * @throws {OptimisticCacheError} as `set`, but for values that cannot be kept; `_LOAD`; `_CLOSED` also when the cache
   *   is closed meanwhile
   */
  async fetch(key, options, load, view, readOptions) {
    return (await this.fetchEntry(key, options, load, view, readOptions)).value
  }

  /**
   * As `fetch`, with what is known of the answer.
   * @param {string} key
   * @param {LoadOptions} options
   * @param {() => unknown} load
   * @param {View} [view]
   * @param {ReadOptions} [readOptions]
   * @returns {Promise<FetchedEntry>}
   */
  async fetchEntry(key, options, load, view, readOptions) {
    if (typeof load !== 'function') {
      throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'load must be a function that returns the value')
    }
    this.#assertOpen()
    const { changes } = this.#reader
    const found = this.#find(key, view, readOptions)
    if (found !== undefined) {
      if (found.stale) this.#loader.refresh(key, options, load)
      return { value: found.value, version: found.version, overlaid: found.overlaid, hit: true }
    }
    const { since, text, value } = await this.#loader.load(key, options, load, changes)
    this.#derived.noteStored(key, options)
    const state = this.#stateOf(view)
    const overlaid = state && this.#overlay(text, options, since, state)
    const shown = overlaid === undefined || readOptions?.base ? value : overlaid
    return { value: shown, version: since, overlaid: shown !== value, hit: false }
  }

  /**
   * Takes a turn that one caller has at a time, of all threads and processes that share the arena. It ends with them.
   * When more than a few dozen of turns and loads are under way (one for each 256 KiB of the arena), all may have it.
   * @param {string} key of no entry
   * @param {{ timeout: number }} options milliseconds after which another may have it all the same
   * @returns {(() => void) | undefined} to be called when it is over; undefined when another has it
   */
  enter(key, { timeout }) {
    this.#assertOpen()
    return this.#loader.enter(key, loadTimeoutOf({ loadTimeout: timeout }))
  }

  /**
   * What is known of one entry.
   * @param {string} key
   * @returns {EntryInfo | undefined} undefined when there is none
   */
  entry(key) {
    this.#assertOpen()
    const text = native.entry(this.#handle, key)
    return text === undefined ? undefined : JSON.parse(text)
  }

  /**
   * Entries, in no particular order, but those that a read would drop, since something happened to their tags. Of many
   * `entriesPage` tells without holding up the thread.
   * @param {EntryFilter & { limit?: number }} [options] `limit`: 1,000 unless given
   * @returns {EntryInfo[]}
   */
  entries({ limit = 1000, ...filter } = {}) {
    /** @type {EntryInfo[]} */
    const all = []
    /** @type {string | undefined} */
    let cursor
    do {
      const page = this.entriesPage({ ...filter, limit: Math.min(limit - all.length, PAGE_MOST), cursor })
      all.push(...page.entries)
      cursor = page.cursor
    } while (cursor !== undefined && all.length < limit)
    return all
  }

  /**
   * A page of entries. Those that are there from the first page to the last are told of once, whatever becomes of
   * others meanwhile, and however often they are set or changed themselves. A page looks at some 16,000 entries at
   * most, so it may have fewer than `limit`, or none, and still not be the last: that is the one without a cursor.
   * @param {EntryFilter & { limit?: number, cursor?: string }} [options] `limit`: 50 unless given, at most 1,000;
   *   `cursor`: of the page before, with the same filter
   * @returns {EntriesPage}
   * @throws {OptimisticCacheError} `_ARGUMENT` for a larger limit, or a cursor that is none
   */
  entriesPage(options) {
    return this.#entriesPage(0, options)
  }

  /**
   * The first entries in an order, of all there are: looks at each of them, and lets others run in between.
   * @param {EntryFilter & { order: EntryOrder, limit?: number }} options `limit`: 50 unless given, at most 1,000
   * @returns {Promise<EntryInfo[]>}
   * @throws {OptimisticCacheError} `_ARGUMENT`
   */
  async topEntries({ order, limit = 50, ...filter }) {
    const index = Object.keys(ORDERS).indexOf(order)
    if (index < 0) throw argumentError(`order must be one of ${Object.keys(ORDERS).join(', ')}`)
    /** @type {EntryInfo[]} */
    let top = []
    for (let cursor; ; await nextTurn()) {
      const page = this.#entriesPage(index + 1, { ...filter, limit, cursor })
      top = [...top, ...page.entries].sort(ORDERS[order]).slice(0, limit)
      cursor = page.cursor
      if (cursor === undefined) return top
    }
  }

  /**
   * @param {number} order as the core has it
   * @param {EntryFilter & { limit?: number, cursor?: string }} [options]
   * @returns {EntriesPage}
   */
  #entriesPage(order, { tag, prefix, contains, limit, cursor } = {}) {
    this.#assertOpen()
    if (limit === 0) throw argumentError('limit must be an integer from 1 to 1000')
    this.#reader.flush()
    const page = JSON.parse(native.entries(this.#handle, order, limit, tag, prefix, contains, cursor))
    return { entries: page.entries, cursor: page.cursor ?? undefined }
  }

  // ---- Views

  /**
   * Opens what one render reads through.
   * @param {{ principal?: string, tokens?: string[] }} [options] `principal`: `anonymous` unless given; `tokens`: the
   *   mutations that the viewer has in flight, as UUIDv7, at most 64
   * @returns {View}
   * @throws {OptimisticCacheError} `_ARGUMENT` for a token that is not a UUIDv7. A token that is unknown, or another
   *   principal's, is no error: `view.unknown` lists it
   */
  view(options) {
    const principal = options?.principal ?? 'anonymous'
    this.#assertOpen()
    const { changes } = this.#reader
    this.#events.look()
    const handle = native.openView(this.#handle, principal, options?.tokens ?? [])
    const version = native.hit[HIT.VERSION]
    const mayOverlay = native.hit[HIT.PENDING] > 0
    const sight = mayOverlay ? native.viewPending(handle) : ''
    const derived = this.#derived
    const state = { cache: this, handle, version, changes, mayOverlay, sight, shown: new Map(), open: true, derived }
    return new View(state, principal)
  }

  // ---- Writes around the database

  /**
   * Begins a mutation, before the database is touched. A begin of a token that is pending replaces the operations on
   * the documents it names and adds the others.
   * @param {string} token a UUIDv7
   * @param {{ principal?: string, operations: Operation[], ttl?: number }} mutation `principal`: `anonymous` unless
   *   given; `ttl`: milliseconds until it expires, 30,000 unless given
   * @throws {OptimisticCacheError} `_OPERATION`, `_JSON_DEPTH`, `_JSON_NUL`, `_JSON_SURROGATE`, `_TOKEN_UNKNOWN`
   *   (another principal's), `_TOKEN_SETTLED`, `_LIMIT_MUTATIONS`, `_LIMIT_OPERATIONS`, `_LIMIT_BYTES`, `_FULL`
   */
  begin(token, mutation) {
    const operations = operationsToJSON(mutation?.operations)
    this.#events.look()
    native.begin(this.#handle, token, mutation.principal ?? 'anonymous', operations, mutation.ttl)
  }

  /**
   * As `begin`, but of a token that nobody has begun: of several calls for one token, in whatever process, one
   * succeeds. It takes over a mutation that is only announced, and replaces its operations.
   * @param {string} token
   * @param {{ principal?: string, operations: Operation[], ttl?: number }} mutation
   * @throws {OptimisticCacheError} as `begin`; `_TOKEN_PENDING` when it was begun before
   */
  claim(token, mutation) {
    const operations = operationsToJSON(mutation?.operations)
    native.claim(this.#handle, token, mutation.principal ?? 'anonymous', operations, mutation.ttl)
  }

  /**
   * Says what a mutation is going to do whose write has not come yet: its principal's views show it. When nobody claims
   * it in time it is rolled back, and no entry is dropped for it. Announced again, it begins anew with these
   * operations.
   * @param {string} token
   * @param {{ principal?: string, operations: Operation[], ttl?: number }} mutation
   * @throws {OptimisticCacheError} as `begin`; `_TOKEN_PENDING` when it was begun, or claimed, before
   */
  announce(token, mutation) {
    const operations = operationsToJSON(mutation?.operations)
    native.announce(this.#handle, token, mutation.principal ?? 'anonymous', operations, mutation.ttl)
  }

  /**
   * Settles a mutation after its transaction committed. On an error the mutation stays pending: `expire` it then, so
   * that nobody reads what it may have changed.
   * @param {string} token
   * @param {{ operations?: Operation[] }} [mutation] as the database has them now; without: as they were begun
   * @returns {number} the version of the commit; of a token that was committed before, the same again
   * @throws {OptimisticCacheError} `_TOKEN_UNKNOWN`, `_TOKEN_SETTLED` (rolled back), `_OPERATION`, `_LIMIT_…`,
   *   `_JSON_…`
   */
  commit(token, mutation) {
    const operations = mutation?.operations === undefined ? undefined : operationsToJSON(mutation.operations)
    this.#events.look()
    return native.commit(this.#handle, token, operations)
  }

  /**
   * Forgets a pending mutation. Idempotent.
   * @param {string} token
   * @param {{ reason?: string }} [options] `reason` is what `status` tells as `error`; cut at 512 bytes
   * @throws {OptimisticCacheError} `_TOKEN_UNKNOWN`, `_TOKEN_SETTLED` (committed)
   */
  rollback(token, options) {
    this.#events.look()
    native.rollback(this.#handle, token, options?.reason)
  }

  /**
   * Gives a pending mutation up as of unknown outcome: its documents are invalidated. Idempotent.
   * @param {string} token
   * @param {{ reason?: string }} [options]
   * @throws {OptimisticCacheError} `_TOKEN_UNKNOWN`, `_TOKEN_SETTLED`
   */
  expire(token, options) {
    this.#events.look()
    native.expire(this.#handle, token, options?.reason)
  }

  /**
   * Logs operations that were committed without a bracket: each document is invalidated.
   * @param {Operation[]} operations
   * @returns {number} the version
   * @throws {OptimisticCacheError} `_OPERATION`, `_JSON_…`
   */
  record(operations) {
    const text = operationsToJSON(operations)
    this.#events.look()
    return native.record(this.#handle, text)
  }

  /**
   * @param {string[]} tags
   * @returns {number} the version
   * @throws {OptimisticCacheError} `_TAG_SIZE`
   */
  invalidate(tags) {
    this.#events.look()
    return native.invalidate(this.#handle, tags)
  }

  /**
   * @param {string} token
   * @param {string} principal
   * @returns {MutationStatus | undefined} undefined when nobody began it, it is forgotten, or it is another principal's
   */
  status(token, principal) {
    const status = native.status(this.#handle, token, principal)
    if (status === undefined) return undefined
    return { token, state: status.state, version: status.version, error: status.reason || undefined }
  }

  /**
   * The mutations that are pending, of all principals, and then those settled last.
   * @param {{ limit?: number }} [options] `limit`: 100 unless given, at most 1,000
   * @returns {MutationInfo[]}
   * @throws {OptimisticCacheError} `_ARGUMENT`
   */
  mutations(options) {
    return JSON.parse(native.mutations(this.#handle, options?.limit))
  }

  /**
   * Waits until a mutation is settled, by whatever thread or process. One whose process died expires within a second.
   * @param {string} token
   * @param {string} principal
   * @param {{ timeout?: number }} [options] milliseconds; 30,000 unless given
   * @returns {Promise<MutationStatus | undefined>} its status; at the timeout, as pending; undefined at once when
   *   unknown
   * @throws {OptimisticCacheError} `_CLOSED` also when the cache is closed meanwhile
   */
  async settled(token, principal, options) {
    const look = () => {
      const status = this.status(token, principal)
      return status?.state === 'pending' ? undefined : { status }
    }
    const timeout = timeoutOf(options?.timeout, DEFAULT_SETTLED_TIMEOUT)
    const { status } = await this.#waiters.wait(look, timeout, () => ({ status: this.status(token, principal) }))
    return status
  }

  /**
   * Waits until every token was begun by that principal: for a render that overtook the requests of its own viewer.
   * @param {string[]} tokens
   * @param {string} principal
   * @param {{ timeout?: number }} [options] milliseconds; 50 unless given
   * @returns {Promise<boolean>} false when some were not by then
   */
  async known(tokens, principal, options) {
    const look = () => tokens.every((token) => this.status(token, principal) !== undefined) || undefined
    const timeout = timeoutOf(options?.timeout, DEFAULT_KNOWN_TIMEOUT)
    return this.#waiters.wait(/** @type {() => boolean | undefined} */ (look), timeout, () => look() ?? false)
  }

  // ---- Events

  /**
   * Calls `listener` after each event of that type, whichever thread or process made it, from now on and in their
   * order: soon after, never from inside a call of the cache. Listeners keep no event loop alive. What a listener
   * throws is an uncaught exception, and the other listeners are called all the same.
   *
   * Nobody who writes waits for listeners: when they fall far behind, events are lost, which the event `lost` tells, as
   * `eventsLost` of `stats()` does; while nobody listens for it, a warning does, once.
   *
   * The same events are published on the diagnostics channels `payload-optimistic-cache:commit` and so on, with the
   * name of the `cache`, by each cache object. It notices a channel's first subscriber when it is opened, and in any
   * call that opens a view, writes, or asks for `stats()`.
   * @template {keyof CacheEvents} T
   * @param {T} type
   * @param {(event: CacheEvents[T]) => void} listener
   * @returns {this}
   * @throws {OptimisticCacheError} `_MEMORY`
   */
  on(type, listener) {
    this.#assertOpen()
    this.#events.add(type, listener)
    return this
  }

  /**
   * Takes back one `on` of the same type and listener, if there was one.
   * @template {keyof CacheEvents} T
   * @param {T} type
   * @param {(event: CacheEvents[T]) => void} listener
   * @returns {this}
   */
  off(type, listener) {
    this.#assertOpen()
    this.#events.remove(type, listener)
    return this
  }

  // ---- Looking in

  /**
   * Counters of the arena since it was made (`version`, `generation`, `hits`, `misses`, `sets`, `refused`, `replays`,
   * `inexact`, `overlays`, `evictions`, `commits`, `rollbacks`, `expirations`, `invalidations`), its present contents
   * (`entries`, `tags`, `mutationsPending`, `mutations`, `views`, `arenaBytes`, `usedBytes`), the loads under way
   * (`flights`), the `processes` that have it open, how often one died while it changed the cache, which emptied it
   * (`resets`), why the present content began (`started`: `kept`, `fresh: …` or `reset: …`), and of this object
   * `unkept`, `refreshFailures` and `eventsLost`. Hits that another thread answered from its own parsed objects are
   * missing until it reports them: at most 255 a key.
   * @returns {Record<string, number> & { generation: string, started: string }}
   */
  stats() {
    this.#assertOpen()
    this.#reader.flush()
    this.#events.look()
    const stats = /** @type {any} */ (native.stats(this.#handle))
    const { unkept, refreshFailures } = this.#loader
    return { ...stats, unkept, refreshFailures, eventsLost: this.#events.lost }
  }

  /** Gives the cache up; what waits is rejected, and views of this object are closed. Idempotent. */
  close() {
    if (!this.#open) return
    this.#reader.flush()
    this.#open = false
    this.#forgetAtExit()
    this.#loader.close()
    this.#waiters.close(closedError())
    this.#events.close()
    native.close(this.#handle)
  }

  // ---- Inside

  #assertOpen() {
    if (!this.#open) throw closedError()
  }

  /** @param {View | null | undefined} view */
  #stateOf(view) {
    return view === undefined || view === null ? undefined : viewStateOf(view, this)
  }

  /**
   * @param {string} key
   * @param {View} [view]
   * @param {ReadOptions} [options]
   * @returns {Reading | undefined}
   */
  #find(key, view, options) {
    this.#assertOpen()
    const found = this.#reader.find(key, this.#stateOf(view), options?.base ?? false)
    this.#derived.noteRead(key, view, found)
    return found
  }

  /**
   * @param {string} key
   * @param {string | Uint8Array} value
   * @param {boolean} json
   * @param {EntryOptions} [options]
   */
  #store(key, value, json, options = {}) {
    const { expiresAt, staleUntil } = expiryOf(options)
    const { tags = [], since = 0 } = options
    this.#events.look()
    return native.set(this.#handle, key, value, json, tags, since, expiresAt, staleUntil, queryToJSON(options))
  }

  /**
   * As `#store`, of something computed: one who computed it is not to fail because it cannot be kept.
   * @param {string} key
   * @param {string} text
   * @param {EntryOptions} entry
   */
  #keep(key, text, entry) {
    try {
      return this.#store(key, text, true, entry)
    } catch (error) {
      if (!isUnkeepable(error)) throw error
      return false
    }
  }

  /**
   * What the view shows of a loaded value, or undefined when that is the value itself. Asked for even when only the
   * base is wanted, because the core notes in the view when the value is newer than it.
   * @param {string} text
   * @param {LoadOptions} options
   * @param {number} since
   * @param {import('./view.js').ViewState} view
   */
  #overlay(text, options, since, view) {
    try {
      const overlaid = native.overlay(this.#handle, view.handle, text, queryToJSON(options), since)
      return overlaid === undefined ? undefined : frozenFromJSON(overlaid)
    } catch (error) {
      if (!isUnkeepable(error)) throw error
      return undefined
    }
  }
}

/** @param {string} message */
const argumentError = (message) => new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)

const closedError = () => new OptimisticCacheError('ERR_OPTIMISTIC_CLOSED', 'the cache is closed; open a new one')

/** @param {{ query?: import('./types.js').Query }} options */
const queryToJSON = ({ query }) => (query === undefined ? undefined : toJSON(query, 'query'))

/** @param {Operation[]} operations */
function operationsToJSON(operations) {
  if (Array.isArray(operations)) return toJSON(operations, 'operations')
  throw argumentError('operations must be an array of operations')
}
