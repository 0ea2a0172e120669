'use client'

import { useSyncExternalStore } from 'react'

/** @type {Set<() => void>} */
const listeners = new Set()
const keyOf = (name) => `order-board ${name}`

/** @param {() => void} listener */
function subscribe(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * A switch that this browser remembers.
 * @param {string} name
 * @returns {[boolean, (isOn: boolean) => void]} off on the server
 */
export function useSetting(name) {
  const isOn = useSyncExternalStore(
    subscribe,
    () => localStorage.getItem(keyOf(name)) === 'on',
    () => false,
  )
  return [
    isOn,
    (isOn) => {
      if (isOn) localStorage.setItem(keyOf(name), 'on')
      else localStorage.removeItem(keyOf(name))
      for (const listener of listeners) listener()
    },
  ]
}
