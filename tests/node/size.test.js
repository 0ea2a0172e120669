/** What a browser loads of `payload-optimistic-cache/query` and `/react`, by the bundle that an app would make of them. */
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Of this the overlay (where, membership, merging) is a third. */
const MOST = 12_288

/** @param {string} contents a module, in the package's root */
async function bundle(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['react', 'react-dom', '@tanstack/*'],
  })
  const [{ contents: code }] = outputFiles
  const inputs = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>')
  return { gzip: gzipSync(code, { level: 9 }).length, inputs: inputs.map((file) => path.normalize(file)) }
}

test(`the browser loads at most ${MOST} bytes of query and react, gzipped`, async (t) => {
  const { gzip, inputs } = await bundle(`export * from './lib/query/index.js'; export * from './lib/react/index.js'`)
  t.diagnostic(`query + react: ${gzip} bytes gzipped, of ${MOST}`)
  assert.ok(gzip <= MOST, `${gzip} bytes`)
  assert.deepEqual(inputs.filter((file) => !/^lib\/(query|react)\//.test(file)), [], 'nothing else comes along')
})
