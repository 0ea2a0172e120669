// A thread that says what it hears, three events at a time, and commits a mutation of each token it is sent.
import { parentPort, workerData } from 'node:worker_threads'
import { openCache } from '../../lib/index.js'

const cache = openCache(workerData)
const heard = []
const note = (event) => {
  if (heard.push(event) === 3) parentPort.postMessage(heard.splice(0))
}
cache.on('commit', note)
cache.on('rollback', note)
parentPort.on('message', (token) => {
  cache.begin(token, { operations: [{ type: 'invalidate', tags: ['a thread'] }] })
  cache.commit(token)
})
parentPort.postMessage('listening')
