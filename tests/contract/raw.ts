import { connect } from 'node:net'

/* Requests as bytes, for what no HTTP client would send, and answers as they came. */

export type RawAnswer = {
  status: number
  headers: ReadonlyMap<string, string>
  text: string
}

/** Longer than any limit of the service in a test; an answer that takes as long is none. */
const PATIENCE_MS = 20_000

/**
 * Sends bytes as they are and reads until the other side closes, so a request must ask for that. With `breaks_off`
 * our side is closed behind the bytes, as by a caller whose line breaks.
 */
export function send(port: number, bytes: Buffer, breaks_off = false): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    socket.setTimeout(PATIENCE_MS, () => {
      socket.destroy()
      reject(
        new Error(`nothing more came for ${PATIENCE_MS} ms, after ${Buffer.concat(chunks).length} bytes`),
      )
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(Buffer.concat(chunks)))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Who is refused while he still sends sees his connection reset; what was answered before that counts.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    if (breaks_off) socket.end(bytes)
    else socket.write(bytes)
  })
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) /

/** Takes one answer apart. Throws if it is none, if it is not as long as it says, or if something follows it. */
export function readAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n')
  const [line = '', ...fields] = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n')
  const status = STATUS_LINE.exec(line)?.[1]
  if (status === undefined) {
    throw new Error(`no HTTP answer but ${bytes.length} bytes: ${bytes.toString('latin1', 0, 80)}`)
  }
  const headers = new Map<string, string>()
  for (const field of fields) {
    const colon = field.indexOf(':')
    headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim())
  }
  const body = bytes.subarray(end + 4)
  if (headers.get('content-length') !== String(body.length)) {
    throw new Error(`${body.length} bytes came, content-length is ${headers.get('content-length')}`)
  }
  return { status: Number(status), headers, text: new TextDecoder('utf-8', { fatal: true }).decode(body) }
}
