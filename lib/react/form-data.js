/**
 * A form's fields as Payload takes data, and what an action answers that a form was posted to. For both sides: the
 * browser sends what the server's action would read.
 */

/** @typedef {import('../query/errors.js').FieldError} FieldError */

/**
 * What became of a form that was posted.
 * @typedef {object} FormState
 * @property {string} [message] what is wrong
 * @property {FieldError[]} [errors] field by field
 * @property {Record<string, string>} [values] what was typed, so that it stays
 */

/**
 * Dotted names become groups, numbers in them rows (`items.0.title`), repeated names lists. Values are text, as forms
 * have it. Files, and what React adds to forms with actions, are left out.
 * @param {FormData} form
 * @returns {Record<string, any>}
 */
export function dataOfForm(form) {
  /** @type {Group} */
  const root = new Map()
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name).filter((value) => typeof value === 'string')
    if (name.startsWith('$') || values.length === 0) continue
    const path = name.split('.')
    const last = /** @type {string} */ (path.pop())
    let group = root
    for (const member of path) {
      const inner = group.get(member)
      const next = inner instanceof Map ? inner : new Map()
      group.set(member, next)
      group = next
    }
    group.set(last, values.length > 1 ? values : values[0])
  }
  return plain(root)
}

/**
 * What an action answers when Payload threw.
 *
 * ```js
 * 'use server'
 * export async function saveNote(id, state, form) {
 *   try {
 *     await payload.update({ collection: 'orders', id, data: dataOfForm(form), user, overrideAccess: false })
 *   } catch (error) {
 *     return failedForm(error, form)
 *   }
 * }
 * ```
 * @param {unknown} error a `ValidationError`'s fields are told one by one; a message that Payload does not mean for the
 *   public is not told
 * @param {FormData} form
 * @returns {FormState}
 */
export function failedForm(error, form) {
  const { message, data, isPublic } = /** @type {any} */ (error ?? {})
  /** @type {FieldError[]} */
  const errors = Array.isArray(data?.errors) ? data.errors : []
  const texts = [...form].filter(([name, value]) => !name.startsWith('$') && typeof value === 'string')
  return {
    message: errors.length > 0 || isPublic ? message : 'Something went wrong.',
    errors: errors.map(({ message, path }) => ({ message, path })),
    values: Object.fromEntries(/** @type {[string, string][]} */ (texts)),
  }
}

/** @typedef {Map<string, any>} Group maps, lest a field's name be that of what every object has */

/**
 * @param {Group} group
 * @returns {any}
 */
function plain(group) {
  const members = [...group].map(([name, value]) => [name, value instanceof Map ? plain(value) : value])
  if (!members.every(([name]) => /^\d+$/.test(name))) return Object.fromEntries(members)
  // However large the numbers are, there are no more rows than fields.
  return members.sort(([one], [other]) => one - other).map(([, value]) => value)
}
