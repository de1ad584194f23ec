import pino from 'pino'
import { itself } from '../../src/access/itself.ts'
import type { Role } from '../../src/access/scopes.ts'
import { openServiceWriter } from '../../src/app.ts'
import { clients } from '../../src/features/clients/index.ts'

/** A key of each of these roles for everywhere, on a database that other processes serve. */
export async function issueKeys<const Roles extends readonly Role[]>(
  url: string,
  roles: Roles,
): Promise<Record<Roles[number], string>> {
  const log = pino({ level: 'silent' })
  const writer = openServiceWriter({ url, log, queue_max: 10, batch_max: 10 })
  try {
    const { issueKey } = clients({ writer, key_environment: 'test' })
    const keys: Partial<Record<Role, string>> = {}
    for (const role of roles) {
      const issued = await issueKey(itself('command-line:test'), {
        name: `Test ${role}`,
        role,
        kind: 'device',
        regions: [],
        shelters: [],
        overflow: true,
        expires_at: null,
      })
      if ('refused' in issued) throw new Error(issued.refused.detail)
      keys[role] = issued.key
    }
    return keys as Record<Roles[number], string>
  } finally {
    await writer.close()
  }
}
