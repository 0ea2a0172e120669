/**
 * Tells React of a change in many queries at once, before anything can render.
 *
 * TanStack tells the observers of a change in a task of its own (`setTimeout`). Each then shows what stands at that
 * time, which after a second change is that, and those whom only the second concerns still show what stood before the
 * first: a card that moves between two lists is in both for a frame, or in none. So may a component be that renders
 * for another reason meanwhile. What the engine changes is therefore told in the very call that changes it, and React
 * makes one commit of it. All else is told as TanStack does it.
 */
import { defaultScheduler, notifyManager } from '@tanstack/react-query'
import { engineOf } from '../query/engine.js'

let isUrgent = false

notifyManager.setScheduler((tell) => {
  if (!isUrgent) return defaultScheduler(tell)
  isUrgent = false
  try {
    tell()
  } catch (error) {
    // Of a listener: not the trouble of those who made the change.
    defaultScheduler(() => {
      throw error
    })
  }
})

/**
 * @param {() => void} write not while React renders. In a batch of TanStack's, observers are told when that ends
 */
export const announce = (write) =>
  notifyManager.batch(() => {
    isUrgent = true
    // So that there is something to tell, whatever is written.
    notifyManager.schedule(() => {})
    write()
  })

/**
 * @param {import('@tanstack/react-query').QueryClient} client
 * @returns {import('../query/engine.js').Engine} its own, which tells React of what it changes
 */
export const announcingEngineOf = (client) => Object.assign(engineOf(client), { batch: notifyManager.batch, announce })
