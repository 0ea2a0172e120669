/** A board of several queries, as React commits it: whatever settles or arrives, each card is in one column. */
import assert from 'node:assert/strict'
import process from 'node:process'
import test from 'node:test'
import { notifyManager, useQuery } from '@tanstack/react-query'
import { createElement as h, useLayoutEffect, useState } from 'react'
import { show } from './support/dom.js'
import { announce } from '../../lib/react/announce.js'
import { OptimisticBoundary } from '../../lib/react/index.js'
import { mutate, openBrowser, when } from './support/browser.js'
import { Random } from './schedules-random.js'

const ROUNDS = Number(process.env.ROUNDS ?? 4)
const SEED = Number(process.env.SEED ?? 1)
const STEPS = 30
const STATUSES = ['pending', 'processing', 'shipped', 'paid']
const CARDS = Array.from({ length: 8 }, (_, at) => ({ id: at + 1, total: at + 1, status: STATUSES[at % 2], customer: 1 }))
const isWrite = ({ method }) => method !== 'GET'
const isRead = ({ method }) => method === 'GET'
const task = () => new Promise((done) => setImmediate(done))

/** The board in a browser. `commits`: which cards were in which column, after each commit of React's; `lost`: the last of
 * the user's moves, while it is in flight, that a commit did not show. */
async function openBoard(t) {
  t.after(() => (globalThis.IS_REACT_ACT_ENVIRONMENT = true))
  const browser = await openBrowser(t, { orders: CARDS })
  const { client, orders } = browser
  const column = (status) => orders.find({ where: { status: { equals: status } }, sort: '-total' })
  await Promise.all(STATUSES.map((status) => client.prefetchQuery(column(status))))
  const commits = []
  const lost = []
  const columns = () => Array.from(document.querySelectorAll('ol'), ({ textContent }) => textContent)
  function Column({ status }) {
    const { data } = useQuery(column(status))
    const [, setTouched] = useState(0)
    const onClick = () => setTouched((count) => count + 1)
    useLayoutEffect(() => {
      commits.push(columns())
      const moves = new Map(browser.engine.pending.flatMap(({ operations: [{ id, data }] }) => [[id, data.status]]))
      for (const [id, status] of moves) {
        if (!commits.at(-1)[STATUSES.indexOf(status)].split(',').includes(String(id))) lost.push({ id, status, at: commits.length })
      }
    })
    return h('ol', { onClick }, data.docs.map(({ id }) => h('li', { key: id }, `${id},`)))
  }
  await show(t, client, h(OptimisticBoundary, null, STATUSES.map((status) => h(Column, { key: status, status }))))
  globalThis.IS_REACT_ACT_ENVIRONMENT = false
  const move = (id, status) => mutate(client, orders.update(), { id, data: { status } })
  const touch = (status) => document.querySelectorAll('ol')[STATUSES.indexOf(status)].click()
  return { ...browser, column, columns, commits, lost, touch, move }
}

const idsOf = (columns) => columns.join('').split(',').slice(0, -1).map(Number)

/** Each card is in one column in each commit. */
function assertWhole(commits) {
  assert.ok(commits.length > 0, 'it was rendered')
  for (const [at, shown] of commits.entries()) {
    const ids = idsOf(shown).sort((one, other) => one - other)
    assert.deepEqual(ids, CARDS.map(({ id }) => id), `commit ${at}: ${shown.join(' | ')}`)
  }
}

/** Nothing is under way, and React was told. */
async function settled({ client }) {
  await when(client, () => client.isMutating() + client.isFetching() === 0)
  for (let turn = 0; turn < 5; turn++) await task()
}

test('cards that move at once to different columns are in one column each in every commit', async (t) => {
  const board = await openBoard(t)
  board.server.holds = isWrite
  board.move(1, 'shipped')
  board.move(3, 'paid')
  board.move(1, 'paid')
  await task()
  assertWhole(board.commits)
})

for (const [what, end] of [['saved', undefined], ['refused', 'rollback']]) {
  test(`cards whose moves are ${what} in a row are in one column each in every commit`, async (t) => {
    const board = await openBoard(t)
    const { server, commits, columns } = board
    server.holds = isWrite
    board.move(1, 'shipped')
    board.move(3, 'paid')
    board.move(2, 'paid')
    await server.until(() => server.waiting.length === 3)
    const before = commits.length
    server.waiting.forEach(({ release }) => release(end))
    await settled(board)
    assert.deepEqual(columns(), end ? ['7,5,3,1,', '8,6,4,2,', '', ''] : ['7,5,', '8,6,4,', '1,', '3,2,'])
    if (end) assert.ok(commits.length > before, 'they went back')
    assertWhole(commits)
  })
}

test('a card that is moved while its column renders for another reason is in one column in every commit', async (t) => {
  const board = await openBoard(t)
  board.server.holds = isWrite
  board.move(1, 'shipped')
  board.touch('pending')
  await task()
  assert.deepEqual(board.columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assertWhole(board.commits)
})

test('a card that is moved as another answer of its column comes is in one column in every commit', async (t) => {
  const board = await openBoard(t)
  const { server, client, column } = board
  server.write('orders', 3, { total: 0 })
  server.holds = isWrite
  const arrived = new Promise((resolve) => {
    t.after(client.getQueryCache().subscribe(({ action }) => action?.type === 'success' && resolve()))
  })
  client.refetchQueries({ queryKey: column('pending').queryKey })
  await arrived
  board.move(1, 'shipped')
  await task()
  await task()
  assert.deepEqual(board.columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assertWhole(board.commits)
})

test('a card that somebody else moved leaves its old column with the first answer that shows it in another', async (t) => {
  const board = await openBoard(t)
  const { server, client, column, columns, commits } = board
  server.write('orders', 1, { status: 'shipped' })
  await client.refetchQueries({ queryKey: column('shipped').queryKey })
  await task()
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assertWhole(commits)
  const { docs, totalDocs } = client.getQueryData(column('pending').queryKey)
  assert.equal(totalDocs, docs.length)
  await client.refetchQueries({ queryKey: column('pending').queryKey })
  server.write('orders', 1, { status: 'pending' })
  await client.refetchQueries({ queryKey: column('pending').queryKey })
  await task()
  assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,2,', '', ''])
  assertWhole(commits)
})

/** The held reads of columns that are not among `others`. */
const readsOf = ({ server }, statuses, others = []) =>
  server.until(() => {
    const reads = statuses.map((status) =>
      server.waiting.find((one) => isRead(one) && one.query.where.status.equals === status && !others.includes(one))
    )
    return reads.every(Boolean) && reads
  })
const answered = ({ client, column }, status) =>
  when(client, () => client.getQueryState(column(status).queryKey).fetchStatus === 'idle').then(task)

test('a card that somebody else moved stays in its column, read last, until the other one comes that has it', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, commits } = board
  server.holds = isRead
  client.refetchQueries()
  // What is read before the move is read anew.
  const before = await readsOf(board, STATUSES)
  server.write('orders', 1, { status: 'shipped' })
  client.refetchQueries({ queryKey: board.column('pending').queryKey })
  const [pending] = await readsOf(board, ['pending'], before)
  pending.release()
  await answered(board, 'pending')
  assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,2,', '', ''])
  const others = await readsOf(board, STATUSES.slice(1), before)
  for (const { release } of others) release()
  await settled(board)
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assertWhole(commits)
})

test('of a column that a card has left, those beside it are read anew, once', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, commits, column } = board
  server.write('orders', 1, { status: 'shipped' })
  const read = server.log.length
  await client.refetchQueries({ queryKey: column('pending').queryKey })
  await settled(board)
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assertWhole(commits)
  assert.equal(server.log.length - read, STATUSES.length)
})

for (const end of [undefined, 'fail']) {
  test(`a card that somebody else deleted goes when no column has it ${end ? 'that can be read' : 'any more'}`, async (t) => {
    const board = await openBoard(t)
    const { server, client, columns, column } = board
    server.tables.orders.shift()
    server.version++
    await client.refetchQueries({ queryKey: column('processing').queryKey })
    server.holds = ({ query }) => query.where.status.equals !== 'pending'
    client.refetchQueries({ queryKey: column('pending').queryKey })
    const [shipped, paid] = await readsOf(board, ['shipped', 'paid'])
    shipped.release(end)
    await answered(board, 'shipped')
    assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,2,', '', ''])
    paid.release(end)
    await answered(board, 'paid')
    assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '', ''])
  })
}

test('a card that its own page shows elsewhere stays in its column until another column has it', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, commits, orders, column } = board
  server.write('orders', 1, { status: 'shipped' })
  await client.fetchQuery(orders.findByID(1))
  await task()
  assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,2,', '', ''])
  await client.refetchQueries({ queryKey: column('shipped').queryKey })
  await settled(board)
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assertWhole(commits)
})

test('columns that somebody else deleted cards of are read anew once, however much happens meanwhile', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns } = board
  server.tables.orders.splice(0, 2)
  server.version++
  const read = server.log.length
  // Each read is of another version.
  server.holds = () => ++server.version < 0
  await client.refetchQueries()
  await settled(board)
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,', '', ''])
  assert.ok(server.log.length - read <= 3 * STATUSES.length)
})

test('columns between which their user moves a card are read once', async (t) => {
  const board = await openBoard(t)
  const { server, columns, move } = board
  const read = server.log.length
  await move(1, 'shipped')
  await settled(board)
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  assert.equal(server.log.slice(read).filter(isRead).length, STATUSES.length)
  assertWhole(board.commits)
})

test('what is written into a column, or changed in it, while its answer waits for others stays', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, column, move } = board
  server.write('orders', 1, { status: 'shipped' })
  server.holds = ({ query, method }) => method !== 'GET' || query.where.status.equals !== 'pending'
  client.refetchQueries({ queryKey: column('pending').queryKey })
  const reads = await readsOf(board, STATUSES.slice(1))
  await answered(board, 'pending')
  move(3, 'paid')
  await task()
  assert.deepEqual(columns(), ['7,5,1,', '8,6,4,2,', '', '3,'])
  const { queryKey } = column('pending')
  client.setQueryData(queryKey, (page) => ({ ...page, docs: page.docs.map((one) => ({ ...one, note: 'mine' })) }))
  for (const { release } of reads) release()
  await when(client, () => client.isFetching() === 0).then(task)
  assert.deepEqual(columns(), ['7,5,', '8,6,4,2,', '1,', '3,'])
  assert.deepEqual(client.getQueryData(queryKey).docs.map(({ note }) => note), ['mine', 'mine'])
})

test('a card that somebody else moved on after its own move was saved is in the last column only', async (t) => {
  const board = await openBoard(t)
  const { server, client, column, columns, commits } = board
  server.holds = () => true
  const moved = board.move(1, 'processing')
  ;(await server.held('PATCH')).release()
  await moved
  // All columns have been read since, and the answers are still to come.
  await server.until(() => server.waiting.length === STATUSES.length)
  server.holds = () => false
  server.write('orders', 1, { status: 'shipped' })
  await client.refetchQueries({ queryKey: column('shipped').queryKey })
  await task()
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '1,', ''])
  const status = await mutate(client, board.orders.update(), { id: 1, data: { status: 'paid' } }).then((one) => one.status)
  assert.equal(status, 'paid')
  server.waiting.forEach(({ release }) => release())
  await settled(board)
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,', '', '1,'])
  assertWhole(commits)
})

test('a card that comes back to a column is there while only that was last read without it', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, commits, column } = board
  server.holds = () => true
  let old = []
  const isOf = (status) => (one) => isRead(one) && one.query.where?.status.equals === status && !old.includes(one)
  const answer = async (...statuses) => {
    for (const status of statuses) {
      const { queryKey } = column(status)
      ;(await server.until(() => server.waiting.find(isOf(status)))).release()
      await when(client, () => client.getQueryState(queryKey).fetchStatus === 'idle')
    }
  }
  const save = async (status) => {
    const saved = board.move(1, status)
    old = server.waiting
    ;(await server.held('PATCH')).release()
    await saved
    await server.until(() => STATUSES.every((status) => server.waiting.some(isOf(status))))
  }
  await save('paid')
  await answer('pending')
  await save('pending')
  await answer('paid', 'processing', 'shipped')
  board.move(2, 'paid')
  await task()
  assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,', '', '2,'])
  assertWhole(commits)
})

test('a card that comes back to a column is there when that is read between its two moves', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, commits, column } = board
  server.holds = isWrite
  board.move(1, 'processing')
  board.move(1, 'pending')
  // The first is made, and its answer on its way.
  server.write('orders', 1, { status: 'processing' })
  await client.refetchQueries({ queryKey: column('pending').queryKey })
  board.move(2, 'paid')
  await task()
  assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,', '', '2,'])
  assertWhole(commits)
})

test('a card that the user puts where it was is there, when somebody else took it away meanwhile', async (t) => {
  const board = await openBoard(t)
  const { server, client, columns, commits, column } = board
  server.holds = isWrite
  board.move(1, 'pending')
  server.write('orders', 1, { status: 'processing' })
  for (const status of ['pending', 'processing']) {
    await client.refetchQueries({ queryKey: column(status).queryKey })
    await task()
    assert.deepEqual(columns(), ['7,5,3,1,', '8,6,4,2,', '', ''])
  }
  assertWhole(commits)
})

test('a card that comes back to a column, as that is read without it, is there in every commit', async (t) => {
  const board = await openBoard(t)
  const { server, client, column, columns, commits } = board
  const isOfProcessing = ({ query }) => query.where?.status.equals === 'processing'
  server.holds = (request) => isWrite(request) || !isOfProcessing(request)
  const save = async (status) => {
    const saved = board.move(1, status)
    ;(await server.held('PATCH')).release()
    await saved
  }
  await save('processing')
  await when(client, () => client.getQueryState(column('processing').queryKey).fetchStatus === 'idle')
  server.holds = () => true
  await save('paid')
  const read = await server.until(() => server.waiting.find((one) => isRead(one) && isOfProcessing(one)))
  board.move(1, 'processing')
  read.release()
  await when(client, () => client.getQueryState(column('processing').queryKey).fetchStatus === 'idle')
  await task()
  assert.deepEqual(columns(), ['7,5,3,', '8,6,4,2,1,', '', ''])
  assertWhole(commits)
})

test('what the engine does not change is told in a task of its own, as TanStack tells it', async () => {
  const told = []
  announce(() => notifyManager.schedule(() => told.push('of the engine')))
  announce(() => {})
  notifyManager.schedule(() => told.push('of others'))
  assert.deepEqual(told, ['of the engine'])
  await new Promise((done) => notifyManager.schedule(done))
  assert.deepEqual(told, ['of the engine', 'of others'])
})

test('a listener that throws is not the trouble of those who change something', (t) => {
  const late = []
  t.mock.method(globalThis, 'setTimeout', (run) => late.push(run))
  announce(() => {
    notifyManager.schedule(() => {
      throw new Error('theirs')
    })
  })
  assert.throws(() => late.forEach((run) => run()), /theirs/)
})

/** What happens to a board, and how often. */
const HAPPENINGS = [
  [8, ({ move, columns }, random) => move(random.pick(idsOf(columns())), random.pick(STATUSES))],
  [2, ({ touch }, random) => touch(random.pick(STATUSES))],
  [1, ({ client }) => client.invalidateQueries()],
  [1, ({ client, column }, random) => client.refetchQueries({ queryKey: column(random.pick(STATUSES)).queryKey })],
  [12, ({ server }, random) => {
    const request = random.pick(server.waiting)
    request?.release(isRead(request) ? random.pick([undefined, undefined, 'fail']) : random.pick(ENDS))
  }],
]
const ENDS = [undefined, undefined, undefined, 'rollback', 'rollback', 'invalid', 'after', 'lost', 'before']

const BY_OTHERS = [3, ({ server }, random) => server.write('orders', random.pick(CARDS).id, { status: random.pick(STATUSES) })]

/** Plays a round on a board, to its end. Resolves with the commits. */
async function play(t, seed, happenings) {
  const random = new Random(seed)
  const board = await openBoard(t)
  const { server, client, columns, commits, lost } = board
  server.holds = ({ path }) => path !== 'optimistic/mutations'
  for (let step = 0; step < STEPS; step++) {
    for (let count = random.weighted([[2, 1], [2, 2], [1, 4]]); count > 0; count--) random.weighted(happenings)(board, random)
    for (let turn = random.weighted([[1, 0], [1, 1], [1, 8]]); turn > 0; turn--) await task()
  }
  server.holds = () => false
  server.waiting.forEach(({ release }) => release())
  await settled(board)
  if (happenings.includes(BY_OTHERS)) {
    await client.refetchQueries()
    await settled(board)
  }
  const stored = (status) => server.tables.orders.filter((card) => card.status === status).map(({ id }) => id)
  const ends = STATUSES.map((status) => stored(status).sort((one, other) => other - one).map((id) => `${id},`).join(''))
  assert.deepEqual(columns(), ends)
  assert.deepEqual(lost, [], 'what is in flight is where the user moved it')
  return commits
}

for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
  test(`whatever happens to their board, cards are in one column each in every commit (SEED=${seed})`, async (t) => {
    assertWhole(await play(t, seed, HAPPENINGS))
  })

  test(`whatever others do to it, too, no card is in two columns in any commit (SEED=${seed})`, async (t) => {
    for (const shown of await play(t, seed, [...HAPPENINGS, BY_OTHERS])) {
      const ids = idsOf(shown)
      assert.equal(new Set(ids).size, ids.length, shown.join(' | '))
    }
  })
}
