// A proxy that lets browsers keep pages. What Next.js renders for a request it forbids to store; of such pages Chromium
// keeps none that has set a cookie, or read something else that must not be stored, as the router does.
import { once } from 'node:events'
import http from 'node:http'

/** @param {http.IncomingHttpHeaders} headers */
const storable = ({ 'cache-control': control, ...headers }) =>
  control === undefined ? headers : { ...headers, 'cache-control': control.replace('no-store', 'no-cache') }

/** @param {string} url of the server @returns {Promise<string>} what a browser takes for it */
export async function keepingProxy(url) {
  const server = http.createServer((asked, answered) => {
    const { method, headers } = asked
    const passed = http.request(new URL(asked.url, url), { method, headers, setHost: false }, (answer) => {
      answered.writeHead(answer.statusCode, storable(answer.headers))
      answer.pipe(answered)
    })
    passed.on('error', () => answered.destroy())
    answered.on('close', () => passed.destroy())
    asked.pipe(passed)
  })
  await once(server.listen(0, new URL(url).hostname).unref(), 'listening')
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`
}
