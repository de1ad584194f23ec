import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse, sendProblem } from './problem.ts'

/*
 * Streams of JSON lines, of any length, in both directions at once: the answer to a line goes out as soon as it and
 * those before it are known, while the caller is still sending.
 */

/** Bytes of one line; the longest post is a tenth of it. */
export const LINE_BYTES_MAX = 65_536

/** A line as it came, or null for one that is too long, which is skipped to its end. */
export type Line = { number: number; bytes: Buffer | null }

const NEWLINE = 0x0a

/** The lines of a stream of bytes, blank ones left out; numbers count from 1 and count those too. */
export async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let rest: Buffer[] = []
  let length = 0
  let number = 0
  const take = (last: Buffer): Line | undefined => {
    number++
    const bytes = rest.length === 0 ? last : Buffer.concat([...rest, last])
    const too_long = length + last.length > LINE_BYTES_MAX
    rest = []
    length = 0
    if (too_long) return { number, bytes: null }
    return bytes.length === 0 || /^\s*$/.test(bytes.toString('latin1')) ? undefined : { number, bytes }
  }
  for await (const chunk of source) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = take(chunk.subarray(start, end))
      if (line !== undefined) yield line
      start = end + 1
    }
    const open = chunk.subarray(start)
    length += open.length
    // Of a line that is too long nothing more is kept than that it is.
    if (length <= LINE_BYTES_MAX) rest.push(open)
    else rest = []
  }
  const line = length > 0 ? take(Buffer.alloc(0)) : undefined
  if (line !== undefined) yield line
}

/**
 * Answers each line by `answer`, `window` of them under way at most, and gives the answers in the order of the
 * lines, each as soon as it can be given. Reads no further while the window is full: the caller's connection is what
 * waits. Ends early, with what is under way answered, when `signal` is aborted.
 */
export function answerLines(
  source: AsyncIterable<Buffer>,
  answer: (line: Line) => Promise<string>,
  options: { window: number; signal?: AbortSignal },
): Readable {
  const waiting: { text?: string }[] = []
  let ended = false
  let failure: unknown
  let wake: () => void = () => undefined
  let changed = new Promise<void>((resolve) => {
    wake = resolve
  })
  let told = false
  /** Once a turn of the event loop: the answers of one commit go out as one piece, not as hundreds. */
  const tell = (): void => {
    if (told) return
    told = true
    setImmediate(() => {
      told = false
      const woken = wake
      changed = new Promise<void>((resolve) => {
        wake = resolve
      })
      woken()
    })
  }

  async function readAll(): Promise<void> {
    for await (const line of linesOf(source)) {
      const place: { text?: string } = {}
      waiting.push(place)
      answer(line).then(
        (text) => {
          place.text = text
          tell()
        },
        (error: unknown) => {
          failure ??= error
          tell()
        },
      )
      while (waiting.length >= options.window && failure === undefined) await changed
      if (options.signal?.aborted === true || failure !== undefined) return
    }
  }

  async function* answers(): AsyncGenerator<string> {
    const reading = readAll()
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        ended = true
        tell()
      })
    for (;;) {
      let ready = ''
      while (waiting[0]?.text !== undefined) ready += waiting.shift()?.text ?? ''
      if (ready !== '') {
        tell()
        yield ready
      } else if (failure !== undefined) {
        throw failure
      } else if (ended && waiting.length === 0) {
        break
      } else {
        await changed
      }
    }
    await reading
  }
  return Readable.from(answers(), { objectMode: false })
}

/** Lets routes take `application/x-ndjson` as a stream; `request.body` is then the stream of bytes itself. */
export function installLines(app: FastifyInstance): void {
  app.addContentTypeParser('application/x-ndjson', (request, payload, done) => {
    if (request.routeOptions.config.streams === true) done(null, payload)
    else done(Object.assign(new Error('no stream here'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }))
  })
}

/**
 * Gives every body but a stream's `ms` to arrive. Node's own timeout for requests knows no exceptions, and an import
 * of a hundred thousand lines over a bad line may take an hour; a stream that stands still is cut by the socket's.
 */
export function installBodyTimeout(app: FastifyInstance, ms: number): void {
  app.addHook('preParsing', (request: FastifyRequest, reply, payload, done) => {
    if (request.raw.complete || request.routeOptions.config.streams === true) return done(null, payload)
    const timer = setTimeout(() => {
      if (reply.sent) return
      reply.raw.once('finish', () => request.raw.destroy())
      reply.header('connection', 'close')
      sendProblem(reply, refuse('request_timeout', 'The body did not arrive in time.'))
    }, ms)
    request.raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
    done(null, payload)
  })
}
