const RESOLUTION = 1

let time = 0
const forget = () => {
  time = 0
}

/**
 * The time in milliseconds of the epoch, read from the system once in a while: at most 1 ms old, or as old as the turn
 * of the event loop that asks. Reading it anew costs more than all the rest of a hit. No timer is set while nobody
 * asks, and the one that is keeps no process alive.
 */
export function coarseNow() {
  if (time === 0) {
    time = Date.now()
    setTimeout(forget, RESOLUTION).unref()
  }
  return time
}
