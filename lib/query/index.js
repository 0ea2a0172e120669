/** @typedef {import('./engine.js').PageState} PageState */
/** @typedef {import('./engine.js').PendingMutation} PendingMutation */
/** @typedef {import('./engine.js').SettledMutation} SettledMutation */
/**
 * @template {import('payload').CollectionSlug} TSlug
 * @typedef {import('./collection.js').UpdateVariables<TSlug>} UpdateVariables
 */
/** @typedef {import('./mutations.js').MutationOptions} MutationOptions */
/** @typedef {import('./query-key.js').QueryDescription} QueryDescription */

export { collection, global } from './collection.js'
export { OptimisticMutationError, OptimisticQueryError } from './errors.js'
export { optimistic } from './mutations.js'
export { describe, documents } from './query-key.js'
