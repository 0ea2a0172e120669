import assert from 'node:assert/strict'
import { focusManager, notifyManager, QueryObserver } from '@tanstack/react-query'
import { v7 as createToken } from 'uuid'
import { versionOfAnswer } from '../../lib/query/answers.js'
import { announce } from '../../lib/react/announce.js'
import { mutate, openBrowser } from './support/browser.js'
import { SHAPES } from './support/rest-server.js'

const MEMBERS = ['note', 'note', 'status', 'city', 'customer', 'several']
const STATUSES = ['pending', 'processing', 'shipped']
const WRITE_ENDS = [[6], [5, 'rollback'], [1, 'invalid'], [2, 'before'], [2, 'after'], [2, 'lost'], [2, 'running'], [1, 'cut']]
const READ_ENDS = [[8], [1, 'fail'], [1, 'cut']]
/** Mutations whose end is not known: each multiplies what may be shown. */
const MOST_OPEN = 7
/** Members whose values are all different, so that one that comes back is known. */
const TELLING = ['note', 'total', 'name']

const populate = (tables, row, depth) => {
  const customer = depth > 0 && tables.customers.find(({ id }) => id === row.customer)
  return structuredClone(customer ? { ...row, customer } : row)
}
const rows = (table, depth, status) => (tables) => {
  const docs = tables[table].filter((row) => status === undefined || row.status === status)
  return { docs: docs.map((row) => populate(tables, row, depth)), totalDocs: docs.length }
}
const row = (table, id, depth) => (tables) => populate(tables, tables[table].find((row) => row.id === id), depth)

/** A page in a browser, everything that can happen to it, and the model of what it may show. */
export class Page {
  /** What the server rendered the page with, as a router keeps it. */
  #states = []
  #hydrated = new Set()
  /** The model's mutations by token: own ones and other tabs'. */
  #byToken = new Map()
  /** Fetches that have not ended, by their URL. */
  #fetches = new Map()
  #isClearing = false
  #serial = 0
  #failure
  #ends = []
  /** What each telling member has shown, one after another. @type {Map<string, any[]>} */
  #seen = new Map()

  static async open(t, random, model) {
    const config = { defaultOptions: { queries: { retry: false, gcTime: Infinity, staleTime: 0 } } }
    const page = new Page(await openBrowser(t, config), random, model)
    page.#watchFetches(t)
    t.after(() => page.#unmount())
    page.#watchServer()
    page.#mount()
    await page.quiet()
    page.check()
    page.server.holds = () => true
    return page
  }

  constructor({ server, client, engine, orders, customers }, random, model) {
    Object.assign(this, { server, client, engine, random, model, collections: { orders, customers } })
    const columns = STATUSES.map((status) => ({
      name: `${status} list`,
      depth: 1,
      options: orders.find({ where: { status: { equals: status } } }),
      ask: rows('orders', 1, status),
      status,
    }))
    this.queries = [
      { name: 'list', depth: 1, options: orders.find(), ask: rows('orders', 1) },
      { name: 'bare list', depth: 0, options: orders.find({ depth: 0 }), ask: rows('orders', 0) },
      ...columns,
      { name: 'order 7', depth: 1, options: orders.findByID(7), ask: row('orders', 7, 1) },
      { name: 'order 8', depth: 0, options: orders.findByID(8, { depth: 0 }), ask: row('orders', 8, 0) },
      { name: 'customers', depth: 0, options: customers.find(), ask: rows('customers', 0) },
      { name: 'order 9, which nobody looks at', depth: 1, options: orders.findByID(9), ask: row('orders', 9, 1), isHidden: true },
    ]
    for (const query of this.queries) {
      const { queryKey, queryFn } = query.options
      query.collection = queryKey[1]
      query.options = {
        queryKey,
        queryFn: async (context) => {
          const answer = await queryFn(context)
          model.comes(query, versionOfAnswer(answer).version)
          return answer
        },
      }
    }
    engine.announce = announce
    engine.batch = notifyManager.batch
    engine.onSettled(({ token }) => (this.#byToken.get(token).known = true))
  }

  mutate() {
    if (this.model.mutations.filter(({ known }) => !known).length >= MOST_OPEN) return false
    const collection = this.random.chance(0.75) ? 'orders' : 'customers'
    const id = this.#anyID(collection)
    const data = collection === 'orders' ? this.#anyData() : { name: this.#fresh() }
    const mutation = { collection, id, data, state: 'pending', known: false, token: '\uffff' }
    this.model.mutations.push(mutation)
    mutate(this.client, this.collections[collection].update(), { id, data })
    mutation.token = this.engine.layers.at(-1).token
    this.#byToken.set(mutation.token, mutation)
    return true
  }

  release() {
    const request = this.random.pick(this.#waiting())
    if (!request) return false
    const isRead = request.method === 'GET'
    const end = this.random.weighted(isRead ? READ_ENDS : WRITE_ENDS)
    this.#release(request, end)
    return isRead ? end : (end ?? 'saved')
  }

  /** A mutation whose answer failed, or another tab's, ends. */
  settleRunning() {
    const mutation = this.random.pick(this.#runningOn())
    if (!mutation) return false
    this.#settle(mutation, this.random.chance(0.5))
    return true
  }

  othersWrite() {
    if (this.random.chance(0.3)) this.server.write('customers', this.#anyID('customers'), { name: this.#fresh() })
    else {
      const id = this.#anyID('orders')
      const { address, ...data } = this.#anyData()
      const merged = address ? { address: { ...this.server.find('orders', id).address, ...address } } : {}
      this.server.write('orders', id, { ...data, ...merged })
    }
    return true
  }

  refetch() {
    const { options } = this.random.pick(this.queries)
    this.client.refetchQueries({ queryKey: options.queryKey, exact: true }, { cancelRefetch: this.random.chance(0.5) })
    return true
  }

  focus() {
    focusManager.setFocused(false)
    focusManager.setFocused(true)
    return true
  }

  renderPage() {
    const { version } = this.server
    const id = this.#anyID('orders')
    // One for each order: of two, a page from before the second would rightly show the first again.
    if (this.random.chance(0.4) && ![...this.#byToken.values()].some((other) => other.isForeign && other.id === id)) {
      const data = { total: ++this.#serial + 1000 }
      const token = createToken()
      this.server.begin(token)
      this.#byToken.set(token, { token, collection: 'orders', id, data, state: 'pending', known: false, isForeign: true })
    }
    const isBegun = ({ token }) => this.server.mutations.get(token)?.state === 'pending'
    this.#states.push({
      api: this.server.api,
      generation: this.server.generation,
      version,
      shapes: SHAPES,
      pending: [...this.#byToken.values()].filter(isBegun).map(({ token, collection, id, data }) => ({
        token,
        operations: [{ type: 'update', collection, id, data: structuredClone(data) }],
      })),
      queries: this.random.some(this.queries).map((query) => ({
        queryKey: query.options.queryKey,
        data: query.ask(this.model.history.get(version)),
        version,
      })),
    })
    return true
  }

  hydrate() {
    // Mostly the latest: newer than answers that are on their way.
    const state = this.random.pick(this.#states.slice(this.random.chance(0.6) ? -1 : 0))
    if (!state || this.#isClearing) return false
    for (const { token } of state.pending) {
      const mutation = this.#byToken.get(token)
      if (!this.model.mutations.includes(mutation)) this.model.mutations.push(mutation)
    }
    this.model.mutations.sort((one, other) => (one.token < other.token ? -1 : 1))
    for (const { queryKey, version } of state.queries) {
      const query = this.queries.find(({ options }) => options.queryKey === queryKey)
      this.model.hydrates(query, version, this.#hydrated.has(state))
    }
    this.#hydrated.add(state)
    this.engine.hydrate(state)
    this.engine.start()
    return true
  }

  edit() {
    const query = this.random.pick(this.queries)
    const shown = this.client.getQueryData(query.options.queryKey)
    if (this.#isClearing || !shown) return false
    const id = this.#anyID(query.collection)
    const data = { [query.collection === 'orders' ? 'note' : 'name']: this.#fresh() }
    // What a change in flight has taken out of a list is not there to be edited.
    if ((shown.docs ?? [shown]).some((document) => document.id === id)) {
      this.model.edits(query, (answer) => {
        for (const document of answer.docs ?? [answer]) if (document.id === id) Object.assign(document, data)
      })
    }
    const change = (document) => (document.id === id ? { ...document, ...data } : document)
    const made = this.random.chance(0.5) ? structuredClone(shown) : shown
    const edited = made.docs ? { ...made, docs: made.docs.map(change) } : change(made)
    this.client.setQueryData(query.options.queryKey, edited)
    return true
  }

  invalidate() {
    this.client.invalidateQueries({ queryKey: this.random.pick([['payload'], ['payload', 'orders'], ['payload', 'customers']]) })
    return true
  }

  cancel() {
    if (this.#isClearing) return false
    this.client.cancelQueries({ queryKey: this.random.pick([['payload'], ['payload', 'orders', 'find']]) })
    return true
  }

  /** What nobody looks at is collected, and read again. */
  collect() {
    const hidden = this.queries.find(({ isHidden }) => isHidden)
    if (!this.client.getQueryCache().find(hidden.options)) this.client.prefetchQuery(hidden.options)
    else {
      this.client.removeQueries(hidden.options)
      this.model.forget(hidden)
      for (const key of this.#seen.keys()) if (key.endsWith(` in ${hidden.name}`)) this.#seen.delete(key)
    }
    return true
  }

  clear() {
    if (this.#isClearing) return false
    this.#isClearing = true
    this.#unmount()
    this.client.clear()
    this.#mount()
    return true
  }

  /** Waits until every request has been answered or is held, and all that followed from that has happened. */
  async quiet() {
    for (let calm = 0, turns = 0; calm < 3; calm = this.#isQuiet() ? calm + 1 : 0) {
      assert.ok(turns++ < 5000, 'the page comes to rest')
      await new Promise((done) => setTimeout(done))
      if (this.#isClearing) this.#waiting().filter(({ method }) => method === 'GET').forEach((one) => this.#release(one))
    }
    this.#isClearing = false
  }

  check() {
    if (this.#failure) throw this.#failure
    for (const query of this.queries) this.#look(query, this.client.getQueryData(query.options.queryKey))
    if (this.#failure) throw this.#failure
    this.#assertUpToDate()
  }

  /** Everything ends well from now on; then what is shown must be what the database has. */
  async finish() {
    this.server.holds = () => false
    do {
      this.#waiting().forEach((request) => this.#release(request))
      this.#runningOn().forEach((mutation) => this.#settle(mutation, true))
      await this.quiet()
    } while (this.client.isMutating() + this.client.isFetching() + this.engine.pending.length > 0)
    this.check()
    for (const { options } of this.queries) this.client.prefetchQuery(options)
    await this.client.refetchQueries()
    await this.quiet()
    this.check()
    for (const { name, options, ask } of this.queries) {
      assert.deepEqual(this.client.getQueryData(options.queryKey), ask(this.server.tables), `${name} at the end`)
    }
    assert.deepEqual(this.engine.layers, [])
    this.#assertNothingCameBack()
  }

  #anyID(collection) {
    return this.random.pick(this.server.tables[collection]).id
  }

  #anyData() {
    switch (this.random.pick(MEMBERS)) {
      case 'status':
        return { status: this.random.pick(STATUSES) }
      case 'city':
        return { address: { city: this.#fresh() } }
      case 'customer':
        return { customer: this.#anyID('customers') }
      case 'several':
        return { note: this.#fresh(), status: this.random.pick(STATUSES), address: { street: this.#fresh() } }
      default:
        return { note: this.#fresh() }
    }
  }

  #fresh() {
    return `value ${++this.#serial}`
  }

  /** The held requests, in an order that does not depend on when they arrived. */
  #waiting() {
    const nameOf = ({ path, token, query }) => `${token ?? ''} ${path} ${JSON.stringify(query)}`
    return [...this.server.waiting].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
  }

  #release(request, end) {
    const mutation = this.#byToken.get(request.token)
    // One that is sent again was decided already.
    if (end === 'before' && mutation.state === 'pending') mutation.state = 'refused'
    if (end === 'running' || end === 'cut') if (mutation) mutation.isRunningOn = true
    if (end === 'after' || end === 'lost') mutation.isUnheard = true
    request.release(end)
  }

  #runningOn() {
    return [...this.#byToken.values()].filter((one) => one.state === 'pending' && (one.isRunningOn || one.isForeign))
  }

  #settle({ token, collection, id, data }, isCommitted) {
    if (!isCommitted) return this.server.settle(token, 'rolledBack')
    const { address } = this.server.find(collection, id)
    const merged = data.address ? { ...data, address: { ...address, ...data.address } } : data
    this.server.settle(token, 'committed', { version: this.server.write(collection, id, merged) })
  }

  #isQuiet() {
    const open = [...this.#fetches.values()].filter((url) => {
      const tokens = /mutations\?tokens=(.+)&wait=[^0]/.exec(url)?.[1].split(',')
      return !tokens || tokens.some((token) => this.server.mutations.get(token)?.state !== 'pending')
    })
    return open.length === this.server.waiting.length
  }

  #watchFetches(t) {
    const { fetch } = globalThis
    t.after(() => (globalThis.fetch = fetch))
    globalThis.fetch = async (url, init) => {
      const key = {}
      this.#fetches.set(key, url)
      try {
        const response = await fetch(url, init)
        return new Response(await response.text(), { status: response.status, headers: response.headers })
      } finally {
        this.#fetches.delete(key)
      }
    }
  }

  /** Keeps the database of each version, and what became of each mutation. */
  #watchServer() {
    const { server, model } = this
    const keep = () => model.history.set(server.version, structuredClone(server.tables))
    const { write, settle } = server
    server.write = (...args) => {
      const version = write.apply(server, args)
      keep()
      return version
    }
    server.settle = (token, state, details) => {
      const mutation = this.#byToken.get(token)
      mutation.state = state === 'committed' ? state : 'refused'
      if (state === 'committed') {
        keep()
        mutation.version = details.version
        const row = structuredClone(server.find(mutation.collection, mutation.id))
        const isHeard = !mutation.isRunningOn && !mutation.isForeign
        if (isHeard) mutation.saved = Object.fromEntries(Object.keys(mutation.data).map((name) => [name, row[name]]))
      }
      settle.call(server, token, state, details)
    }
    keep()
  }

  #mount() {
    this.#seen.clear()
    for (const query of this.queries) {
      this.model.forget(query)
      if (query.isHidden) {
        this.client.prefetchQuery(query.options)
        continue
      }
      const observer = new QueryObserver(this.client, query.options)
      this.#ends.push(observer.subscribe(({ data }) => this.#look(query, data)))
      // As React hears of it.
      if (query.status) this.#ends.push(observer.subscribe(notifyManager.batchCalls(() => this.#assertOnePlace())))
    }
  }

  #unmount() {
    this.#ends.splice(0).forEach((end) => end())
  }

  #look(query, shown) {
    this.#remember(query, shown)
    if (this.#failure || this.model.accepts(query, shown)) return
    try {
      assert.deepEqual(shown, this.model.expected(query).at(-1), `${query.name} shows something else than base and overlay`)
    } catch (error) {
      this.#failure = error
    }
  }

  /** What every query shows follows from the answers and the layers alone: made anew from these, it is the same. */
  #assertUpToDate() {
    const shownNow = () => this.queries.map(({ name, options }) => [name, this.client.getQueryData(options.queryKey)])
    const shown = shownNow()
    this.engine.bases.rewrite()
    assert.deepEqual(shown, shownNow(), 'what a query shows is not what its answer and the layers make')
  }

  /** No order is in two columns. */
  #assertOnePlace() {
    const columns = this.queries.filter(({ status }) => status)
    const shown = columns.flatMap(({ options }) => this.client.getQueryData(options.queryKey)?.docs ?? [])
    const twice = shown.find(({ id }, at) => shown.findIndex((other) => other.id === id) !== at)
    if (twice) this.#failure ??= new assert.AssertionError({ message: `order ${twice.id} is in two columns` })
  }

  #remember({ name, status }, shown) {
    for (const document of shown?.docs ?? (shown ? [shown] : [])) {
      for (const one of [document, document.customer].filter((one) => one?.id)) {
        // An order's other customer, or an order that enters a list, is shown as some other query has it, maybe older.
        const isOwn = one === document && !status
        const telling = TELLING.filter((member) => member in one && isOwn)
        for (const member of telling) {
          const key = `${member} of ${one === document ? '' : 'customer '}${one.id} in ${name}`
          const seen = this.#seen.get(key) ?? []
          if (seen.length === 0 || seen.at(-1) !== one[member]) this.#seen.set(key, [...seen, one[member]])
        }
      }
    }
  }

  /** A value that was seen before may come back only from under one that never became true. */
  #assertNothingCameBack() {
    const wasTrue = new Set()
    for (const tables of this.model.history.values()) {
      for (const one of [...tables.orders, ...tables.customers]) TELLING.forEach((member) => wasTrue.add(one[member]))
    }
    for (const [key, seen] of this.#seen) {
      const truths = seen.filter((value) => wasTrue.has(value))
      const steps = truths.filter((value, index) => index === 0 || value !== truths[index - 1])
      assert.equal(new Set(steps).size, steps.length, `${key} went back: ${seen.join(', ')}`)
    }
  }
}
