// Processes and threads that fetch as they are told, and whose loads end when they are told to.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const MAIN = new URL('flight-actor-main.js', import.meta.url)

class Actor {
  #calls = 0
  #fetches = 0
  #waiting = new Map()

  /** Calls `open(options)` or another method of flight-actor-main.js, or one of its cache. */
  call(method, ...args) {
    const id = this.#calls++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.send({ id, method, args })
    })
  }

  /**
   * Begins a fetch. When this returns it has hit, loads or waits.
   * @returns {Promise<{ outcome: () => Promise<{ value: unknown } | { code: string, message: string }> }>}
   */
  async fetch(key, options = {}) {
    const id = this.#fetches++
    await this.call('startFetch', id, key, options)
    return { outcome: () => this.call('outcome', id) }
  }

  receive({ id, result, error }) {
    const { resolve, reject } = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) resolve(result)
    else reject(Object.assign(new Error(error.message), error))
  }
}

export class ProcessActor extends Actor {
  #child = fork(fileURLToPath(MAIN))
  #exited = once(this.#child, 'exit')

  constructor(t) {
    super()
    this.#child.on('message', (message) => this.receive(message))
    t.after(() => this.kill())
  }

  send(message) {
    this.#child.send(message)
  }

  async kill() {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

export class ThreadActor extends Actor {
  #worker = new Worker(MAIN)

  constructor(t) {
    super()
    this.#worker.on('message', (message) => this.receive(message))
    t.after(() => this.kill())
  }

  send(message) {
    this.#worker.postMessage(message)
  }

  async kill() {
    await this.#worker.terminate()
  }
}
