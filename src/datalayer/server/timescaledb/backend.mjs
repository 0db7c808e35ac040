// The database, in a thread of its own: it blocks where PostgreSQL waits for its client.

import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { isType, message, split, startup, text } from './protocol.mjs'
import { restore, save } from './snapshot.mjs'

// The build starts PostgreSQL with arguments that no other server has; this undoes them.
const SETTINGS = [
  ['TimeZone', 'UTC'],
  ['allow_system_table_mods', 'off'],
  ['client_min_messages', 'notice'],
  ['enable_seqscan', 'on'],
  ['exit_on_error', 'off'],
  ['log_connections', 'off'],
  ['log_disconnections', 'off'],
  ['log_min_messages', 'warning'],
  ['search_path', '"$user", public'],
]
// The program is connected to `template1`, and applications to `postgres`.
const SWAP_NAMES = `
UPDATE pg_catalog.pg_database SET datname = 'swapped' WHERE datname = 'template1';
UPDATE pg_catalog.pg_database SET datname = 'template1' WHERE datname = 'postgres';
UPDATE pg_catalog.pg_database SET datname = 'postgres' WHERE datname = 'swapped';
UPDATE pg_catalog.pg_database SET datistemplate = (datname <> 'postgres')`
const LIBRARIES = '/tmp/pglite/lib/postgresql'
// These need what the program has not.
const UNUSABLE = ['libpqwalreceiver.so', 'pgoutput.so']
// As if it was set when the session began, so that `RESET` comes back to it.
const [PGC_SUSET, PGC_S_CLIENT] = [5, 9]
const WRITTEN_AT_ONCE = 1 << 20

const { port, signal, packages } = workerData
const snapshots = new Map()
const requests = []
let module
let unread = Buffer.alloc(0)
let written = []
let writtenSize = 0
let captured = null
let settingsBefore = []

const HANDLERS = {
  connect,
  disconnect,
  message: ({ bytes }) => run(bytes),
  save: ({ name }) => {
    snapshots.set(name, save(module))
    port.postMessage({ kind: 'saved' })
  },
  restore: ({ name }) => {
    const isThere = snapshots.has(name)
    if (isThere) comeBack(name)
    port.postMessage({ kind: isThere ? 'restored' : 'unknown' })
  },
}

await start()
for (;;) handle(nextRequest())

async function start() {
  const { PGlite } = await import(packages.pglite)
  const { timescaledb } = await import(packages.timescaledb)
  const db = await PGlite.create({ extensions: { timescaledb } })
  module = db.Module
  const functions = [read, write].map((each) => module.addFunction(each, 'iii'))
  module._set_read_write_cbs(...functions)
  ask(SWAP_NAMES)
  SETTINGS.forEach((setting) => set(...setting))
  ask('DISCARD ALL')
  ask('CREATE EXTENSION timescaledb')
  for (const library of libraries()) ask(`LOAD '$libdir/${library}'`)
  ask('DISCARD ALL')
  snapshots.set('empty', save(module))
  port.postMessage({ kind: 'started' })
}

/** Return all that PostgreSQL may load later, and a snapshot would not know of. */
function libraries() {
  const { FS } = module
  const isFile = (name) => FS.isFile(FS.stat(`${LIBRARIES}/${name}`).mode)
  const names = FS.readdir(LIBRARIES).filter(isFile)
  return names.filter((name) => !UNUSABLE.includes(name))
}

function handle(request) {
  try {
    HANDLERS[request.kind](request)
    if (!requests.length) flush()
  } catch (error) {
    // PostgreSQL has ended. Its files say what it was about to do, not what is true.
    comeBack('empty')
    port.postMessage({ kind: 'crashed', reason: String(error?.message ?? error) })
    if (request.kind === 'disconnect') port.postMessage({ kind: 'disconnected' })
  }
}

function comeBack(name) {
  restore(module, snapshots.get(name))
  unread = Buffer.alloc(0)
  written = []
  captured = null
  settingsBefore = []
}

/** Begin a session as a client wants it. */
function connect({ user, settings }) {
  const refused = become(user) ?? begin(settings)
  if (refused) return port.postMessage({ kind: 'refused', bytes: refused })
  capture(() => run(startup({ user: 'postgres', database: 'postgres' })))
  // The password was checked already; PostgreSQL only wants to see one.
  run(message('p', text('seen')))
}

function become(user) {
  if (user === 'postgres') return undefined
  return refusal(ask(`SET SESSION AUTHORIZATION ${quoted(user, '"')}`))
}

/** Set what a client wants from the start; return what PostgreSQL has against it. */
function begin(settings) {
  for (const [name, value] of settings) {
    const before = ask(`SELECT current_setting(${quoted(name)}, true)`)
    const call = `set_config(${quoted(name)}, ${quoted(value)}, false)`
    const refused = refusal(ask(`SELECT ${call}`))
    if (refused) return refused
    settingsBefore.unshift([name, firstField(before)])
    set(name, value)
  }
  return undefined
}

/** End a session, so that the next one finds nothing of it. */
function disconnect() {
  // An answer that nobody waits for any more.
  written = []
  // Ends a series of messages that the client broke off.
  capture(() => run(message('S')))
  ask('ROLLBACK')
  ask('DISCARD ALL')
  settingsBefore.forEach((setting) => set(...setting))
  settingsBefore = []
  ask('DISCARD ALL')
  port.postMessage({ kind: 'disconnected' })
}

/** Set a value as the one that a session begins with. */
function set(name, value) {
  const pointers = [name, value].map((each) => module.stringToNewUTF8(each))
  module._SetConfigOption(...pointers, PGC_SUSET, PGC_S_CLIENT)
  pointers.forEach((pointer) => module._free(pointer))
}

/** Run a statement of our own and return the answer. */
function ask(sql) {
  return split(capture(() => run(message('Q', text(sql))))).messages
}

function capture(action) {
  captured = []
  action()
  const bytes = Buffer.concat(captured)
  captured = null
  return bytes
}

/** Let PostgreSQL process one message, and whatever more it asks for. */
function run(bytes) {
  unread = bytes
  module._interactive_one(bytes.length, bytes[0])
}

/** Give PostgreSQL bytes, of one message at a time; wait for them if need be.
 *
 * It asks for more than one message only during COPY FROM STDIN.
 */
function read(pointer, limit) {
  if (!unread.length) unread = nextOfCopy()
  const size = Math.min(limit, unread.length)
  module.HEAPU8.set(unread.subarray(0, size), pointer)
  unread = unread.subarray(size)
  return size
}

function nextOfCopy() {
  if (!requests.length) flush()
  const request = nextRequest()
  if (request.kind === 'message') return request.bytes
  requests.unshift(request)
  return message('f', text('the client disconnected'))
}

function write(pointer, size) {
  const bytes = module.HEAPU8.slice(pointer, pointer + size)
  if (captured) {
    captured.push(bytes)
    return size
  }
  written.push(bytes)
  writtenSize += size
  if (writtenSize > WRITTEN_AT_ONCE) flush()
  return size
}

function flush() {
  if (!written.length) return
  port.postMessage({ kind: 'output', bytes: Buffer.concat(written) })
  written = []
  writtenSize = 0
}

/** Return what is to be done next; wait until there is something. */
function nextRequest() {
  for (;;) {
    const seen = Atomics.load(signal, 0)
    for (let found; (found = receiveMessageOnPort(port)); ) accept(found.message)
    if (requests.length) return requests.shift()
    Atomics.wait(signal, 0, seen)
  }
}

function accept(request) {
  if (request.kind !== 'messages') return requests.push(request)
  const { messages } = split(Buffer.from(request.bytes))
  return requests.push(...messages.map((bytes) => ({ kind: 'message', bytes })))
}

function refusal(answer) {
  return answer.find((each) => isType(each, 'E'))
}

/** Return the only field of the only row of an answer; NULL is an empty text. */
function firstField(answer) {
  const row = answer.find((each) => isType(each, 'D'))
  return row ? row.toString('utf8', 11) : ''
}

function quoted(value, mark = "'") {
  return mark + value.replaceAll(mark, mark + mark) + mark
}
