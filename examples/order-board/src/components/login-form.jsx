'use client'

import { useActionState } from 'react'

export function LoginForm({ logIn }) {
  const [state, submit, busy] = useActionState(logIn, {})
  return (
    <form action={submit}>
      <label>
        E-mail
        <input type="email" name="email" autoComplete="username" required autoFocus defaultValue={state.email} />
      </label>
      <label>
        Password
        <input type="password" name="password" autoComplete="current-password" required />
      </label>
      {state.error && (
        <p className="error" role="alert">
          {state.error}
        </p>
      )}
      <button type="submit" className="primary" disabled={busy}>
        {busy ? 'Logging in…' : 'Log in'}
      </button>
    </form>
  )
}
