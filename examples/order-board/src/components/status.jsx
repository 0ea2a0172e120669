import { labels } from '@/orders.js'

export function Status({ status }) {
  return <span className={`status ${status}`}>{labels[status]}</span>
}
