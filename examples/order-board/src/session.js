'use server'

import config from '@payload-config'
import { login, logout } from '@payloadcms/next/auth'
import { redirect } from 'next/navigation'

/**
 * @param {{ error?: string, email?: string }} _previous
 * @param {FormData} form
 * @returns {Promise<{ error: string, email: string }>} only when it did not work
 */
export async function logIn(_previous, form) {
  const email = String(form.get('email') ?? '')
  try {
    await login({ collection: 'users', config, email, password: String(form.get('password') ?? '') })
  } catch (error) {
    if (!(error.status >= 400 && error.status < 500)) throw error
    return { error: error.message, email }
  }
  redirect('/')
}

export async function logOut() {
  await logout({ config })
  redirect('/login')
}
