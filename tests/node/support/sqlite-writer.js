// Another process at the same database file. `hold`: takes the write lock, and gives it up when its input ends.
// `update`: changes each of the orders given by id, as the app does.
import { createClient } from '@libsql/client'
import { pathToFileURL } from 'node:url'
import { openOrderBoard } from './order-board.js'

const [what, file, ...ids] = process.argv.slice(2)

if (what === 'hold') {
  const transaction = await createClient({ url: pathToFileURL(file).href }).transaction('write')
  process.stdin.resume().on('end', async () => {
    await transaction.commit()
    process.exit(0)
  })
} else {
  const board = await openOrderBoard({ file })
  process.send?.('ready')
  await new Promise((resolve) => process.once('message', resolve))
  for (const id of ids) await board.update(Number(id), { note: 'from the other process' })
  process.exit(0)
}
process.send?.('ready')
