// Another site: neither the app's origin nor its host.
import { once } from 'node:events'
import http from 'node:http'

/** @type {Promise<string> | undefined} */
let listening

async function listen() {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>')
  })
  await once(server.listen(0, 'localhost').unref(), 'listening')
  return `http://localhost:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`
}

/** @returns {Promise<string>} the address of its page */
export const elsewhere = () => (listening ??= listen())
