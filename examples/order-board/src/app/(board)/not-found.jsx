import Link from 'next/link'

export default function NotFound() {
  return (
    <div className="sheet">
      <h1>Not here</h1>
      <p>There is no such order, or you may not see it.</p>
      <p>
        <Link href="/orders">All orders</Link>
      </p>
    </div>
  )
}
