/**
 * The types that users get: declarations are emitted as for a release, and programs are compiled against them.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
/** Where Payload's own types are found from. */
let folder = ''

before(async () => {
  await mkdir(path.join(root, 'build'), { recursive: true })
  folder = await mkdtemp(path.join(root, 'build/types-'))
  await tsc(['-p', path.join(root, 'tsconfig.types.json'), '--outDir', folder])
})
after(() => rm(folder, { recursive: true }))

/** @param {string[]} args */
const tsc = (args) => promisify(execFile)(process.execPath, [compiler, ...args], { cwd: root })

/** @param {string[]} files of tests/typescript @returns {Promise<string>} what the compiler says */
async function compile(files) {
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      allowImportingTsExtensions: true,
      // Unresolved names would be `any`, and anything would compile.
      paths: { 'payload-optimistic-cache/*': [`${folder}/*/index.d.ts`] },
    },
    include: [],
    files: files.map((file) => path.join(root, 'tests/typescript', file)),
  }
  const file = path.join(folder, `tsconfig.${files[0]}.json`)
  await writeFile(file, JSON.stringify(config))
  return tsc(['-p', file]).then(({ stdout }) => stdout, ({ stdout }) => stdout)
}

test('with the types that Payload generates, a wrong slug, field or argument does not compile', async () => {
  assert.equal(await compile(['typed.ts', 'payload-types.ts']), '')
})

test('without generated types any slug and field compile', async () => {
  assert.equal(await compile(['untyped.ts']), '')
})
