// Compiles the addon in this folder when its source is newer, and loads it.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'

const require = createRequire(import.meta.url)
const folder = import.meta.dirname
const addon = path.join(folder, 'build/Release/copy.node')

const isUpToDate = () =>
  existsSync(addon) && statSync(addon).mtimeMs > statSync(path.join(folder, 'copy.c')).mtimeMs

/** @returns {{ keep: (bytes: Buffer) => void, copy: () => Buffer }} */
export function loadCopy() {
  if (!isUpToDate()) {
    const prefix = path.resolve(path.dirname(process.execPath), '..')
    const args = [require.resolve('node-gyp/bin/node-gyp.js'), 'rebuild', '--loglevel=error', `--directory=${folder}`]
    if (existsSync(path.join(prefix, 'include/node/node_api.h'))) args.push(`--nodedir=${prefix}`)
    const built = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    if (built.status !== 0) throw new Error('node-gyp could not compile bench/copy; its messages are above')
  }
  return require(addon)
}
