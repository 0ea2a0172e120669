/**
 * The inspector: what the cache does, as a view of the admin panel. The server says who may see it; what it shows, it
 * asks of the endpoints (inspection.js), which say so again.
 */
import { createElement as h } from 'react'
import { DefaultTemplate } from '@payloadcms/next/templates'
import { headers } from 'next/headers.js'
import { notFound, redirect } from 'next/navigation.js'
import { createLocalReq } from 'payload'
import { formatAdminURL } from 'payload/shared'
import { isAllowed } from '../access.js'
import { runtimeOf } from '../runtime.js'
import { NavLink } from './nav-link.js'
import { InspectorView } from './view.js'

/** @typedef {import('payload').PayloadRequest} PayloadRequest */

const PATH = '/optimistic-cache'

/**
 * @param {import('payload').AdminViewServerProps} props
 */
export async function Inspector({ initPageResult, params, searchParams }) {
  const { locale, permissions, req, visibleEntities } = initPageResult
  const { config } = req.payload
  if (!req.user) redirect(loginFor(config))
  if (!(await mayInspect(req))) notFound()
  const api = formatAdminURL({ apiRoute: config.routes.api, path: '/optimistic', serverURL: config.serverURL })
  const mayInvalidate = await isAllowed(runtimeOf(req.payload), 'invalidate', req)
  const shown = h(InspectorView, { api, mayInvalidate })
  const { i18n, payload, user } = req
  const around = { i18n, locale, params, payload, permissions, req, searchParams, user, visibleEntities }
  return h(DefaultTemplate, /** @type {any} */ (around), shown)
}

/**
 * The link in the navigation, for those who may follow it.
 * @param {{ payload: import('payload').Payload, user?: any }} props
 */
export async function InspectorLink({ payload, user }) {
  const req = await createLocalReq({ user, req: { headers: await headers() } }, payload)
  if (!user || !(await mayInspect(req))) return null
  const { config } = payload
  return h(NavLink, { href: formatAdminURL({ adminRoute: config.routes.admin, path: PATH }), label: 'Optimistic cache' })
}

/** @param {PayloadRequest} req */
async function mayInspect(req) {
  const runtime = runtimeOf(req.payload)
  return (await isAllowed(runtime, 'stats', req)) && (await isAllowed(runtime, 'entries', req))
}

/** @param {import('payload').SanitizedConfig} config */
function loginFor({ admin, routes }) {
  const adminRoute = routes.admin
  const login = formatAdminURL({ adminRoute, path: admin.routes.login })
  return `${login}?redirect=${encodeURIComponent(formatAdminURL({ adminRoute, path: PATH }))}`
}
