// A cache that is not used burns no CPU: while a process does nothing, the system calls in which its threads sleep
// are counted by strace, each time one comes back. IDLE_SECONDS sets for how long.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openCache } from '../../lib/index.js'

const SECONDS = Number(process.env.IDLE_SECONDS ?? 3)
const MAIN = fileURLToPath(new URL('idle-main.js', import.meta.url))
// V8 looks around for a while after its heap has grown, dozens of times a second, whatever the program does.
const FLAGS = ['--no-memory-reducer']
/** A system call that sleeps. */
const CAME_BACK = /\b(epoll_p?wait2?|futex\w*|p?poll|p?select6?|(clock_)?nanosleep)(\(| resumed).* = /

/** As what idle-main.js ends when something keeps it running. */
const HANGS = 3

let names = 0

/**
 * Runs idle-main.js until it ends by itself. This process has its cache open, too.
 * @returns {Promise<{ main: number, ours: number[], wakeups: Map<number, number>, seconds: number }>} its threads, and
 *   how often each woke up in how many seconds of doing nothing
 */
async function idle(t, what) {
  const name = `idle-${process.pid}-${names++}`
  const neighbour = openCache({ name, memory: 'shared', maxBytes: 2 << 20 })
  t.after(() => neighbour.close())
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'optimistic-cache-idle-'))
  t.after(() => fs.rmSync(directory, { recursive: true }))
  const trace = path.join(directory, 'trace')
  const node = [process.execPath, ...FLAGS, MAIN, what, name, String(SECONDS * 1000)]
  const { stdout } = await promisify(execFile)('strace', ['-f', '-ttt', '-o', trace, ...node]).catch((error) => {
    if (error.code === HANGS) throw new Error(`a process with ${what} does not end by itself`)
    const hint = 'it has to be installed, and allowed to trace (in a container: --cap-add=SYS_PTRACE)'
    throw new Error(`strace could not run a process with ${what}; ${hint}: ${error.message}`)
  })
  return { ...JSON.parse(stdout), ...count(fs.readFileSync(trace, 'utf8')) }
}

/** @param {string} trace a line: thread, time in seconds, and a system call that begins, comes back, or does both */
function count(trace) {
  const lines = trace.split('\n')
  const [begin, end] = ['begin', 'end'].map((mark) => lines.findIndex((line) => line.includes(`"idle: ${mark}"`)))
  assert.ok(0 < begin && begin < end, 'the trace has no window of doing nothing')
  const wakeups = new Map()
  for (const line of lines.slice(begin + 1, end)) {
    const thread = Number(line.split(' ', 1)[0])
    if (CAME_BACK.test(line)) wakeups.set(thread, (wakeups.get(thread) ?? 0) + 1)
  }
  const [from, to] = [begin, end].map((at) => Number(/^\d+ +([\d.]+)/.exec(lines[at])?.[1]))
  return { wakeups, seconds: to - from }
}

test(`in ${SECONDS} s an idle cache wakes no thread more often than once a second, and ends by itself`, async (t) => {
  const all = ['an open cache', 'a cache with listeners', 'a cache with somebody who waits']
  const [control, ...caches] = await Promise.all(['nothing', ...all].map((what) => idle(t, what)))
  assert.deepEqual(control.ours, [])
  assert.ok(control.wakeups.get(control.main) >= 1, 'not even the timer that ends the window was traced')
  for (const [index, { main, ours, wakeups, seconds }] of caches.entries()) {
    const of = (thread) => wakeups.get(thread) ?? 0
    const most = Math.floor(seconds)
    const [own, others] = [of(ours[0]), of(main)]
    t.diagnostic(`${all[index]}, ${seconds.toFixed(1)} s: its thread woke up ${own} times, the main one ${others}`)
    assert.equal(ours.length, 1, 'a cache has one thread')
    assert.ok(own <= most, `${all[index]}: its thread woke up ${own} times in ${seconds} s`)
    const beside = others - (control.wakeups.get(control.main) ?? 0)
    assert.ok(beside <= most, `${all[index]}: the main thread woke up ${beside} times more than without it`)
  }
})
