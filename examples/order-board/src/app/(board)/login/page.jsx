import config from '@payload-config'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { openView } from 'payload-optimistic-cache/next'
import { LoginForm } from '@/components/login-form.jsx'
import { logIn } from '@/session.js'

export const metadata = { title: 'Log in' }

export default async function LoginPage() {
  const { user } = await openView(config)
  if (user) redirect('/')
  return (
    <div className="login">
      <h1>Order board</h1>
      <LoginForm logIn={logIn} />
      <p className="muted">
        Try <code>ada@example.com</code>, <code>grace@example.com</code> or <code>admin@example.com</code>, with the
        password <code>order-board</code>.
      </p>
      <p className="muted">
        A customer? <Link href="/contact">Write to us</Link>.
      </p>
    </div>
  )
}
