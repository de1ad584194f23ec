import { z } from 'zod'

/*
 * Every setting of the service, from the environment. Only commands/ reads it; everybody else is handed what it
 * needs. The descriptions say unit, default and reason, and .env.example repeats them (a test holds them equal).
 * An empty variable counts as one that is not set, because that is how env files and compose files leave things out.
 */

/** A whole number written in digits: nothing is rounded, trimmed or read as hexadecimal. */
const wholeNumber = (least: number, most: number, usual: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,9})$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.int().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`))
    .prefault(String(usual))

const text = (usual: string) => z.string().prefault(usual)

const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, `must be one of ${values.join(', ')}`)

const urlOf = (protocol: RegExp, what: string) => z.url({ protocol, error: `must be ${what}` })

export const settings = z
  .object({
    NODE_ENV: oneOf(['development', 'test', 'production']).prefault('development').meta({
      description:
        'development, test or production. Default development: in production a DATABASE_URL is required, because the embedded database is made for laptops.',
    }),
    PORT: wholeNumber(0, 65_535, 3_000).meta({
      description:
        'TCP port to listen on; 0 takes a free one. Default 3000: needs no rights, and is what people try first.',
    }),
    HOST: text('127.0.0.1').meta({
      description:
        'Address to listen on. Default 127.0.0.1: nobody else reaches a laptop; a container sets 0.0.0.0.',
    }),
    PUBLIC_URL: urlOf(/^https?$/, 'a URL with http or https')
      .regex(/[^/]$/, 'must not end in a slash')
      .optional()
      .meta({
        description:
          'The address partners use, without a slash at its end. Not set by default: documents then name the address listened on. Needed behind a proxy.',
      }),
    DATA_DIR: text('.data').meta({
      description:
        'Folder of the embedded database and its first keys. Default .data: beside the code, ignored by git, kept between restarts.',
    }),
    DATABASE_URL: urlOf(/^postgres(ql)?$/, 'a URL with postgres or postgresql')
      .optional()
      .meta({
        description:
          'PostgreSQL 18 to use, postgres://user:password@host:port/database. Not set by default: development starts an embedded one. Required in production.',
      }),
    POOL_SIZE: wholeNumber(2, 200, 16).meta({
      description:
        'Connections of this process for reads, at most; the writer has one more. Default 16: more gain nothing on a few cores, and several processes fit into the 100 that PostgreSQL allows by default.',
    }),
    LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).prefault('info').meta({
      description: 'The least urgent lines that are logged. Default info: one line a request.',
    }),
    PLACES_GOAL: wholeNumber(0, 10_000_000, 40_000).meta({
      description:
        'Places the nation announced, in people. Default 40000: the figure of 22 September 2023. Capacity is compared with it.',
    }),
    REQUEST_TIMEOUT_MS: wholeNumber(6_000, 600_000, 30_000).meta({
      description:
        'Milliseconds for a whole request to come in, and for its answer. Default 30000: more than the writer waits for its lock (5000), less than people wait.',
    }),
    HEADERS_TIMEOUT_MS: wholeNumber(1_000, 120_000, 10_000).meta({
      description:
        'Milliseconds for the headers of a request to come in, at most REQUEST_TIMEOUT_MS. Default 10000: enough on the worst mobile network, too little to hold connections open for nothing.',
    }),
    KEEP_ALIVE_MS: wholeNumber(0, 600_000, 72_000).meta({
      description:
        'Milliseconds an idle connection stays open. Default 72000: longer than the 60 s of usual proxies, so that it is never us who closes a connection just being used.',
    }),
    DRAIN_MS: wholeNumber(0, 600_000, 10_000).meta({
      description:
        'Milliseconds to finish what is in flight after SIGTERM. Default 10000: orchestrators kill after 30 s, and closing takes a moment too.',
    }),
    WRITER_QUEUE_MAX: wholeNumber(1, 1_000_000, 5_000).meta({
      description:
        'Commands that may wait for the writer; beyond it posts get 503. Default 5000: about a second of its work, so that nobody waits for an answer he has given up.',
    }),
    WRITER_BATCH_MAX: wholeNumber(1, 1_000, 256).meta({
      description:
        'Commands in one commit, at most. Default 256: what a commit costs is shared by then, and the lock is never held for long.',
    }),
    KEY_ENVIRONMENT: oneOf(['dev', 'test', 'prod']).optional().meta({
      description:
        'The environment named in new API keys (shc_dev_…): dev, test or prod. Not set by default: prod in production, test in tests, else dev, so that a key found somewhere says what it opens.',
    }),
    KEY_CACHE_MS: wholeNumber(0, 4_000, 3_000).meta({
      description:
        'Milliseconds a key is believed without asking the database. Default 3000: a revoked key must be dead within 5 s on every process.',
    }),
    ALTERNATIVES_MAX_AGE_MS: wholeNumber(0, 1_000, 1_000).meta({
      description:
        'Milliseconds the picture may be old from which a full shelter names alternatives. Default 1000, and the most that partners were promised.',
    }),
  })
  .superRefine((config, context) => {
    const refuse = (name: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [name], message })
    if (config.NODE_ENV === 'production' && config.DATABASE_URL === undefined) {
      refuse('DATABASE_URL', 'is required where NODE_ENV is production')
    }
    if (config.HEADERS_TIMEOUT_MS > config.REQUEST_TIMEOUT_MS) {
      refuse('HEADERS_TIMEOUT_MS', 'must be at most REQUEST_TIMEOUT_MS')
    }
  })

type Settings = z.output<typeof settings>

export type Config = Readonly<Settings & { KEY_ENVIRONMENT: 'dev' | 'test' | 'prod' }>

const key_environment_of = { development: 'dev', test: 'test', production: 'prod' } as const

/**
 * The settings of an environment. Throws an error that names every variable which is wrong, and what it must be,
 * but not what it was: a URL bears a password.
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')
  const read = settings.safeParse(Object.fromEntries(set))
  if (read.success) {
    const { NODE_ENV, KEY_ENVIRONMENT = key_environment_of[NODE_ENV] } = read.data
    return { ...read.data, KEY_ENVIRONMENT }
  }
  const wrong = read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
  throw new Error(`The settings are wrong: ${wrong.join('; ')}. See .env.example.`)
}
