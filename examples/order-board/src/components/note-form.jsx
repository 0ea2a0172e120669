'use client'

import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { orders } from '@/queries.js'
import { Saving } from './saving.jsx'
import { useToast } from './toasts.jsx'

export function NoteForm({ id, note }) {
  const toast = useToast()
  /** What was typed and is not the page's yet; stays when it could not be saved. */
  const [draft, setDraft] = useState()
  const { mutateAsync, isPending } = useMutation(orders.update())

  useEffect(() => {
    if (draft === note) setDraft(undefined)
  }, [draft, note])

  async function save(event) {
    event.preventDefault()
    // The page is rendered anew when the change is settled.
    await mutateAsync({ id, data: { note: draft } }).catch((error) => toast(`Note: ${error.message}`))
  }

  return (
    <form onSubmit={save} className="note">
      <textarea
        name="note"
        aria-label="Note"
        rows={4}
        maxLength={2000}
        placeholder="What the next one should know"
        value={draft ?? note}
        onChange={(event) => setDraft(event.target.value)}
      />
      <div className="line">
        <button type="submit" disabled={isPending || draft === undefined}>
          Save note
        </button>
        {isPending && <Saving />}
      </div>
    </form>
  )
}
