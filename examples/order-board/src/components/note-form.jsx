'use client'

import { useMutation } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { startTransition, useState } from 'react'
import { orders } from '@/queries.js'
import { Saving } from './saving.jsx'
import { useToast } from './toasts.jsx'

export function NoteForm({ id, note }) {
  const router = useRouter()
  const toast = useToast()
  const [draft, setDraft] = useState()
  const { mutateAsync, isPending } = useMutation(orders.update())

  async function save(event) {
    event.preventDefault()
    try {
      await mutateAsync({ id, data: { note: draft } })
    } catch (error) {
      toast(`Note: ${error.message}`)
      if (!error.committed) return
    }
    // Together, so that the text does not jump back before the page has the new one.
    startTransition(() => {
      router.refresh()
      setDraft((current) => (current === draft ? undefined : current))
    })
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
        <button type="submit" disabled={isPending || draft === undefined || draft === note}>
          Save note
        </button>
        {isPending && <Saving />}
      </div>
    </form>
  )
}
