export function Saving() {
  return <span className="saving">saving…</span>
}
