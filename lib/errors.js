/**
 * What every function of this package throws when something is wrong with a value, a token, or the cache itself.
 *
 * `code` is one of
 * - `ERR_OPTIMISTIC_ARGUMENT`: a value of the wrong type or out of range, or a token that is not a UUIDv7
 * - `ERR_OPTIMISTIC_CLOSED`: the cache, or the view, was closed
 * - `ERR_OPTIMISTIC_KEY_SIZE`, `_VALUE_SIZE`, `_TAG_SIZE`, `_TAG_COUNT`: over one of the `limits` of `openCache`
 * - `ERR_OPTIMISTIC_UTF8`: text that UTF-8 cannot hold, or bytes that are not UTF-8
 * - `ERR_OPTIMISTIC_JSON`, `_JSON_DEPTH`, `_JSON_NUL`, `_JSON_SURROGATE`: a value that is not JSON, is nested too
 *   deep, holds an escaped NUL, or half of a surrogate pair
 * - `ERR_OPTIMISTIC_QUERY`, `_OPERATION`, `_SHAPES`: a description that is not one
 * - `ERR_OPTIMISTIC_TOKEN_UNKNOWN`, `_TOKEN_SETTLED`, `_TOKEN_PENDING`: no such mutation (or another principal's),
 *   settled the other way, or under way already
 * - `ERR_OPTIMISTIC_LIMIT_MUTATIONS`, `_LIMIT_OPERATIONS`, `_LIMIT_BYTES`, `ERR_OPTIMISTIC_FULL`: over a limit of
 *   mutations
 * - `ERR_OPTIMISTIC_FOREIGN`: the shared region or the file is another user's, open to others, or not a regular file
 * - `ERR_OPTIMISTIC_DIFFERS`: other processes have it open with another size, or run another version of this package
 * - `ERR_OPTIMISTIC_SPACE`: `/dev/shm`, or the file's disk, has no room for `maxBytes`
 * - `ERR_OPTIMISTIC_MEMORY`, `ERR_OPTIMISTIC_SYSTEM`: the machine refused
 * - `ERR_OPTIMISTIC_LOAD`: the load of another thread or process, which `fetch` waited for, threw; the message says
 *   what
 * - `ERR_OPTIMISTIC_ADDON`: the native part cannot be loaded
 */
export class OptimisticCacheError extends Error {
  /**
   * @param {string} code `ERR_OPTIMISTIC_…`
   * @param {string} message a sentence: which value, why, what to do
   * @param {{ cause?: unknown }} [options]
   */
  constructor(code, message, options) {
    super(message, options)
    this.name = 'OptimisticCacheError'
    /** @type {string} */
    this.code = code
  }
}
