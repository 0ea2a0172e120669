import config from '@payload-config'
import { openView } from 'payload-optimistic-cache/next'
import { Header } from '@/components/header.jsx'
import { Providers } from '@/components/providers.jsx'
import './styles.css'

export const metadata = { title: { default: 'Order board', template: '%s · Order board' } }
export const viewport = { width: 'device-width', initialScale: 1, colorScheme: 'light dark' }

export default async function BoardLayout({ children }) {
  const { user } = await openView(config)
  return (
    <html lang="en">
      <body>
        <Providers user={user?.id}>
          {user && <Header user={user} />}
          <main>{children}</main>
        </Providers>
      </body>
    </html>
  )
}
