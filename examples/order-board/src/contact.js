// Messages through the contact form, as server and browser make and read them.
import { dataOfForm } from 'payload-optimistic-cache/react/form-data'

/**
 * @param {number} id of the form
 * @param {FormData} form
 * @returns {{ form: number, submissionData: { field: string, value: string }[] }} what was filled in
 */
export const messageIn = (id, form) => ({
  form: id,
  submissionData: Object.entries(dataOfForm(form)).flatMap(([field, value]) => (value ? { field, value } : [])),
})

/** @param {{ submissionData: { field: string, value: string }[] }} message */
export const fieldsOf = ({ submissionData }) =>
  Object.fromEntries(submissionData.map(({ field, value }) => [field, value]))
