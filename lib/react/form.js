'use client'

import { useMutation } from '@tanstack/react-query'
import { useActionState, useId, useRef } from 'react'
import { collection as collectionOf } from '../query/collection.js'
import { dataOfForm } from './form-data.js'

/** @typedef {import('./form-data.js').FormState} FormState */
/** @typedef {import('../query/errors.js').OptimisticMutationError} OptimisticMutationError */

/**
 * @typedef {object} OptimisticFormOptions
 * @property {string | ReturnType<typeof collectionOf>} collection
 * @property {'create' | 'update'} operation
 * @property {string | number} [id] of the document, for `update`
 * @property {(state: any, form: FormData) => FormState | void | Promise<FormState | void>} [action] a Server Action, to
 *   which the form is posted where there is no JavaScript, or not yet; what it answers shows as the hook's own errors.
 *   Arguments are bound where it comes from, a server component: bound while this one renders, it would be another
 *   action each time, and React would wait for each anew, without end, when it shows what a post answered
 * @property {(form: FormData) => Record<string, any>} [data] the document's members in the form; unless given,
 *   `dataOfForm` of `payload-optimistic-cache/react/form-data`, which leaves all values text
 * @property {(document: any) => void} [onSaved]
 */

/** @type {(state: FormState) => FormState} */
const stays = (state) => state

/**
 * A form that changes or creates one document: optimistic with JavaScript, a plain post to `action` without.
 *
 * ```jsx
 * const { form, field, fieldError, errors, message, isPending } = useOptimisticForm({
 *   collection: 'orders', operation: 'update', id: order.id, action,
 * })
 * <form {...form}>
 *   <textarea {...field('note', order.note)} />
 *   {errors.note && <p {...fieldError('note')}>{errors.note}</p>}
 *   <button>Save</button>{isPending && 'Saving…'}
 * </form>
 * ```
 *
 * What was typed stays when it fails, and when it is typed while the form is being sent; a form that created its
 * document is emptied. A second submit while the first is being sent is not sent.
 * @param {OptimisticFormOptions} options
 */
export function useOptimisticForm({ collection, operation, id, action, data = dataOfForm, onSaved }) {
  const formID = useId()
  const documents = typeof collection === 'string' ? collectionOf(collection) : collection
  const { mutateAsync, isPending, isIdle, error } = useMutation(/** @type {any} */ (documents[operation]()))
  const [answered, post, isPosting] = useActionState(/** @type {any} */ (action ?? stays), undefined)
  const isSending = useRef(false)

  /** @param {import('react').FormEvent<HTMLFormElement>} event */
  async function onSubmit(event) {
    event.preventDefault()
    // Not `isPending`: two clicks may come before React renders.
    if (isSending.current) return
    isSending.current = true
    const element = event.currentTarget
    const { submitter } = /** @type {any} */ (event.nativeEvent)
    const typed = textOf(element)
    let document
    try {
      const variables = { data: data(new FormData(element, submitter)), ...(id !== undefined && { id }) }
      document = await mutateAsync(/** @type {any} */ (variables))
    } catch {
      // It is in `message` and `errors`.
      return
    } finally {
      isSending.current = false
    }
    if (operation === 'create' && textOf(element) === typed) element.reset()
    onSaved?.(document)
  }

  // What the browser sent is later than what it was posted to.
  const failed = /** @type {OptimisticMutationError | FormState | null | undefined} */ (isIdle ? answered : error)
  /** @type {Record<string, string>} */
  const errors = {}
  for (const { path, message } of failed?.errors ?? []) if (path) errors[path] ??= message
  const errorID = (/** @type {string} */ name) => `${formID}-${name}-error`

  return {
    /** For the form. */
    form: { onSubmit, ...(action && { action: /** @type {any} */ (post) }) },
    /**
     * For the input of a field.
     * @param {string} name its path in the document
     * @param {string | number | null} [value] what the document has
     */
    field: (name, value) => ({
      name,
      defaultValue: /** @type {FormState | undefined} */ (answered)?.values?.[name] ?? value ?? undefined,
      ...(errors[name] && { 'aria-invalid': true, 'aria-describedby': errorID(name) }),
    }),
    /** For the element that shows a field's error. @param {string} name */
    fieldError: (name) => ({ id: errorID(name), role: 'alert' }),
    /** What is wrong with which field, by its path. */
    errors,
    /** What is wrong, in a sentence; undefined when nothing is. */
    message: failed?.message,
    isPending: isPending || isPosting,
  }
}

/** @type {(element: HTMLFormElement) => string} */
const textOf = (element) => JSON.stringify([...new FormData(element)])
