'use client'

import { createContext, useCallback, useContext, useRef, useState } from 'react'

const SHOWN_FOR = 8000

const ToastContext = createContext((_message) => {})

/** @returns {(message: string) => void} shows a message for a while */
export const useToast = () => useContext(ToastContext)

export function ToastProvider({ children }) {
  const [toasts, setToasts] = useState([])
  const lastId = useRef(0)
  const dismiss = useCallback((id) => setToasts((all) => all.filter((toast) => toast.id !== id)), [])
  const show = useCallback(
    (message) => {
      const id = ++lastId.current
      setToasts((all) => [...all, { id, message }])
      setTimeout(dismiss, SHOWN_FOR, id)
    },
    [dismiss],
  )
  return (
    <ToastContext value={show}>
      {children}
      <ol className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, message }) => (
          <li key={id} className="toast" data-toast>
            <span>{message}</span>
            <button type="button" className="quiet" onClick={() => dismiss(id)} aria-label="Dismiss">
              ×
            </button>
          </li>
        ))}
      </ol>
    </ToastContext>
  )
}
