import { createServer } from 'node:http'
import { once, EventEmitter } from 'node:events'
import * as qs from 'qs-esm'

/**
 * Payload's REST API as far as the browser side uses it, over a database that is a plain object: versions, tokens, long
 * polls, and requests that can be held and ended in every way a real one can.
 *
 * A read is taken from the database when its request arrives, a write is made when it is released. `server.holds`
 * decides which requests are held; `await server.held('PATCH')` waits for the next of them.
 */
export async function startRestServer({ orders, customers = [] }) {
  const server = new RestServer({ orders, customers })
  const http = createServer((request, response) => server.answer(request, response))
  await once(http.listen(0, '127.0.0.1'), 'listening')
  server.api = `http://127.0.0.1:${http.address().port}/api`
  server.stop = async () => {
    http.close()
    http.closeAllConnections()
    await once(http, 'close')
  }
  server.connections = http
  return server
}

export const SHAPES = { orders: { groups: ['address'], relations: { customer: 'customers' } }, customers: {} }

/** To a token whose mutation was committed, and whose answer is gone: nothing is done twice. */
const USED = { status: 409, body: { errors: [{ message: 'This token was used.' }] } }

class RestServer {
  generation = 'g1'
  version = 1
  /** Are all connections cut as they come? */
  isDown = false
  /** Are announcements refused, as to those who are not logged in? */
  isDeaf = false
  /** With which status are changes refused, because the session has expired? */
  loggedOut = 0
  /** What was announced: `{ token, operations }`. */
  announced = []
  /** Are versions told? */
  sendsVersions = true
  holds = () => false
  /** Every held request that was neither released nor given up by the client. */
  waiting = []
  /** `METHOD path` of all requests, with their tokens, and those that they are to be run `after`. */
  log = []
  mutations = new Map()
  /** What a request with a known Idempotency-Key is answered again. */
  answers = new Map()
  #events = new EventEmitter().setMaxListeners(0)

  /** What rows of a table show of others, by table: `(row, tables) => members`. */
  joins = {}

  globals = { settings: { id: 1, title: 'Shop', open: true } }

  constructor(tables) {
    this.tables = structuredClone(tables)
  }

  find(table, id) {
    return this.tables[table].find((row) => String(row.id) === String(id))
  }

  /** A write by somebody else. */
  write(table, id, data) {
    Object.assign(this.find(table, id), structuredClone(data))
    return ++this.version
  }

  /** A mutation that somebody else has in flight. */
  begin(token) {
    this.mutations.set(token, { token, state: 'pending' })
    this.#events.emit('change')
  }

  settle(token, state, { version, error, id } = {}) {
    this.mutations.set(token, { token, state, generation: this.generation, version, error, id })
    this.#events.emit('change')
  }

  async until(condition) {
    for (let found; ; await once(this.#events, 'change')) if ((found = condition())) return found
  }

  async #announce(token, { operations }, response) {
    this.announced.push({ token, operations })
    if (this.isDeaf) send(response, { status: 403, body: { errors: [{ message: 'You are not allowed to do that.' }] } })
    else {
      if (!this.mutations.has(token)) this.begin(token)
      send(response, { status: 202, body: { token, state: 'pending' } })
    }
    this.#events.emit('change')
  }

  /** The oldest held request of this method (and path). */
  held(method, path = '') {
    return this.until(() => this.waiting.find((one) => one.method === method && one.path.includes(path)))
  }

  async answer(request, response) {
    if (this.isDown) return response.destroy()
    const url = new URL(request.url, this.api)
    const path = url.pathname.replace(/^\/api\//, '')
    const token = request.headers['idempotency-key']?.slice(1, -1)
    if (path === 'optimistic/announce') return this.#announce(token, await json(request), response)
    const after = request.headers['optimistic-after']
    this.log.push({ method: request.method, path, token, url: request.url, ...(after && { after }) })
    this.#events.emit('change')
    const body = ['PATCH', 'POST'].includes(request.method) ? await json(request) : undefined
    const query = qs.parse(url.search, { ignoreQueryPrefix: true, depth: 10, arrayLimit: 1000, allowEmptyArrays: true })
    if (path === 'optimistic/mutations') return this.#status(query, response)
    if (this.loggedOut && request.method !== 'GET') {
      return send(response, { status: this.loggedOut, body: { errors: [{ message: 'You are not allowed to do that.' }] } })
    }
    if (this.answers.has(token)) return send(response, this.answers.get(token))
    if (this.mutations.get(token)?.state === 'committed') return send(response, USED)
    const how = request.method === 'GET' ? this.#read(path, query) : undefined
    if (token && !this.mutations.has(token)) this.begin(token)
    const end = await this.#hold({ method: request.method, path, token, body, query }, response)
    if (end === 'cut') return response.destroy()
    if (how) return send(response, end === 'fail' ? { status: 500, body: {} } : how)
    const named = path.replace(/[^/]+$/, (id) => this.#idOf(id))
    this.#write(request.method, named, query, body, token, end, response)
  }

  /** Who waits for a create may call the document by its token. */
  #idOf(id) {
    return this.mutations.get(id)?.id ?? id
  }

  async #hold(request, response) {
    if (!this.holds(request)) return undefined
    return new Promise((resolve) => {
      const held = { ...request, release: (end) => (this.#drop(held), resolve(end)) }
      response.on('close', () => this.#drop(held))
      this.waiting.push(held)
      this.#events.emit('change')
    })
  }

  #drop(held) {
    this.waiting = this.waiting.filter((other) => other !== held)
    this.#events.emit('change')
  }

  #headers(version = this.version) {
    return this.sendsVersions ? { 'optimistic-version': `${this.generation};${version}` } : {}
  }

  #read(path, query) {
    const [table, id] = path.split('/')
    if (table === 'globals') return { body: structuredClone(this.globals[id]), headers: this.#headers() }
    const populate = (row) => {
      const customer = query.depth === '0' ? undefined : this.find('customers', row.customer)
      return structuredClone({ ...row, ...(customer && { customer }), ...this.joins[table]?.(row, this.tables) })
    }
    const status = query.where?.status?.equals
    const matching = this.tables[table].filter((row) => status === undefined || row.status === status)
    const [, descends, key] = /^(-?)(.*)/.exec(query.sort ?? '')
    if (key) matching.sort((one, other) => (one[key] - other[key]) * (descends ? -1 : 1))
    const [limit, page] = [Number(query.limit ?? 0), Number(query.page ?? 1)]
    const rows = limit ? matching.slice((page - 1) * limit, page * limit) : matching
    if (id === 'count') return { body: { totalDocs: rows.length }, headers: this.#headers() }
    if (id === undefined) {
      const paged = limit && { limit, page, nextPage: page * limit < matching.length ? page + 1 : null }
      return { body: { docs: rows.map(populate), totalDocs: matching.length, ...paged }, headers: this.#headers() }
    }
    const row = this.find(table, id)
    if (!row) return { status: 404, body: { errors: [{ message: 'Not Found' }] } }
    return { body: populate(row), headers: this.#headers() }
  }

  /** @param {undefined | 'before' | 'rollback' | 'after' | 'invalid' | 'forbidden' | 'lost' | 'running' | 'partly'} end */
  #write(method, path, query, data, token, end, response) {
    const failure = { status: 500, body: { errors: [{ message: 'Something went wrong.' }] } }
    if (end === 'running') return send(response, failure)
    if (end === 'forbidden') {
      this.mutations.delete(token)
      return send(response, { status: 403, body: { errors: [{ message: 'You are not allowed to do that.' }] } })
    }
    let body
    if (end === 'before') this.mutations.delete(token)
    else if (end === 'rollback') this.settle(token, 'rolledBack', { error: 'refused by a hook' })
    else if (end === 'invalid') this.settle(token, 'rolledBack')
    else {
      body = this.#change(method, path, query, data, end)
      this.settle(token, 'committed', { version: ++this.version, id: method === 'POST' ? body.doc?.id : undefined })
      // As Payload's handlers do, when the transaction is over.
      this.answers.set(token, { body: structuredClone(body), headers: this.#headers() })
    }
    if (end === undefined) send(response, { body, headers: this.#headers() })
    else if (end === 'partly') send(response, { status: 400, body })
    else if (end === 'lost') response.destroy()
    else if (end === 'invalid') {
      const errors = [{ message: 'This field is required.', path: 'status' }]
      send(response, {
        status: 400,
        body: { errors: [{ name: 'ValidationError', message: 'The field is invalid: Status', data: { errors } }] },
      })
    } else send(response, failure)
  }

  /** Writes into the tables, and gives the body that Payload would answer. */
  #change(method, path, query, data, end) {
    const [table, id] = path.split('/')
    if (table === 'globals') return { result: Object.assign(this.globals[id], data) }
    const rows = this.tables[table]
    if (method === 'POST') {
      const doc = { id: Math.max(...rows.map((row) => row.id)) + 1, ...data }
      rows.push(doc)
      return { doc }
    }
    const ids = id === undefined ? query.where.id.in.map((one) => this.#idOf(one)) : [id]
    const all = ids.map((id) => this.find(table, id))
    const docs = end === 'partly' ? all.slice(0, 1) : all
    for (const row of docs) {
      if (method === 'DELETE') rows.splice(rows.indexOf(row), 1)
      for (const [name, value] of Object.entries(data ?? {})) {
        row[name] = name === 'address' ? { ...row.address, ...value } : value
      }
    }
    if (id !== undefined) return { doc: docs[0] }
    return { docs, errors: all.slice(docs.length).map(({ id }) => ({ id, message: 'Not that one.' })) }
  }

  async #status(query, response) {
    const tokens = query.tokens.split(',')
    const settled = () => tokens.some((token) => this.mutations.get(token)?.state !== 'pending')
    if (Number(query.wait) > 0) {
      await Promise.race([this.until(settled), once(response, 'close')])
    }
    const unknown = (token) => ({ token, state: 'unknown' })
    const statuses = tokens.map((token) => (!this.loggedOut && this.mutations.get(token)) || unknown(token))
    send(response, { body: statuses, headers: { 'optimistic-principal': this.loggedOut ? 'anonymous' : 'users:1' } })
  }
}

function send(response, { status = 200, headers = {}, body }) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function json(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text)
}
