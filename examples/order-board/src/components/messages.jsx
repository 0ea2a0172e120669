'use client'

import { useQuery } from '@tanstack/react-query'
import { useIsOptimistic } from 'payload-optimistic-cache/react'
import { fieldsOf } from '@/contact.js'
import { formatDay } from '@/orders.js'
import { messagesTo, submissions } from '@/queries.js'
import { Saving } from './saving.jsx'

/** @param {{ form: number }} props its id */
export function Messages({ form }) {
  const { data } = useQuery(messagesTo(form))
  const { docs = [] } = data ?? {}
  return (
    <section aria-labelledby="messages" className="messages">
      <h2 id="messages">Messages</h2>
      {docs.length === 0 && <p className="muted">There are none yet.</p>}
      <ol>
        {docs.map((message) => (
          <Message key={submissions.key(message)} message={message} />
        ))}
      </ol>
    </section>
  )
}

function Message({ message }) {
  const pending = useIsOptimistic('form-submissions', message.id)
  const { name, email, message: text } = fieldsOf(message)
  return (
    <li className="message" data-message={message.id} data-pending={pending || undefined}>
      <div className="line">
        <strong>{name}</strong>
        {pending ? <Saving /> : <time dateTime={message.createdAt}>{formatDay(message.createdAt)}</time>}
      </div>
      <a href={`mailto:${email}`}>{email}</a>
      <p>{text}</p>
    </li>
  )
}
