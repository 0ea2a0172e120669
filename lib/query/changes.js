/**
 * All that is needed from the first change on, and not before: how a mutation lives, and what it looks like. A browser
 * loads it apart (see `changes-later.js`).
 */
export { holds, layOver } from './lay-over.js'
export { Lifecycle } from './lifecycle.js'
export { knownIn, namedIn, showsAny, shownIn } from './overlay/documents.js'
export { withoutMoved } from './overlay/elsewhere.js'
export { takeOff } from './take-off.js'
