'use client'

import { useCallback, useEffect, useState } from 'react'

/**
 * @template T
 * @typedef {object} Polled
 * @property {T | undefined} body the last answer; of an earlier URL until the first of this one
 * @property {number} askedAt when that was confirmed last: milliseconds of the epoch, by the server's clock
 * @property {string | undefined} problem why there is no newer one
 * @property {() => void} again asks at once
 */

/**
 * Asks an endpoint again and again while the page is looked at.
 * @template T
 * @param {string} url
 * @param {number} interval milliseconds between an answer and the next question
 * @returns {Polled<T>}
 */
export function usePolled(url, interval) {
  const [turn, setTurn] = useState(0)
  const [answer, setAnswer] = useState(/** @type {Omit<Polled<T>, 'again'>} */ ({
    body: undefined,
    askedAt: 0,
    problem: undefined,
  }))

  useEffect(() => {
    const { abort, signal } = abortable()
    /** @type {{ tag?: string | null, timer?: ReturnType<typeof setTimeout> }} */
    const state = {}
    const ask = async () => {
      if (!document.hidden) {
        const asked = await look(url, state.tag, signal)
        if (signal.aborted) return
        state.tag = asked.tag ?? state.tag
        setAnswer((before) => ({ ...before, ...asked.change }))
      }
      state.timer = setTimeout(ask, interval)
    }
    ask()
    return () => {
      abort()
      clearTimeout(state.timer)
    }
  }, [url, interval, turn])

  return { ...answer, again: useCallback(() => setTurn((count) => count + 1), []) }
}

function abortable() {
  const controller = new AbortController()
  return { abort: () => controller.abort(), signal: controller.signal }
}

/**
 * @param {string} url
 * @param {string | null | undefined} tag of the answer that is known
 * @param {AbortSignal} signal
 * @returns {Promise<{ tag?: string | null, change: Partial<Polled<any>> }>}
 */
async function look(url, tag, signal) {
  try {
    const headers = { ...(tag && { 'If-None-Match': tag }) }
    const response = await fetch(url, { headers, credentials: 'include', cache: 'no-store', signal })
    const askedAt = Date.parse(response.headers.get('Date') ?? '') || Date.now()
    if (response.status === 304) return { change: { askedAt, problem: undefined } }
    const body = await response.json()
    if (!response.ok) return { change: { problem: problemOf(response.status, body) } }
    return { tag: response.headers.get('ETag'), change: { body, askedAt, problem: undefined } }
  } catch (error) {
    return { change: { problem: `The server cannot be reached: ${/** @type {Error} */ (error).message}` } }
  }
}

/**
 * @param {number} status
 * @param {any} body of an answer of Payload's that is an error
 * @returns {string}
 */
export const problemOf = (status, body) => body?.errors?.[0]?.message ?? `The server answered ${status}.`
