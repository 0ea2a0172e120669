// Sends GET requests over kept-alive connections, from a process of its own, and tells when as many are answered as were
// asked for: { url, headers, times, status, length } → 'done', or { problem }.
import http from 'node:http'
import process from 'node:process'

const CONNECTIONS = 8
const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })

/**
 * @param {string} url
 * @param {Record<string, string>} headers
 * @returns {Promise<{ status: number | undefined, length: number }>}
 */
const get = (url, headers) =>
  new Promise((resolve, reject) => {
    const request = http.get(url, { agent, headers }, (response) => {
      let length = 0
      response.on('data', (chunk) => (length += chunk.length))
      response.on('end', () => resolve({ status: response.statusCode, length }))
      response.on('error', reject)
    })
    request.on('error', reject)
  })

/** @param {{ url: string, headers: Record<string, string>, times: number, status: number, length: number }} asked */
async function load({ url, headers, times, status, length }) {
  let left = times
  const send = async () => {
    while (left-- > 0) {
      const answer = await get(url, headers)
      if (answer.status === status && answer.length === length) continue
      throw new Error(`${url} was answered ${answer.status} with ${answer.length} bytes, not ${status} with ${length}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, send))
}

process.on('message', (asked) => {
  load(/** @type {any} */ (asked)).then(
    () => process.send?.('done'),
    (error) => process.send?.({ problem: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
