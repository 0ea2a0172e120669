// Versions of what is measured, read from what is installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const read = (/** @type {string} */ file) => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'))

export const OURS = 'payload-optimistic-cache'
export const ourVersion = read('package.json').version

/** @param {string} name @returns {string} */
export const versionOf = (name) => read(`node_modules/${name}/package.json`).version

/** @param {string} program */
export const versionOfServer = (program) =>
  /v=(\S+)/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? 'unknown'
