// A TimescaleDB to test with: `node serve.mjs FOLDER_OF_PACKAGES`.
//
// The first line of standard input is the password; each further one is an order, as
// JSON, and is answered by a line. The end of standard input is the end of the server:
// so it never outlives the process that started it.

import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import * as protocol from './protocol.mjs'

const ONE_DATABASE = ['postgres', 'template1', undefined]
const WAIT_SECONDS = Number(process.env.DATALAYER_TIMESCALEDB_WAIT ?? 60)

const { port1: port, port2 } = new MessageChannel()
const signal = new Int32Array(new SharedArrayBuffer(4))
let password
let active = null
let queue = []
let orders = []

const ANSWERS = {
  started() {
    const server = createServer(accept)
    server.listen(0, '127.0.0.1', () => say({ port: server.address().port }))
  },
  output({ bytes }) {
    if (active?.socket.writable) active.socket.write(bytes)
  },
  refused({ bytes }) {
    part(active, bytes)
  },
  disconnected() {
    active = null
    next()
  },
  crashed({ reason }) {
    const told = `the test server crashed, and its database is empty again: ${reason}`
    if (active) part(active, protocol.fatal('57P02', told))
    else say({ error: told })
  },
  saved: () => say({ isDone: true }),
  restored: () => say({ isDone: true }),
  unknown: () => say({ isDone: false }),
}

listenToParent()
startBackend()

function listenToParent() {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    if (password === undefined) password = line
    else obey(JSON.parse(line))
  })
  lines.on('close', () => process.exit(0))
}

function startBackend() {
  const folder = join(process.argv[2], 'node_modules', '@unni-craftsman', 'pglite', 'dist')
  const packages = {
    pglite: pathToFileURL(join(folder, 'index.js')).href,
    timescaledb: pathToFileURL(join(folder, 'timescaledb', 'index.js')).href,
  }
  const worker = new Worker(new URL('backend.mjs', import.meta.url), {
    workerData: { port: port2, signal, packages },
    transferList: [port2],
  })
  worker.on('error', (error) => {
    console.error(String(error?.message ?? error))
    process.exit(1)
  })
  port.on('message', (answer) => ANSWERS[answer.kind](answer))
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

function send(request) {
  port.postMessage(request)
  Atomics.add(signal, 0, 1)
  Atomics.notify(signal, 0)
}

/** Save as soon as nobody is connected; restore at once, and end all connections. */
function obey(order) {
  if (order.kind === 'restore') {
    const reason = protocol.fatal('57P01', 'the database of the test server is replaced')
    for (const client of [active, ...queue]) if (client) part(client, reason)
  }
  orders.push(order)
  if (!active) next()
}

/** Do what was ordered, then let the next client in. */
function next() {
  for (const order of orders.splice(0)) send(order)
  active = queue.shift() ?? null
  if (!active) return
  clearTimeout(active.timer)
  send({ kind: 'connect', user: active.user, settings: active.settings })
  // What it sent while it waited; not now, when its password may be being read.
  setImmediate(receive, active, Buffer.alloc(0))
}

function accept(socket) {
  const client = { socket, stage: begin, parts: [], size: 0, wanted: 0 }
  socket.setNoDelay(true)
  socket.on('data', (bytes) => receive(client, bytes))
  socket.on('error', () => socket.destroy())
  socket.on('close', () => leave(client))
}

function leave(client) {
  clearTimeout(client.timer)
  queue = queue.filter((each) => each !== client)
  if (client === active) send({ kind: 'disconnect' })
}

/** Say why a connection ends, and end it, whatever the client does. */
function part(client, reason) {
  client.socket.end(reason)
  client.socket.destroySoon()
}

/** Collect what a client sends until it is worth looking at. */
function receive(client, bytes) {
  client.parts.push(bytes)
  client.size += bytes.length
  if (client.size < client.wanted) return
  const rest = client.stage(client, Buffer.concat(client.parts))
  client.parts = [rest]
  client.size = rest.length
}

function begin(client, bytes) {
  if (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) return bytes
  const size = bytes.readInt32BE(0)
  const code = bytes.readInt32BE(4)
  if (code === protocol.SSL_REQUEST || code === protocol.GSS_REQUEST) {
    client.socket.write('N')
  } else if (code === protocol.PROTOCOL_3) {
    identify(client, protocol.startupParameters(bytes.subarray(0, size)))
  } else {
    // A request to cancel, for one: no statement of this server can be cancelled.
    client.socket.destroySoon()
  }
  return bytes.subarray(size)
}

function identify(client, { user, database, options, ...settings }) {
  if (!ONE_DATABASE.includes(database)) {
    const reason = `database "${database}" does not exist: the test server has only "postgres"`
    part(client, protocol.fatal('3D000', reason))
    return
  }
  client.user = user
  client.settings = [...protocol.settingsOf(options ?? ''), ...Object.entries(settings)]
  client.stage = authenticate
  client.socket.write(protocol.ASK_PASSWORD)
}

function authenticate(client, bytes) {
  const { messages, rest } = protocol.split(bytes)
  if (!messages.length) return bytes
  const [given, expected] = [messages[0].subarray(5, -1), Buffer.from(password)]
  if (given.length === expected.length && timingSafeEqual(given, expected)) {
    client.stage = forward
    wait(client)
  } else {
    const reason = `password authentication failed for user "${client.user}"`
    part(client, protocol.fatal('28P01', reason))
  }
  return rest
}

function wait(client) {
  client.timer = setTimeout(() => {
    const reason = `waited ${WAIT_SECONDS} s: the test server takes one connection at a time`
    part(client, protocol.fatal('53300', reason))
  }, WAIT_SECONDS * 1000)
  queue.push(client)
  if (!active) next()
}

function forward(client, bytes) {
  if (client !== active) return bytes
  const { messages, rest } = protocol.split(bytes)
  const passed = messages.filter((each) => !protocol.isType(each, 'X'))
  if (passed.length) send({ kind: 'messages', bytes: Buffer.concat(passed) })
  client.wanted = rest.length < 5 ? 0 : 1 + rest.readInt32BE(1)
  return rest
}
