'use client'

import { useOptimisticForm } from 'payload-optimistic-cache/react/form'
import { useState } from 'react'
import { messageIn } from '@/contact.js'
import { submissions } from '@/queries.js'
import { Complaint } from './complaint.jsx'
import { Saving } from './saving.jsx'

/**
 * A form that was made in the admin panel.
 * @param {object} props
 * @param {{ id: number, fields: any[], submitButtonLabel?: string, confirmationMessage: string }} props.form
 * @param {Function} props.action what it is posted to
 * @param {boolean} props.wasSent was it sent by the page before, without JavaScript?
 */
export function ContactForm({ form: { id, fields, submitButtonLabel, confirmationMessage }, action, wasSent }) {
  const [isSaved, setSaved] = useState(wasSent)
  const { form, field, fieldError, errors, message, isPending } = useOptimisticForm({
    collection: submissions,
    operation: 'create',
    action,
    data: (entered) => messageIn(id, entered),
    onSaved: () => setSaved(true),
  })
  const hasFieldErrors = fields.some(({ name }) => errors[name])
  return (
    <form {...form} className="contact-form">
      {fields.map(({ id, blockType, name, label, required }) => (
        <div key={id} className="field">
          <label>
            {label ?? name}
            <Input type={blockType} required={required} {...field(name)} />
          </label>
          <Complaint message={errors[name]} {...fieldError(name)} />
        </div>
      ))}
      {!hasFieldErrors && <Complaint message={message} />}
      <div className="line">
        <button type="submit" className="primary">
          {submitButtonLabel ?? 'Send'}
        </button>
        {isPending ? <Saving /> : isSaved && !message && <p role="status">{confirmationMessage}</p>}
      </div>
    </form>
  )
}

function Input({ type, ...props }) {
  return type === 'textarea' ? <textarea rows={5} {...props} /> : <input type={type} {...props} />
}
