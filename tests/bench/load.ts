import { connect, type Socket } from 'node:net'

/*
 * Posts over raw sockets, one request in flight on each. It shares two cores with the service and the database, so
 * it does no more than an answer needs: the status, and where it ends.
 */

export type LoadSettings = {
  port: number
  connections: number
  seconds: number
  path: string
  /** the API key */
  key: string
  /** goes before the number of each post to make its Idempotency-Key */
  run: string
  /** the next body, as JSON in ASCII */
  next: () => string
  /** the next path of a GET instead, which `next` is not asked for then */
  read?: () => string
}

export type Load = {
  /** answers within the time, per second */
  per_second: number
  /** milliseconds from a request's last byte to its answer's */
  p50_ms: number
  p99_ms: number
  /** answers per second in the first and in the last fifth of the time */
  first_fifth_per_second: number
  last_fifth_per_second: number
}

const READ_BYTES = 16_384

/** Posts for `seconds`, then waits for what is in flight. Fails at the first answer that is not 2xx, with its text. */
export async function drive(settings: LoadSettings): Promise<Load> {
  const { seconds } = settings
  const latencies: number[] = []
  const by_fifth = [0, 0, 0, 0, 0]
  const started = performance.now()
  const deadline = started + seconds * 1000
  const abort = new AbortController()
  const nextRequest = requests(settings)

  await Promise.all(
    Array.from({ length: settings.connections }, () =>
      converse(settings.port, abort, () => {
        if (performance.now() >= deadline) return undefined
        const request = nextRequest()
        const sent = performance.now()
        return {
          request,
          answered() {
            const now = performance.now()
            if (now >= deadline) return
            latencies.push(now - sent)
            const fifth = Math.floor(((now - started) / (seconds * 1000)) * 5)
            by_fifth[fifth] = (by_fifth[fifth] ?? 0) + 1
          },
        }
      }),
    ),
  )
  if (latencies.length === 0) throw new Error(`no answer within ${seconds} seconds`)
  const sorted = Float64Array.from(latencies).sort()
  const perSecond = (fifth: number): number => (by_fifth[fifth] ?? 0) / (seconds / 5)
  return {
    per_second: sorted.length / seconds,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    first_fifth_per_second: perSecond(0),
    last_fifth_per_second: perSecond(4),
  }
}

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

function requests({ port, path, key, run, next, read }: LoadSettings): () => string {
  if (read !== undefined) {
    return () => `GET ${read()} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\n\r\n`
  }
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\nidempotency-key: ${run}-`
  let count = 0
  return () => {
    const body = next()
    return `${head}${++count}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  }
}

type Exchange = { request: string; answered: () => void }

/** One connection: sends what `begin` gives, one after another, until it gives nothing. */
function converse(port: number, abort: AbortController, begin: () => Exchange | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Exchange | undefined
    /** what came of an answer that is not whole yet */
    let part: Buffer | undefined

    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
      abort.abort()
    }
    const send = (): void => {
      current = begin()
      if (current === undefined) {
        socket.destroy()
        resolve()
      } else {
        socket.write(current.request, 'latin1')
      }
    }
    const read = (chunk: Buffer): void => {
      const bytes = part === undefined ? chunk : Buffer.concat([part, chunk])
      const answer = readAnswer(bytes)
      if (answer === undefined) {
        // The buffer that was read into is used again at once.
        part = Buffer.from(bytes)
        return
      }
      part = undefined
      if (!answer.fine) fail(new Error(`answered: ${bytes.toString()}`))
      else {
        current?.answered()
        send()
      }
    }

    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      // Without the machinery of a stream: half the cost of a `data` event.
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback(length, buffer) {
          read(Buffer.from(buffer.buffer, buffer.byteOffset, length))
          return true
        },
      },
    })
    abort.signal.addEventListener('abort', () => {
      socket.destroy()
      resolve()
    })
    socket.on('connect', send)
    socket.on('error', fail)
    socket.on('close', () => {
      if (current !== undefined) fail(new Error('the service closed the connection'))
    })
  })
}

const HEAD_END = '\r\n\r\n'

/** Undefined while the answer is not whole. */
function readAnswer(bytes: Buffer): { fine: boolean } | undefined {
  const head_length = bytes.indexOf(HEAD_END)
  if (head_length < 0) return undefined
  const head = bytes.toString('latin1', 0, head_length)
  const body_length = /content-length: *(\d+)/i.exec(head)?.[1]
  if (body_length === undefined && /transfer-encoding: *chunked/i.test(head)) {
    return bytes.indexOf('\r\n0\r\n\r\n') < 0 ? undefined : { fine: head.startsWith('2', 'HTTP/1.1 '.length) }
  }
  if (body_length === undefined) return { fine: false }
  if (bytes.length < head_length + HEAD_END.length + Number(body_length)) return undefined
  return { fine: head.startsWith('2', 'HTTP/1.1 '.length) }
}
