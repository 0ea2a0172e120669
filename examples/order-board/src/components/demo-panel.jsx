'use client'

import { usePendingMutations } from 'payload-optimistic-cache/react'
import { useRef, useState } from 'react'
import { useSetting } from './settings.js'
import { useToast } from './toasts.jsx'

const failures = {
  none: 'succeed',
  before: 'fail before the write',
  rollback: 'fail in the transaction',
  after: 'answer 500 after the commit',
}

/** Makes changes of orders, and messages, slow or lets them fail, and shows what is in flight. */
export function DemoPanel({ version, faults: initial }) {
  const toast = useToast()
  const [faults, setFaults] = useState(initial)
  const changes = useRef(0)
  const pending = usePendingMutations()

  /** @param {RequestInit} [request] */
  async function ask(request) {
    try {
      const response = await fetch('/api/demo/faults', request)
      const answer = await response.json()
      if (!response.ok) throw new Error(answer.error)
      return answer
    } catch (error) {
      toast(`The demo panel could not reach the server. ${error.message}`)
    }
  }

  function change(wanted) {
    changes.current++
    setFaults((known) => ({ ...known, ...wanted }))
    ask({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(wanted) })
  }

  /** Somebody else may have set them since the page was rendered, and the user since the server was asked. */
  async function opened(event) {
    const before = changes.current
    const set = event.currentTarget.open && (await ask())
    if (set && changes.current === before) setFaults(set)
  }

  return (
    <details className="demo" data-demo onToggle={opened}>
      <summary>
        Demo
        {pending.length > 0 && <span className="count">{pending.length} in flight</span>}
        <span className="muted" data-version={version}>
          version {version}
        </span>
      </summary>
      <label>
        <span>
          Changes take <output>{(faults.delayMs / 1000).toFixed(1)} s</output> longer
        </span>
        <input
          type="range"
          name="delayMs"
          min="0"
          max="10000"
          step="500"
          value={faults.delayMs}
          onChange={(event) => change({ delayMs: event.target.valueAsNumber })}
        />
      </label>
      <label>
        <span>and</span>
        <select name="fail" value={faults.fail} onChange={(event) => change({ fail: event.target.value })}>
          {Object.entries(failures).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <Switch name="offline" text="Keep what is changed on the board offline" />
      <Switch name="devtools" text="Show what lies over which query" />
      <h3>In flight</h3>
      {pending.length === 0 && <p className="muted">Nothing. Change an order and reload while it is being saved.</p>}
      <ol>
        {pending.map(({ token, operations }) => (
          <li key={token} data-token={token}>
            <code>{token}</code>
            {operations?.map(({ type, collection, id, data }) => (
              <span key={`${collection}:${id}`} className="muted">
                {type} {collection} {id === token ? '' : id} {data && `(${Object.keys(data).join(', ')})`}
              </span>
            ))}
          </li>
        ))}
      </ol>
    </details>
  )
}

function Switch({ name, text }) {
  const [isOn, set] = useSetting(name)
  return (
    <label className="switch">
      <input type="checkbox" name={name} checked={isOn} onChange={(event) => set(event.target.checked)} />
      {text}
    </label>
  )
}
