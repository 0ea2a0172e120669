/** @typedef {import('./engine.js').PageState} PageState */
/** @typedef {import('./engine.js').PendingMutation} PendingMutation */
/** @typedef {import('./engine.js').SettledMutation} SettledMutation */
/** @typedef {import('./collection.js').UpdateVariables} UpdateVariables */
/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */

export { collection } from './collection.js'
export { OptimisticMutationError, OptimisticQueryError } from './errors.js'
export { describe } from './query-key.js'
