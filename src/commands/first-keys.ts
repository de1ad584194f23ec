import { chmod, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { itself } from '../access/itself.ts'
import type { Role } from '../access/scopes.ts'
import type { buildApp } from '../app.ts'
import { region_codes } from '../domain/regions.ts'

/** `DATA_DIR/keys.json`: a key for each of four roles. */
export type FirstKeys = Record<(typeof first_roles)[number], string>

const first_roles = ['admin', 'national_coordinator', 'shelter_staff', 'partner'] as const satisfies Role[]

/**
 * The keys of a new embedded database, made once and kept beside it in a file that only its owner may read. The
 * staff key acts in every region, so that whoever tries the service need not register a shelter first.
 */
export async function firstKeys(
  data_dir: string,
  issueKey: Awaited<ReturnType<typeof buildApp>>['issueKey'],
): Promise<{ keys: FirstKeys; made: boolean }> {
  const path = join(data_dir, 'keys.json')
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept !== undefined) return { keys: JSON.parse(kept) as FirstKeys, made: false }
  const keys: Record<string, string> = {}
  for (const role of first_roles) {
    const issued = await issueKey(itself('command-line:start'), {
      name: `First ${role.replaceAll('_', ' ')}`,
      role,
      kind: role === 'partner' ? 'partner_system' : 'person',
      regions: role === 'shelter_staff' ? [...region_codes] : [],
      shelters: [],
      overflow: true,
      expires_at: null,
    })
    if ('refused' in issued) throw new Error(issued.refused.detail)
    keys[role] = issued.key
  }
  // Written beside its place and moved there: half a file would stop every later start.
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, path)
  return { keys: keys as FirstKeys, made: true }
}
