// Messages of PostgreSQL's protocol, written and read.
// https://www.postgresql.org/docs/17/protocol-message-formats.html

export const PROTOCOL_3 = 196608
export const CANCEL_REQUEST = 80877102
export const SSL_REQUEST = 80877103
export const GSS_REQUEST = 80877104
export const ASK_PASSWORD = message('R', int32(3))

/** Return a message: its type, its length, its parts. */
export function message(type, ...parts) {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

/** Return a number in four bytes. */
export function int32(number) {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(number)
  return bytes
}

/** Return a text that ends in NUL. */
export function text(value) {
  return Buffer.from(`${value}\0`)
}

/** Return the first message of a client, which has no type. */
export function startup(parameters) {
  const words = Object.entries(parameters).flat().map(text)
  return message('', int32(PROTOCOL_3), ...words, Buffer.from([0]))
}

/** Return the parameters in the first message of a client. */
export function startupParameters(bytes) {
  const words = bytes.toString('utf8', 8).split('\0')
  const pairs = words.flatMap((word, i) => (i % 2 ? [] : [[word, words[i + 1]]]))
  return Object.fromEntries(pairs.filter(([name]) => name))
}

/** Return the settings in the `options` of a client: `-c name=value --name=value`. */
export function settingsOf(options) {
  const words = options.match(/(?:\\.|\S)+/g) ?? []
  const joined = words.map((word) => word.replace(/\\(.)/g, '$1')).join('\0')
  const found = [...joined.matchAll(/(?:^|\0)(?:-c\0?|--)([^=\0]+)=([^\0]*)/g)]
  return found.map(([, name, value]) => [name.replaceAll('-', '_'), value])
}

/** Return the message that ends a connection, with its reason. */
export function fatal(code, reason) {
  const fields = ['SFATAL', 'VFATAL', `C${code}`, `M${reason}`]
  return message('E', ...fields.map(text), Buffer.from([0]))
}

/** Return the complete messages at the start of some bytes, and the rest of them. */
export function split(bytes) {
  const messages = []
  let start = 0
  while (bytes.length - start >= 5) {
    const end = start + 1 + bytes.readInt32BE(start + 1)
    if (end > bytes.length) break
    messages.push(bytes.subarray(start, end))
    start = end
  }
  return { messages, rest: bytes.subarray(start) }
}

/** Tell whether a message has a type. */
export function isType(bytes, type) {
  return bytes[0] === type.charCodeAt(0)
}
