/**
 * Runs in every page before anything of the page's own. Reports each change of what the DOM shows for an order, by its
 * id and by its number (`#12`), which it has before it has an id, and for the note (`note`), and counts animation frames
 * from the last click on. A callback of MutationObserver runs before the browser paints, so nothing that could be seen is
 * missed. Reports toasts, and how the browser came to show the page, too.
 */
export function recordStatuses() {
  let frame = 0
  const count = () => {
    frame++
    requestAnimationFrame(count)
  }
  requestAnimationFrame(count)
  let clickedAt = 0
  addEventListener('click', () => (clickedAt = frame), { capture: true })

  addEventListener('pageshow', ({ persisted }) => window.reportPage({ url: location.href, persisted }))

  /** @type {WeakSet<Element>} */
  const toasted = new WeakSet()
  function lookForToasts() {
    for (const toast of document.querySelectorAll('[data-toast]')) {
      if (!toasted.has(toast)) window.reportToast(toast.firstElementChild.textContent)
      toasted.add(toast)
    }
  }

  /** @type {Map<string, string>} */
  const shown = new Map()
  function look() {
    lookForToasts()
    /** @type {Map<string, string>} */
    const now = new Map()
    for (const element of document.querySelectorAll('[data-order]')) {
      const { order, status } = element.dataset
      const column = element.closest('[data-column]')?.dataset.column ?? status
      const value = column === status ? status : `${status} in ${column}`
      const number = /#\d+/.exec(element.querySelector('a, strong, h1')?.textContent)?.[0]
      // Twice on a page: both are reported, as one value that no test expects.
      for (const key of number ? [order, number] : [order]) {
        now.set(key, now.has(key) ? `${now.get(key)} and ${value}` : value)
      }
    }
    for (const id of shown.keys()) if (!now.has(id)) now.set(id, 'absent')
    const note = document.querySelector('[data-note]')
    if (note) now.set('note', note.innerText)
    else now.delete('note')
    for (const [id, status] of now) {
      if (shown.get(id) === status) continue
      shown.set(id, status)
      // An order that is being created has a token for an id.
      window.reportStatus({ id: Number(id) || id, status, frames: frame - clickedAt })
    }
  }
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['data-order', 'data-status'],
  })
}
