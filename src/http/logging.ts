import { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from 'fastify'
import { causesOf, sqlState } from '../database/errors.ts'
import { WrongAnswer } from './schema.ts'

/*
 * One line for each request. Bodies, headers, queries, references and bind values never reach a log, so nothing is
 * logged but what is named here.
 */

/** The path alone: a query may hold a reference. */
export function pathOf(url: string | undefined): string {
  const text = url ?? ''
  const end = text.indexOf('?')
  return end < 0 ? text : text.slice(0, end)
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Errors of the runtime and of Fastify itself speak of the program; all others may quote what people sent. */
const speaksOfTheProgram = (error: Error): boolean =>
  error instanceof TypeError ||
  error instanceof ReferenceError ||
  (error instanceof RangeError && !('statusCode' in error)) ||
  ('code' in error && typeof error.code === 'string' && /^(FST|ERR)_/.test(error.code)) ||
  'syscall' in error

/** The frames of a stack. The message in front of them may go over several lines and look like frames itself. */
function framesOf(error: Error): string {
  const { stack = '', message } = error
  const start = message === '' ? 0 : stack.indexOf(message)
  if (start < 0) return ''
  const frames = stack
    .slice(start + message.length)
    .split('\n')
    .filter((line) => line.startsWith('    at '))
  return frames.join('\n')
}

/**
 * What may be known of an error: its name, code, constraint, table, and where it was thrown. Messages are left out,
 * because those of drizzle hold bind values and those of PostgreSQL hold rows.
 */
export function shownError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const causes = [...causesOf(error)]
  const from_database = sqlState(error) !== undefined || causes.some((cause) => 'query' in cause)
  const named = (name: string) =>
    causes.map((cause) => text(cause[name])).find((value) => value !== undefined)
  const innermost = causes.findLast((cause) => cause instanceof Error)
  return {
    type: error.name,
    cause: innermost === error ? undefined : text(innermost?.name),
    code: sqlState(error) ?? named('code'),
    constraint: named('constraint'),
    table: named('table'),
    message: !from_database && speaksOfTheProgram(error) ? error.message : '',
    places: error instanceof WrongAnswer ? error.places : undefined,
    stack: framesOf(error),
  }
}

type Requesting = Partial<Pick<FastifyRequest, 'method' | 'url'>>
type Replying = Partial<Pick<FastifyReply, 'statusCode'>>

const serializers = {
  req: (request: Requesting) => ({ method: request.method, path: pathOf(request.url) }),
  res: (reply: Replying) => ({ status: reply.statusCode }),
  err: shownError,
}

/** One line when the answer is out, under the names that this service uses. */
class OneLine extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'request_id' })
  }

  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const line = {
      method: request.method,
      path: pathOf(request.url),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }
    if (error) request.log.warn({ ...line, err: error }, 'answer broken off')
    else request.log.info(line, 'answered')
  }
}

export type LogSettings = {
  log_level: string
  /** where lines go; stdout if left out */
  log_stream?: { write(line: string): void }
}

/** Fastify's options for logging. */
export function loggingOptions({ log_level, log_stream }: LogSettings) {
  return {
    logger: {
      level: log_level,
      serializers,
      base: null,
      // A pino without a stream writes to stdout.
      ...(log_stream === undefined ? {} : { stream: log_stream }),
    },
    logController: new OneLine(),
  } satisfies FastifyServerOptions
}
