import { channel } from 'node:diagnostics_channel'
import process from 'node:process'
import { OptimisticCacheError } from '../errors.js'
import { frozenFromJSON } from './json.js'
import { native } from './native.js'

/** @typedef {import('./types.js').CacheEvents} CacheEvents */
/** @typedef {(event: any) => void} Listener */

/**
 * What the core tells, with its bit in oc_event_type of include/optimistic_cache.h.
 * @type {Record<string, number>}
 */
const BITS = { commit: 1, rollback: 2, expire: 4, invalidate: 8, evict: 16 }
const TYPES = [...Object.keys(BITS), 'lost']
const channels = new Map(TYPES.map((type) => [type, channel(`payload-optimistic-cache:${type}`)]))

/**
 * Brings what happens in the arena, whoever does it, to this thread's listeners and to its diagnostics channels.
 * Nothing is recorded and nobody is woken while there are none. It keeps no event loop alive.
 *
 * A channel does not say when it gets its first subscriber. So `look()` is called wherever that costs nothing beside
 * what is done there.
 */
export class Events {
  #handle
  #name
  /** @type {Map<string, Listener[]>} */
  #listeners = new Map()
  /**
   * Read, and not told yet, with those who listened when it happened.
   * @type {{ event: { type: string }, listeners: Listener[] }[]}
   */
  #queue = []
  #telling = false
  #wanted = 0
  #warned = false
  /** Events that came too fast to be told. */
  lost = 0

  /**
   * @param {import('./native.js').CacheHandle} handle
   * @param {string} name of the cache
   */
  constructor(handle, name) {
    this.#handle = handle
    this.#name = name
  }

  /**
   * @param {string} type
   * @param {Listener} listener
   */
  add(type, listener) {
    check(type, listener)
    this.#readForThoseWhoAreThere()
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
    this.look()
  }

  /**
   * @param {string} type
   * @param {Listener} listener
   */
  remove(type, listener) {
    check(type, listener)
    const listeners = this.#listeners.get(type) ?? []
    const at = listeners.lastIndexOf(listener)
    if (at < 0) return
    this.#listeners.set(type, listeners.toSpliced(at, 1))
    this.look()
  }

  /** Listens for what there is a listener or a subscriber for now. */
  look() {
    let wanted = 0
    for (const type in BITS) if (this.#isWanted(type)) wanted |= BITS[type]
    if (wanted === this.#wanted) return
    this.#readForThoseWhoAreThere()
    this.#wanted = wanted
    if (wanted === 0) native.unlisten(this.#handle)
    else native.listen(this.#handle, wanted, () => this.#wake())
  }

  /** Nothing is told any more. Goes before the addon's handle is closed. */
  close() {
    if (this.#wanted !== 0) native.unlisten(this.#handle)
    this.#wanted = 0
    this.#queue = []
    this.#listeners.clear()
  }

  /** @param {string} type */
  #isWanted(type) {
    return (this.#listeners.get(type)?.length ?? 0) > 0 || channels.get(type)?.hasSubscribers
  }

  #wake() {
    this.#read()
    this.#tellAll()
    if (this.#wanted !== 0) this.look()
  }

  /** Nobody is called from inside a call of the cache. */
  #readForThoseWhoAreThere() {
    if (this.#wanted === 0) return
    this.#read()
    if (this.#queue.length > 0) queueMicrotask(() => this.#tellAll())
  }

  #read() {
    const found = native.readEvents(this.#handle)
    if (found === undefined) return
    const { lost, reset } = found
    if (lost > 0 || reset) this.#enqueue(Object.freeze({ type: 'lost', count: lost, reset }))
    for (const event of frozenFromJSON(found.events)) this.#enqueue(event)
  }

  /** @param {{ type: string }} event */
  #enqueue(event) {
    this.#queue.push({ event, listeners: this.#listeners.get(event.type) ?? [] })
  }

  /** A listener that makes others be read does not change the order in which all are told. */
  #tellAll() {
    if (this.#telling) return
    this.#telling = true
    for (let told; (told = this.#queue.shift()) !== undefined; ) {
      if (told.event.type === 'lost') this.#noteLost(/** @type {any} */ (told.event))
      this.#tell(told.event, told.listeners)
    }
    this.#telling = false
  }

  /**
   * @param {{ type: string }} event
   * @param {Listener[]} listeners
   */
  #tell(event, listeners) {
    for (const listener of listeners) {
      if (!this.#listeners.get(event.type)?.includes(listener)) continue
      try {
        listener(event)
      } catch (error) {
        // As of any other callback, but after the other listeners.
        process.nextTick(() => {
          throw error
        })
      }
    }
    const published = channels.get(event.type)
    if (published?.hasSubscribers) published.publish({ cache: this.#name, ...event })
  }

  /** @param {CacheEvents['lost']} event */
  #noteLost({ count, reset }) {
    this.lost += count
    if (this.#warned || this.#isWanted('lost')) return
    this.#warned = true
    const why = reset ? 'a process died while it changed the cache' : 'they came faster than they were read'
    process.emitWarning(
      `${count} events of the cache '${this.#name}' were lost: ${why}. Listen for 'lost' to be told each time.`,
      { code: 'OPTIMISTIC_EVENTS_LOST' },
    )
  }
}

/**
 * @param {unknown} type
 * @param {unknown} listener
 */
function check(type, listener) {
  if (!TYPES.includes(/** @type {string} */ (type))) {
    const message = `there are events of the types ${TYPES.join(', ')}, not ${String(type)}`
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', message)
  }
  if (typeof listener !== 'function') {
    throw new OptimisticCacheError('ERR_OPTIMISTIC_ARGUMENT', 'listener must be a function that takes the event')
  }
}
