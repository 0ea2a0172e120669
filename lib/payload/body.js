import { bodyError, bodySizeError } from './errors.js'

/**
 * @param {import('./request.js').PayloadRequest} req
 * @param {number} most bytes; no more than that are read
 * @returns {Promise<any>}
 */
export async function jsonOf(req, most) {
  if (Number(req.headers.get('Content-Length') ?? 0) > most) throw bodySizeError(most)
  const chunks = []
  let size = 0
  for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (req.body ?? []))) {
    size += chunk.byteLength
    if (size > most) throw bodySizeError(most)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    throw bodyError('it must be JSON', cause)
  }
}
