import { channel } from 'node:diagnostics_channel'
import { OptimisticCacheError } from '../errors.js'
import { loadTimeoutOf, MAX_TIMEOUT } from './durations.js'
import { frozenFromJSON, toJSON } from './json.js'
import { HIT, native } from './native.js'

/** @typedef {import('./types.js').EntryOptions} EntryOptions */
/** @typedef {import('./types.js').LoadOptions} LoadOptions */
/** @typedef {import('./native.js').FlightGrant} FlightGrant */

/** @typedef {{ since: number, text: string, value: any }} Loaded `since`: a version at which it is true; `value`: frozen */

/**
 * What those who wait get: the value; or nothing, and then they ask again, or load for themselves.
 * @typedef {Loaded | 'again' | 'alone'} Landing
 */

/** @typedef {{ since: number, landed: Promise<Landing> }} Flight a load that callers of this thread share */

/** A caller who waited for so many loads without an answer loads alone. */
const WAITS_MOST = 4
/** Timers and CLOCK_REALTIME round differently. */
const TIMER_SLACK = 2
const REASON_MOST = 512
const KEY_SHOWN = 64

/** Errors that say that a loaded value cannot be kept, not that the caller did something wrong. */
const UNKEEPABLE = new Set([
  'ERR_OPTIMISTIC_VALUE_SIZE',
  // The name of a document that it shows.
  'ERR_OPTIMISTIC_TAG_SIZE',
  'ERR_OPTIMISTIC_TAG_COUNT',
  'ERR_OPTIMISTIC_JSON_DEPTH',
  'ERR_OPTIMISTIC_JSON_NUL',
  'ERR_OPTIMISTIC_JSON_SURROGATE',
])
const unkeptChannel = channel('payload-optimistic-cache:unkept')
const refreshFailedChannel = channel('payload-optimistic-cache:refresh-failed')

/** @param {unknown} error */
export const isUnkeepable = (error) => error instanceof OptimisticCacheError && UNKEEPABLE.has(error.code)

/**
 * Fills entries, so that who misses the same key at once loads it once. Callers of this thread share the very promise;
 * the core says whether another thread or process is loading, and wakes this one when it is done. What that one loaded
 * is read from the cache, under the rules of every read.
 */
export class Loader {
  #cache
  #handle
  #waiters
  #store
  /** @type {Map<string, Flight>} by key, the newest */
  #flights = new Map()
  #open = true
  /** Loaded values that could not be kept. */
  unkept = 0
  /** Background loads that failed. */
  refreshFailures = 0

  /**
   * @param {{ readonly version: number }} cache
   * @param {import('./native.js').CacheHandle} handle
   * @param {import('./waiters.js').Waiters} waiters
   * @param {(key: string, text: string, options: EntryOptions) => boolean} store
   */
  constructor(cache, handle, waiters, store) {
    this.#cache = cache
    this.#handle = handle
    this.#waiters = waiters
    this.#store = store
  }

  /**
   * Joins a load of that key only when it began at the present version, or later: the caller may know of a commit that
   * an earlier one did not see.
   * @param {string} key that was missed
   * @param {LoadOptions} options
   * @param {() => unknown} load
   * @param {number | undefined} changes the arena's change counter from before the miss
   * @returns {Promise<Loaded>}
   */
  async load(key, options, load, changes) {
    const least = this.#cache.version
    const timeout = loadTimeoutOf(options)
    let alone = false
    for (let waits = 1; ; waits++) {
      let flight = this.#flights.get(key)
      if (flight === undefined || flight.since < least) {
        const grant = alone ? this.#alone(timeout) : native.flightBegin(this.#handle, key, least, timeout)
        if (grant.leads) return this.#cameMeanwhile(key, grant, changes) ?? this.#lead(key, grant, options, load)
        flight = this.#wait(key, grant)
      }
      const landing = await flight.landed
      if (typeof landing === 'object') return landing
      alone = landing === 'alone' || waits === WAITS_MOST
      changes = undefined
    }
  }

  /**
   * Loads in the background, unless somebody on this machine does.
   * @param {string} key
   * @param {LoadOptions} options
   * @param {() => unknown} load
   */
  refresh(key, options, load) {
    if (this.#flights.has(key)) return
    const grant = native.flightBegin(this.#handle, key, 0, loadTimeoutOf(options))
    if (!grant.leads) return native.flightLeave(this.#handle, grant.id)
    if (grant.present) return this.#end(grant, native.flightKept)
    this.#lead(key, grant, options, load).catch((error) => {
      this.refreshFailures++
      refreshFailedChannel.publish({ key, error })
    })
  }

  /**
   * Takes a turn, of which there is one at a time, whoever has it.
   * @param {string} key
   * @param {number} timeout
   * @returns {(() => void) | undefined} ends it; undefined when another has it
   */
  enter(key, timeout) {
    const grant = native.flightBegin(this.#handle, key, 0, timeout)
    if (grant.leads) return () => this.#end(grant, native.flightUnkept)
    native.flightLeave(this.#handle, grant.id)
    return undefined
  }

  /** The addon abandons the flights of a closed handle by itself. */
  close() {
    this.#open = false
  }

  // ---- Leading

  /**
   * @param {number} timeout
   * @returns {FlightGrant} to load without telling anybody
   */
  #alone(timeout) {
    return { id: 0, leads: true, present: false, since: this.#cache.version, deadline: Date.now() + timeout }
  }

  /**
   * What another stored between the caller's miss and its turn to load.
   * @param {string} key
   * @param {FlightGrant} grant
   * @param {number | undefined} changes
   */
  #cameMeanwhile(key, grant, changes) {
    if (!grant.present || this.#handle.changes[0] === changes) return undefined
    const found = this.#read(key)
    if (found !== undefined) this.#end(grant, native.flightKept)
    return found
  }

  /**
   * @param {string} key
   * @param {FlightGrant} grant
   * @param {LoadOptions} options
   * @param {() => unknown} load
   * @returns {Promise<Loaded>}
   */
  #lead(key, grant, options, load) {
    const loaded = this.#fill(key, grant, options, load)
    const { promise: overdue, cancel } = atDeadline(grant.deadline)
    /** @type {Promise<Landing>} */
    const landed = Promise.race([loaded, overdue])
    const land = this.#share(key, { since: grant.since, landed })
    overdue.then(land)
    loaded.then(land, land).then(cancel)
    return loaded
  }

  /**
   * @param {string} key
   * @param {FlightGrant} grant
   * @param {LoadOptions} options
   * @param {() => unknown} load
   * @returns {Promise<Loaded>}
   */
  async #fill(key, grant, options, load) {
    const { since } = grant
    try {
      const text = toJSON(await load(), 'what load() returned')
      const kept = this.#keep(key, text, { ...options, since })
      this.#end(grant, kept ? native.flightKept : native.flightUnkept)
      return { since, text, value: frozenFromJSON(text) }
    } catch (error) {
      this.#end(grant, native.flightFailed, messageOf(error))
      throw error
    }
  }

  /**
   * @param {string} key
   * @param {string} text
   * @param {EntryOptions} options
   * @returns {boolean} is it in the cache?
   */
  #keep(key, text, options) {
    try {
      return this.#store(key, text, options)
    } catch (error) {
      if (!isUnkeepable(error)) throw error
      this.unkept++
      unkeptChannel.publish({ key, error })
      return false
    }
  }

  /**
   * @param {FlightGrant} grant
   * @param {(handle: import('./native.js').CacheHandle, id: number, reason?: string) => void} end
   * @param {string} [reason]
   */
  #end(grant, end, reason) {
    if (grant.id !== 0 && this.#open) end(this.#handle, grant.id, reason)
  }

  // ---- Waiting

  /**
   * @param {string} key
   * @param {FlightGrant} grant
   * @returns {Flight}
   */
  #wait(key, { id, since, deadline }) {
    const look = () => native.flightLook(this.#handle, id)
    const giveUp = () => {
      native.flightLeave(this.#handle, id)
      return { state: 'abandoned', reason: '' }
    }
    const timeout = Math.min(Math.max(deadline - Date.now(), 0) + TIMER_SLACK, MAX_TIMEOUT)
    const landed = this.#waiters
      .wait(look, timeout, () => look() ?? giveUp())
      .then((end) => this.#landingOf(key, since, end))
    const flight = { since, landed }
    const land = this.#share(key, flight)
    landed.then(land, land)
    return flight
  }

  /**
   * @param {string} key
   * @param {number} since
   * @param {import('./native.js').FlightEnd} end
   * @returns {Landing}
   */
  #landingOf(key, since, { state, reason }) {
    if (state === 'failed') throw failedElsewhere(key, reason)
    if (state === 'kept') return this.#read(key) ?? 'again'
    // Not kept although nothing changed: neither will be the next one.
    return state === 'unkept' && this.#cache.version === since ? 'alone' : 'again'
  }

  /**
   * What another thread or process stored, as it is now.
   * @param {string} key
   * @returns {Loaded | undefined}
   */
  #read(key) {
    const text = native.get(this.#handle, undefined, key, true, 0)
    if (typeof text !== 'string') return undefined
    return { since: native.hit[HIT.VERSION], text, value: frozenFromJSON(text) }
  }

  /**
   * Lets callers of this thread join, until what it returns is called.
   * @param {string} key
   * @param {Flight} flight
   * @returns {() => void}
   */
  #share(key, flight) {
    this.#flights.set(key, flight)
    flight.landed.catch(() => {}) // it may have been joined by nobody
    return () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
  }
}

/**
 * A timer that keeps no process alive: the load does, or nothing.
 * @param {number} deadline milliseconds of the epoch
 * @returns {{ promise: Promise<'again'>, cancel: () => void }}
 */
function atDeadline(deadline) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const promise = new Promise((resolve) => {
    const timeout = Math.min(Math.max(deadline - Date.now(), 0), MAX_TIMEOUT)
    timer = setTimeout(resolve, timeout, /** @type {'again'} */ ('again')).unref()
  })
  return { promise, cancel: () => clearTimeout(timer) }
}

/** @param {unknown} error */
function messageOf(error) {
  let text = 'it threw what has no message'
  try {
    text = String(/** @type {any} */ (error)?.message ?? error)
  } catch {
    // Its message cannot be read.
  }
  return Buffer.from(text.slice(0, REASON_MOST)).toString()
}

/**
 * @param {string} key
 * @param {string} reason
 */
const failedElsewhere = (key, reason) =>
  new OptimisticCacheError(
    'ERR_OPTIMISTIC_LOAD',
    'another thread or process, which this one waited for, failed to load ' +
      `${JSON.stringify(key.slice(0, KEY_SHOWN))}: ${reason}`,
  )
