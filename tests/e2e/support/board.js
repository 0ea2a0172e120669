// Where the built example is, and a database with its seed, made once.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '../../..')
export const board = path.join(root, 'examples/order-board')
export const nextBinary = createRequire(import.meta.url).resolve('next/dist/bin/next')
export const secret = 'only-for-tests'

const seeded = path.join(root, 'build/e2e/seeded.db')
const sources = ['seed.js', 'seed-data.js', 'products.js', 'payload.config.js', 'migrations', 'collections']

/** @param {string} file */
const changedAt = (file) => statSync(file).mtimeMs

function isCurrent() {
  if (!existsSync(seeded)) return false
  return sources.every((name) => changedAt(path.join(board, 'src', name)) < changedAt(seeded))
}

/** @returns {string} a database file that holds the seed, whole and in use by nobody */
export function seededDatabase() {
  if (isCurrent()) return seeded
  mkdirSync(path.dirname(seeded), { recursive: true })
  const draft = `${seeded}.${process.pid}`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/seed.js'], {
    cwd: board,
    env: { ...process.env, ORDER_BOARD_DB: draft, PAYLOAD_SECRET: secret },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the order board could not be seeded:\n${stdout}${stderr}`)
  for (const suffix of ['-wal', '-shm']) rmSync(draft + suffix, { force: true })
  renameSync(draft, seeded)
  return seeded
}
