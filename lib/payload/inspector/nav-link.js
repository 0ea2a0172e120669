'use client'

import { createElement as h } from 'react'
import { Link } from '@payloadcms/ui'
import { usePathname } from 'next/navigation.js'

/**
 * As the panel's own links look.
 * @param {{ href: string, label: string }} props
 */
export function NavLink({ href, label }) {
  const isHere = usePathname() === href
  const id = 'nav-optimistic-cache'
  const shown = h('span', { className: 'nav__link-label' }, label)
  if (!isHere) return h(Link, { className: 'nav__link', href, id, prefetch: false }, shown)
  return h('div', { className: 'nav__link', id }, h('div', { className: 'nav__link-indicator' }), shown)
}
