import { formBuilderPlugin } from '@payloadcms/plugin-form-builder'
import { ValidationError, validations } from 'payload'
import { faultHooks } from '../faults.js'
import { isAdmin, isLoggedIn } from './access.js'

/** What stands in a form, of all that the plugin offers: what needs neither e-mail nor a rich text editor. */
const KEPT = ['title', 'fields', 'submitButtonLabel']

/** @type {import('payload').Field} */
const confirmationMessage = { name: 'confirmationMessage', type: 'textarea', required: true }

/**
 * Holds a message against its form, which the plugin leaves to us. What is wrong is told by the names of the form's
 * fields.
 * @type {import('payload').CollectionBeforeValidateHook}
 */
async function checkAgainstForm({ data, operation, req }) {
  if (operation !== 'create') return data
  const query = { collection: 'forms', id: data.form ?? 0, depth: 0, disableErrors: true, req }
  const form = await req.payload.findByID(query)
  // The field `form` has a check of its own.
  if (!form) return data
  const given = new Map((data.submissionData ?? []).map(({ field, value }) => [field, value]))
  const errors = form.fields.flatMap(({ blockType, name, label, required }) => {
    const verdict = validations[blockType](given.get(name), { required, req, maxLength: 2000 })
    return verdict === true ? [] : [{ path: name, label: label ?? name, message: verdict }]
  })
  if (errors.length > 0) throw new ValidationError({ collection: 'form-submissions', errors, req }, req.t)
  return data
}

/** The collections `forms` and `form-submissions`. */
export const forms = formBuilderPlugin({
  fields: {
    text: true,
    email: true,
    textarea: true,
    checkbox: false,
    country: false,
    message: false,
    number: false,
    select: false,
    state: false,
    upload: false,
  },
  formOverrides: {
    access: { create: isAdmin, update: isAdmin, delete: isAdmin },
    fields: ({ defaultFields }) => [...defaultFields.filter(({ name }) => KEPT.includes(name)), confirmationMessage],
  },
  formSubmissionOverrides: {
    access: { read: isLoggedIn, delete: isAdmin },
    hooks: {
      beforeOperation: [faultHooks.beforeOperation],
      beforeValidate: [checkAgainstForm],
      afterChange: [faultHooks.afterChange],
      afterDelete: [faultHooks.afterDelete],
    },
  },
})
