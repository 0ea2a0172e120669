import Link from 'next/link'
import { logOut } from '@/session.js'
import { NavLink } from './nav-link.jsx'

export function Header({ user }) {
  return (
    <header className="bar">
      <Link href="/" className="brand">
        <span aria-hidden="true" className="mark" />
        Order board
      </Link>
      <nav aria-label="Pages">
        <NavLink href="/">Board</NavLink>
        <NavLink href="/orders">Orders</NavLink>
        <NavLink href="/contact">Contact</NavLink>
        <a href="/admin">Admin</a>
      </nav>
      <form action={logOut} className="who">
        <span className="muted">{user.name}</span>
        <button type="submit" className="quiet">
          Log out
        </button>
      </form>
    </header>
  )
}
