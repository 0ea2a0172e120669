'use client'

import { createContext, useCallback, useContext, useMemo, useState } from 'react'

/**
 * Orders that could not be created, with what was entered.
 * @typedef {{ token: string, data: any, message: string }} Draft
 */

const DraftContext = createContext({
  /** @type {Draft[]} */
  drafts: [],
  /** @param {Draft} _draft */
  giveBack(_draft) {},
  /** @param {Draft} _draft */
  drop(_draft) {},
})

export const useDrafts = () => useContext(DraftContext)

/** Keeps what was entered until the form takes it back, on whatever page the user is when an order is refused. */
export function DraftProvider({ children }) {
  const [drafts, setDrafts] = useState(/** @type {Draft[]} */ ([]))
  const drop = useCallback((draft) => setDrafts((all) => all.filter((one) => one.token !== draft.token)), [])
  const giveBack = useCallback((draft) => setDrafts((all) => [...all, draft]), [])
  const context = useMemo(() => ({ drafts, giveBack, drop }), [drafts, giveBack, drop])
  return <DraftContext value={context}>{children}</DraftContext>
}
