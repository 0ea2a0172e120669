import { createHash } from 'node:crypto'

/**
 * @param {string | Buffer} body
 * @returns {string} its `ETag`
 */
export const tagOf = (body) => `"${createHash('sha1').update(body).digest('base64url')}"`

/**
 * RFC 9110, section 13.1.2: any of the tags, weak or not.
 * @param {string | null} header `If-None-Match`
 * @param {string} tag
 */
export const isKnown = (header, tag) =>
  header !== null && header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag)
