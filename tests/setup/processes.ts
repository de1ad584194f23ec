import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from './wait.ts'

/*
 * The service and its commands as an operator runs them: processes of their own, which can be killed. Each is ended
 * by its own process id and by nothing else.
 */

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/**
 * Loaded into each process before anything else: when its standard input closes, the process ends. The other end of
 * that pipe is ours, so nothing outlives a test run, even one that was killed itself.
 */
const leash = `data:text/javascript,${encodeURIComponent(
  "process.stdin.resume().on('end', () => process.exit(1)).unref()",
)}`

/** Loading takes two seconds of a processor; a machine that is busy with other tests gives them slowly. */
const START_MS_MAX = 60_000

export type Ended = { code: number | null; signal: NodeJS.Signals | null }

export type ServiceProcess = {
  pid: number
  /** the address it printed */
  base: string
  /** what it has printed so far, standard output and standard error together */
  output(): string
  /** settles when the process is gone and its output read to the end */
  ended: Promise<Ended>
  /** kill -9: no handler runs, nothing is finished */
  kill(): Promise<Ended>
  /** SIGTERM, as an orchestrator sends it */
  terminate(): Promise<Ended>
}

export type Processes = {
  /** Another command, whatever comes of it. */
  launch(words: string[], settings: Record<string, string>): Launched
  /** `node src/main.ts serve` on a free port, with these settings and no others; resolves when it listens. */
  serve(settings: Record<string, string>): Promise<ServiceProcess>
  /** Another command, to its end. */
  run(words: string[], settings: Record<string, string>): Promise<Ended & { stdout: string; stderr: string }>
  /** Kills what still runs, and waits until it is gone. */
  close(): Promise<void>
}

export type Launched = {
  child: ChildProcess
  said: { stdout: string; stderr: string }
  ended: Promise<Ended>
}

/** Processes of one test file; `close` them after it. */
export function openProcesses(): Processes {
  const running = new Map<ChildProcess, Promise<Ended>>()

  function launch(words: string[], settings: Record<string, string>): Launched {
    const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env
    const child = spawn(process.execPath, ['--import', leash, main, ...words], {
      env: { PATH, HOME, TMPDIR, HOST: '127.0.0.1', KEY_ENVIRONMENT: 'test', LOG_LEVEL: 'warn', ...settings },
      stdio: 'pipe',
    })
    const said = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text
      })
    }
    // A process that is killed leaves a broken pipe, which is no error of the test's.
    child.stdin.on('error', () => undefined)
    const ended = once(child, 'close').then(([code, signal]): Ended => {
      running.delete(child)
      return { code, signal }
    })
    running.set(child, ended)
    return { child, said, ended }
  }

  return {
    launch,
    async serve(settings) {
      const { child, said, ended } = launch(['serve'], { PORT: '0', ...settings })
      const output = () => said.stdout + said.stderr
      let gone: Ended | undefined
      ended.then((how) => {
        gone = how
      })
      const base = await until(
        'the service says where it listens',
        () => {
          if (gone !== undefined)
            throw new Error(`the service ended with ${gone.code ?? gone.signal}: ${output()}`)
          return /^The service listens on (http:\/\/\S+)$/m.exec(said.stdout)?.[1]
        },
        START_MS_MAX,
      )
      const endBy = (signal: NodeJS.Signals) => () => {
        child.kill(signal)
        return ended
      }
      return {
        pid: child.pid ?? 0,
        base,
        output,
        ended,
        kill: endBy('SIGKILL'),
        terminate: endBy('SIGTERM'),
      }
    },
    async run(words, settings) {
      const { said, ended } = launch(words, settings)
      return { ...(await ended), ...said }
    },
    async close() {
      const left = [...running]
      for (const [child] of left) child.kill('SIGKILL')
      await Promise.all(left.map(([, ended]) => ended))
    },
  }
}
