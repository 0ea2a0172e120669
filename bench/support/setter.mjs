// The other process of cross-process-hit: sets the page in the shared cache that it is told, says so, and stays until
// its parent goes.
import process from 'node:process'
import { openCache } from '../../lib/index.js'
import { PAGE } from './page.mjs'

const cache = openCache(JSON.parse(process.argv[2]))
cache.set('page', PAGE)
process.send?.('set')
process.once('disconnect', () => cache.close())
