'use client'

export { OptimisticBoundary } from './boundary.js'
export { useIsOptimistic, usePendingMutations } from './hooks.js'
