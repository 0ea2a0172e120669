import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ADDON = 'build/Release/optimistic_cache.node'

/** A copy of what the build needs, with an addon that was just made. */
function copy(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'optimistic-build-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['binding.gyp', 'include', 'src', '.setup', 'package.json']) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true })
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  cpSync(path.join(ROOT, ADDON), path.join(folder, ADDON))
  return folder
}

/** @param {string} folder @param {Record<string, string>} [env] */
function build(folder, env) {
  const script = path.join(folder, '.setup/build.mjs')
  return spawnSync(process.execPath, [script], { encoding: 'utf8', env: { ...process.env, ...env } })
}

test('a build of what is built already does nothing, and says so', (t) => {
  const { status, stdout } = build(copy(t))
  assert.match(stdout, /up to date/)
  assert.equal(status, 0)
})

test('a build without a compiler fails with one line that says what to install', (t) => {
  const folder = copy(t)
  writeFileSync(path.join(folder, 'src/newer.c'), '')
  const { status, stdout, stderr } = build(folder, { CC: 'no-such-compiler' })
  assert.match(stderr, /^build: no-such-compiler not found, .*: apt-get install build-essential .*\n$/)
  assert.equal(stdout, '')
  assert.equal(status, 1)
})

test('a build without the headers of cJSON fails with one line that says what to install', (t) => {
  const folder = copy(t)
  rmSync(path.join(folder, ADDON))
  // A compiler that finds no header.
  const { status, stderr } = build(folder, { CC: 'false' })
  assert.match(stderr, /^build: cjson\/cJSON\.h, .*not found, .*: apt-get install .*libcjson-dev\n$/)
  assert.equal(status, 1)
  assert.ok(!existsSync(path.join(folder, ADDON)))
})
