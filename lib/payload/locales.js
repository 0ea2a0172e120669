/**
 * In which locale a document is read, or written. The default one goes without a name, as in requests that name none.
 */

/** @typedef {{ payload?: { config: { localization?: any } }, locale?: string | null }} Localized a request */

/**
 * @param {Localized} req
 * @returns {string | undefined} undefined: the default one, or there are none
 */
export function localeOf({ payload, locale }) {
  const { localization } = payload?.config ?? {}
  return !localization || !locale || locale === localization.defaultLocale ? undefined : locale
}

/**
 * @param {Localized} req
 * @returns {{ locale?: string }} as a member of a query or an operation
 */
export function localeMember(req) {
  const locale = localeOf(req)
  return locale === undefined ? {} : { locale }
}
