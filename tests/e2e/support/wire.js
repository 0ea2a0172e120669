// What lies between a browser and the server, and can be cut.
import { once } from 'node:events'
import net from 'node:net'

export class Wire {
  #server
  /** @type {Set<net.Socket>} */
  #sockets = new Set()
  #isCut = false

  /** @param {string} url of the server @returns {Promise<Wire>} */
  static async to(url) {
    const { hostname, port } = new URL(url)
    const server = net.createServer((browser) => wire.#join(browser, net.connect(Number(port), hostname)))
    const wire = new Wire(server)
    await once(server.listen(0, hostname).unref(), 'listening')
    wire.url = `http://${hostname}:${/** @type {net.AddressInfo} */ (server.address()).port}`
    return wire
  }

  /** @param {net.Server} server */
  constructor(server) {
    /** What a browser takes for the server's address. */
    this.url = ''
    this.#server = server
  }

  /**
   * Loses all that is on its way, in both directions, and what a browser sends again by itself. The server goes on with
   * what it has been asked for.
   */
  cut() {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend() {
    this.#isCut = false
  }

  /** @param {net.Socket} one @param {net.Socket} other */
  #join(one, other) {
    for (const socket of [one, other]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        one.destroy()
        other.destroy()
      })
    }
    if (this.#isCut) one.destroy()
    else one.pipe(other).pipe(one)
  }
}
