import config from '@payload-config'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { openView } from 'payload-optimistic-cache/next'
import { sendMessage } from '@/actions.js'
import { ContactForm } from '@/components/contact-form.jsx'
import { Messages } from '@/components/messages.jsx'
import { Page } from '@/components/page.jsx'
import { messagesTo } from '@/queries.js'

export const metadata = { title: 'Contact' }

/** For everybody. Who is logged in sees what was written, too. */
export default async function ContactPage({ searchParams }) {
  const view = await openView(config)
  const { sent } = await searchParams
  const where = { title: { equals: 'Contact' } }
  const [form] = (await view.find({ collection: 'forms', where, limit: 1, depth: 0 })).docs
  if (!form) notFound()
  return (
    <Page view={view} queries={view.user ? [messagesTo(form.id)] : []}>
      <div className="sheet contact">
        <h1>Contact</h1>
        <p className="muted">
          Something is missing, late or broken? Write to the shop.{' '}
          {!view.user && <Link href="/login">The shop logs in here.</Link>}
        </p>
        <div className="two">
          <ContactForm form={form} action={sendMessage.bind(null, form.id)} wasSent={sent !== undefined} />
          {view.user && <Messages form={form.id} />}
        </div>
      </div>
    </Page>
  )
}
