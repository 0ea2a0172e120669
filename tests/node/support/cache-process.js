// A process of its own that has a cache open and calls its methods, as it is told.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('cache-process-child.js', import.meta.url))

export class CacheProcess {
  #child
  #exited
  #calls = 0
  #waiting = new Map()

  /**
   * Does not outlive the test `t`.
   * @param {import('node:test').TestContext} t
   */
  constructor(t) {
    this.#child = fork(CHILD)
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) resolve(result)
      else reject(Object.assign(new Error(error.message), error))
    })
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process ended before it answered'))
    })
    t.after(() => this.kill())
  }

  /** Starts one with a cache open. */
  static async open(t, options) {
    const process = new CacheProcess(t)
    await process.call('open', options)
    return process
  }

  /** Calls `open(options)`, `close()`, or a method of its cache; rejects with the `code` and `message` it throws. */
  call(method, ...args) {
    const id = this.#calls++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, method, args })
    })
  }

  /** Closes the cache and ends. */
  async end() {
    await this.call('close')
    this.#child.disconnect()
    await this.#exited
  }

  /** Calls what ends it. Resolves when it is gone. */
  async leave(method) {
    this.call(method).catch(() => undefined)
    await this.#exited
  }

  /** Ends at once. Resolves when it is gone. */
  async kill(signal = 'SIGKILL') {
    this.#child.kill(signal)
    await this.#exited
  }
}
