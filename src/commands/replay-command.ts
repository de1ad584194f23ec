import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildApp } from '../app.ts'
import { openEnvironment } from './environment.ts'
import { firstKeys } from './first-keys.ts'
import { replay } from './replay.ts'

export const replay_help = `npm run replay                         against the embedded database of DATA_DIR
npm run replay -- --url U --key K      against a running service, with a national coordinator’s key
       [--supplies-key L]              and with one of logistics, for the supply side

Posts, through HTTP, the households that the government’s releases of 26 September to 1 October 2023 imply, and
reads every published moment back. Exit 1 on a difference that the sources do not explain. Safe to run twice.`

/** `replay`: against a service that runs, or one that is started for it on the embedded database. */
export async function replayCommand(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: { url: { type: 'string' }, key: { type: 'string' }, 'supplies-key': { type: 'string' } },
  })
  const { url, key } = values
  if ((url === undefined) !== (key === undefined)) throw new Error(replay_help)
  const { ok } =
    url !== undefined && key !== undefined
      ? await replay({ url, key, supplies_key: values['supplies-key'] })
      : await replayHere()
  if (!ok) process.exitCode = 1
}

async function replayHere(): Promise<{ ok: boolean }> {
  const environment = await openEnvironment()
  const { config } = environment
  const service = await buildApp({ ...config, LOG_LEVEL: 'warn' })
  // A named database has no keys.json: the one made here goes when the replay ends.
  const key_dir = environment.embedded ? config.DATA_DIR : await mkdtemp(join(tmpdir(), 'shelter-replay-'))
  try {
    const { keys } = await firstKeys(key_dir, service.issueKey)
    const url = await service.app.listen({ port: 0, host: '127.0.0.1' })
    return await replay({ url, key: keys.national_coordinator, supplies_key: keys.admin })
  } finally {
    await service.drain(config.DRAIN_MS)
    if (!environment.embedded) await rm(key_dir, { recursive: true })
    await environment.close()
  }
}
