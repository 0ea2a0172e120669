import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const folder = path.resolve(import.meta.dirname, '../../vectors')

/** @returns {{ topic: string, vectors: any[] }[]} */
export const readVectors = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({
      topic: path.basename(name, '.json'),
      vectors: JSON.parse(readFileSync(path.join(folder, name), 'utf8')),
    }))

/** A query as the browser's engine describes it. @param {any} query */
export const describe = ({ type, collection, global, ...args }) => ({
  type,
  collection: collection ?? 'global',
  args: { ...args, ...(global && { slug: global }) },
})
