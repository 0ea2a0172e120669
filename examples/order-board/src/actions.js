'use server'

import config from '@payload-config'
import { redirect } from 'next/navigation'
import { openView } from 'payload-optimistic-cache/next'
import { dataOfForm, failedForm } from 'payload-optimistic-cache/react/form-data'
import { messageIn } from './contact.js'
import { requireView } from './view.js'

// What forms are posted to where there is no JavaScript. They answer only when it did not work.

/**
 * @param {number} id of the order
 * @param {unknown} _state
 * @param {FormData} form
 */
export async function saveNote(id, _state, form) {
  const { payload, user } = await requireView()
  try {
    await payload.update({ collection: 'orders', id, data: dataOfForm(form), user, overrideAccess: false })
  } catch (error) {
    return failedForm(error, form)
  }
  redirect(`/orders/${id}`)
}

/**
 * @param {number} id of the form
 * @param {unknown} _state
 * @param {FormData} form
 */
export async function sendMessage(id, _state, form) {
  const { payload, user } = await openView(config)
  try {
    const data = messageIn(id, form)
    await payload.create({ collection: 'form-submissions', data, user, overrideAccess: false })
  } catch (error) {
    return failedForm(error, form)
  }
  redirect('/contact?sent')
}
