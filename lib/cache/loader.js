import { channel } from 'node:diagnostics_channel'
import { OptimisticCacheError } from '../errors.js'
import { frozenFromJSON, toJSON } from './json.js'

/** @typedef {import('./types.js').EntryOptions} EntryOptions */
/** @typedef {import('./types.js').LoadOptions} LoadOptions */
/** @typedef {{ text: string, value: any }} Loaded `value`: deep-frozen */
/** @typedef {{ since: number, result: Promise<Loaded> }} Flight */

/** Errors that say that a loaded value cannot be kept, not that the caller did something wrong. */
const UNKEEPABLE = new Set([
  'ERR_OPTIMISTIC_VALUE_SIZE',
  'ERR_OPTIMISTIC_TAG_COUNT',
  'ERR_OPTIMISTIC_JSON_DEPTH',
  'ERR_OPTIMISTIC_JSON_NUL',
  'ERR_OPTIMISTIC_JSON_SURROGATE',
])
const unkeptChannel = channel('payload-optimistic-cache:unkept')
const refreshFailedChannel = channel('payload-optimistic-cache:refresh-failed')

/**
 * Loads under way in this thread, by arena and key. They are the module's and not a cache object's, because several
 * objects may stand for one arena.
 * @type {Map<string, Flight>}
 */
const flights = new Map()

/** @param {unknown} error */
export const isUnkeepable = (error) => error instanceof OptimisticCacheError && UNKEEPABLE.has(error.code)

/** Fills entries, so that readers who miss the same key at once load it once. */
export class Loader {
  #cache
  #store
  /** Loaded values that could not be kept. */
  unkept = 0
  /** Background loads that failed. */
  refreshFailures = 0

  /**
   * @param {{ readonly version: number, readonly generation: string }} cache
   * @param {(key: string, text: string, options: EntryOptions) => boolean} store
   */
  constructor(cache, store) {
    this.#cache = cache
    this.#store = store
  }

  /**
   * Joins the load of that key under way only while no version passed since it began: this reader may know of a commit
   * that the load did not see.
   * @param {string} key
   * @param {LoadOptions} options
   * @param {() => unknown} load
   * @returns {Flight}
   */
  load(key, options, load) {
    const since = this.#cache.version
    const id = this.#idOf(key)
    const underWay = flights.get(id)
    if (underWay?.since === since) return underWay

    const flight = { since, result: this.#fill(key, { ...options, since }, load) }
    flights.set(id, flight)
    const land = () => {
      if (flights.get(id) === flight) flights.delete(id)
    }
    flight.result.then(land, land)
    return flight
  }

  /**
   * Loads in the background, unless that is being done.
   * @param {string} key
   * @param {LoadOptions} options
   * @param {() => unknown} load
   */
  refresh(key, options, load) {
    if (flights.has(this.#idOf(key))) return
    this.load(key, options, load).result.catch((error) => {
      this.refreshFailures++
      refreshFailedChannel.publish({ key, error })
    })
  }

  /** @param {string} key */
  #idOf(key) {
    return `${this.#cache.generation} ${key}`
  }

  /**
   * @param {string} key
   * @param {EntryOptions} options
   * @param {() => unknown} load
   * @returns {Promise<Loaded>}
   */
  async #fill(key, options, load) {
    const text = toJSON(await load(), 'what load() returned')
    try {
      this.#store(key, text, options)
    } catch (error) {
      if (!isUnkeepable(error)) throw error
      this.unkept++
      unkeptChannel.publish({ key, error })
    }
    return { text, value: frozenFromJSON(text) }
  }
}
