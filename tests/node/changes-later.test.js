/**
 * A browser loads what changes need after the page (`lib/query/changes-later.js`); all other tests have it at once, as
 * a server has. Each of these runs in a process of its own, which resolves imports as a bundle for browsers does.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { rendered } from './changes-later-page.js'

const program = fileURLToPath(new URL('./changes-later-browser.js', import.meta.url))

/** @param {string} name of a function in `changes-later-browser.js` */
function runInBrowser(name, input = '') {
  const options = ['--conditions=browser', '--unhandled-rejections=strict', program, name]
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { input, encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, `${name} came to its end\n`, stderr)
}

test('a change that is faster than what it needs waits for it, shows, and is sent once', () => runInBrowser('fast'))

test('a change whose component renders again while it waits is sent once all the same', () => runInBrowser('renders'))

test('a change after that shows before mutate() returns', () => runInBrowser('ready'))

test('options of a mutation load what it needs, before any QueryClient is used', () => runInBrowser('preloads'))

test('when what it needs cannot be loaded a change fails and shows nothing, and the next one tries again', () =>
  runInBrowser('fails'))

test('HTML with a pending change stays as it came until it can be hydrated', () => {
  const html = rendered()
  assert.match(html, /shipped pending/)
  runInBrowser('hydrates', html)
})
