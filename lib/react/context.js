'use client'

import { createContext } from 'react'

/**
 * @typedef {object} Boundary
 * @property {import('../query/engine.js').Engine} engine
 * @property {import('../query/engine.js').PendingMutation[]} rendered those pending in the server's HTML, for hydration
 */

export const BoundaryContext = createContext(/** @type {Boundary | null} */ (null))
