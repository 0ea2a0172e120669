/**
 * What a browser loads of `payload-optimistic-cache/query` and `/react`, by the bundle that an app would make of them:
 * with the page, and right after it, what changes need (`lib/query/changes-later.js`).
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** With the page. */
const MOST = 7_168
/** With the page and after it. */
const MOST_IN_ALL = 18_944

/** @param {string} contents a module, in the package's root */
async function bundle(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    splitting: true,
    outdir: 'out',
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['react', 'react-dom', '@tanstack/*'],
  })
  const gzip = (code) => gzipSync(code, { level: 9 }).length
  const sizes = new Map(outputFiles.map(({ path: file, contents }) => [path.basename(file), gzip(contents)]))
  const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output]))
  const [entry] = [...outputs].find(([, { entryPoint }]) => entryPoint === '<stdin>')
  const first = new Set([entry])
  for (const file of first) {
    for (const { path: other, kind } of outputs.get(file).imports) {
      if (kind === 'import-statement' && outputs.has(path.basename(other))) first.add(path.basename(other))
    }
  }
  const sum = (files) => files.reduce((total, file) => total + sizes.get(file), 0)
  const inputs = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>')
  return { first: sum([...first]), all: sum([...outputs.keys()]), inputs: inputs.map((file) => path.normalize(file)) }
}

test(`the browser loads at most ${MOST} bytes of query and react with the page, gzipped`, async (t) => {
  const { first, all, inputs } = await bundle(
    `export * from './lib/query/index.js'; export * from './lib/react/index.js'`
  )
  t.diagnostic(`query + react: ${first} bytes gzipped with the page, of ${MOST}; ${all} with what changes need`)
  assert.ok(first <= MOST, `${first} bytes`)
  assert.ok(all <= MOST_IN_ALL, `${all} bytes in all`)
  assert.deepEqual(inputs.filter((file) => !/^lib\/(query|react)\//.test(file)), [], 'nothing else comes along')
})
