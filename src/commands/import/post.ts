import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { statusOf } from '../../http/problem.ts'
import type { Caller } from '../../journal/ledger.ts'
import type { Submit } from '../../journal/writer.ts'
import type { GoodLine } from './lines.ts'

/* The two ways of a line into the service: through the writer of this process, or as NDJSON over HTTP. */

/** A line with its Idempotency-Key. */
export type KeyedLine<Content> = GoodLine<Content> & { key: string }

export type Posted =
  /** `before`: it was there already, from an earlier run; not known over HTTP */
  { before: boolean | undefined } | { refused: { status: number; code: string; detail: string } }

export type Poster<Content> = {
  /** Fails where no more can be posted at all. Lines take effect in the order of these calls. */
  post(line: KeyedLine<Content>): Promise<Posted>
  /** Waits until all is answered. */
  close(): Promise<void>
}

/** Through the writer, in its bulk lane: who works in the service that shares this process goes first. */
export function postHere<Content, Fresh, Answer>(
  submit: Submit<Content, Fresh, Answer>,
  caller: Caller,
): Poster<Content> {
  return {
    async post({ key, content }) {
      try {
        const outcome = await submit(caller, key, content, { lane: 'bulk' })
        if (!('refused' in outcome)) return { before: outcome.replayed }
        const { code, detail } = outcome.refused
        return { refused: { status: statusOf(code), code, detail } }
      } catch {
        // One line that the service stumbles over stops none of the others.
        const detail = 'The service made a mistake over this line; nothing was changed.'
        return { refused: { status: 500, code: 'internal_error', detail } }
      }
    },
    close: async () => undefined,
  }
}

const answered = z.object({
  key: z.string().nullable(),
  status: z.int(),
  body: z.looseObject({
    code: z.string().optional(),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string().optional(), detail: z.string() })).optional(),
  }),
})
const problem = z.object({ code: z.string(), detail: z.string() })

const again = 'Run the same command again: what is there already happens no second time.'

/** Over HTTP: one stream of lines out, one of answers back, both open at once. Only the window bounds what waits. */
export function postOver<Content>(options: {
  url: string
  key: string
  path: string
  item(line: KeyedLine<Content>): object
}): Poster<Content> {
  const address = new URL(options.path, options.url.endsWith('/') ? options.url : `${options.url}/`)
  type Waiting = { key: string; resolve(posted: Posted): void; reject(error: Error): void }
  const waiting: Waiting[] = []
  let failure: Error | undefined
  let over: () => void = () => undefined
  const closed = new Promise<void>((resolve) => {
    over = resolve
  })

  function fail(why: string): void {
    failure ??= new Error(why)
    for (const { reject } of waiting.splice(0)) reject(failure)
    over()
  }

  const send = address.protocol === 'https:' ? httpsRequest : httpRequest
  const request = send(address, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.key}`, 'content-type': 'application/x-ndjson' },
  })
  // Once there is an answer, it says more than that the connection broke after it.
  let answers = false
  request.on('error', () => {
    if (!answers) fail(`The connection to ${address.origin} broke. ${again}`)
  })
  request.on('response', async (response) => {
    answers = true
    try {
      if (response.statusCode !== 200) {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) if (text.length < 10_000) text += chunk
        const said = problem.safeParse(parsed(text))
        const why = said.success ? `${said.data.code}: ${said.data.detail}` : ''
        return fail(`${address.pathname} was answered ${response.statusCode} ${why}`)
      }
      for await (const line of createInterface({ input: response })) {
        const read = answered.safeParse(parsed(line))
        const next = waiting.shift()
        if (!read.success || next === undefined || (read.data.key ?? next.key) !== next.key) {
          next?.reject(new Error('not understood'))
          return fail(`${address.origin} answered something that was not understood. ${again}`)
        }
        next.resolve(postedOf(read.data))
      }
      fail(`${address.origin} ended the stream. ${again}`)
    } catch {
      fail(`The connection to ${address.origin} broke. ${again}`)
    }
  })

  return {
    post: (line) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        waiting.push({ key: line.key, resolve, reject })
        request.write(`${JSON.stringify(options.item(line))}\n`)
      }),
    async close() {
      request.end()
      await closed
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function postedOf({ status, body }: z.output<typeof answered>): Posted {
  if (status < 300) return { before: undefined }
  const where = body.errors?.map(({ pointer = '', detail }) => `${pointer} ${detail}`).join(' ') ?? ''
  const detail = `${body.detail ?? ''} ${where}`.trim()
  return { refused: { status, code: body.code ?? 'unknown', detail } }
}
