import { parseArgs } from 'node:util'
import pino from 'pino'
import { itself } from '../access/itself.ts'
import { wrongRemit } from '../access/remit.ts'
import { roleOf, roles } from '../access/scopes.ts'
import { openServiceWriter } from '../app.ts'
import { database as openDatabase, openPool } from '../database/client.ts'
import { region_codes } from '../domain/regions.ts'
import { clients, listKeys } from '../features/clients/index.ts'
import { readShelter } from '../features/regions-and-shelters/store.ts'
import { openEnvironment } from './environment.ts'

export const keys_help = `npm run -s keys -- issue --name NAME --role ROLE [--shelters CODE,…] [--regions AM-KT,…] [--no-overflow]
    prints the new key alone; it is shown this once. Roles: ${Object.keys(roles).join(', ')}
npm run -s keys -- list
    all keys with whom they belong to; never a secret
npm run -s keys -- revoke ID
    ends a key; within 5 seconds it is dead on every process

Works beside a running service: DATABASE_URL, or the embedded database of DATA_DIR.`

const list = (text: string | undefined): string[] => text?.split(',').filter((word) => word !== '') ?? []

/** `keys issue | list | revoke`. Prints to standard output; throws with what is wrong. */
export async function keys(words: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      role: { type: 'string' },
      shelters: { type: 'string' },
      regions: { type: 'string' },
      'no-overflow': { type: 'boolean', default: false },
    },
  })
  const [action, id] = positionals
  if (action !== 'issue' && action !== 'list' && action !== 'revoke') throw new Error(keys_help)

  const environment = await openEnvironment()
  const { config } = environment
  const url = config.DATABASE_URL
  const pool = openPool({ url, max: 2, application_name: 'shelter keys', statement_timeout_ms: 10_000 })
  const database = openDatabase(pool)
  const log = pino({ level: 'silent' })
  const writer = openServiceWriter({ url, log, queue_max: 10, batch_max: 10 })
  const { issueKey, revokeKey } = clients({ writer, key_environment: config.KEY_ENVIRONMENT })
  try {
    if (action === 'list') {
      for (const key of await listKeys(database)) console.log(JSON.stringify(key))
    } else if (action === 'revoke') {
      if (id === undefined) throw new Error(keys_help)
      const outcome = await revokeKey(itself('command-line:keys'), id)
      if ('refused' in outcome) throw new Error(outcome.refused.detail)
      console.log(`${id} was revoked at ${outcome.answer.revoked_at}`)
    } else {
      const role = roleOf(values.role ?? '')
      if (values.name === undefined || role === undefined) throw new Error(keys_help)
      const regions = list(values.regions)
      const strange = regions.find((region) => !(region_codes as readonly string[]).includes(region))
      if (strange !== undefined) throw new Error(`${strange} is no region`)
      const shelters: string[] = []
      for (const code of list(values.shelters)) {
        const found = await readShelter(database, code)
        if (found === undefined) throw new Error(`no shelter is called ${code}`)
        shelters.push(found.shelter.id)
      }
      const wrong = wrongRemit({ role, regions, shelters })
      if (wrong !== undefined) throw new Error(wrong)
      const issued = await issueKey(itself('command-line:keys'), {
        name: values.name,
        role,
        kind: role === 'partner' ? 'partner_system' : 'person',
        regions,
        shelters,
        overflow: !values['no-overflow'],
        expires_at: null,
      })
      if ('refused' in issued) throw new Error(issued.refused.detail)
      console.log(issued.key)
    }
  } finally {
    await writer.close()
    await pool.end()
    await environment.close()
  }
}
