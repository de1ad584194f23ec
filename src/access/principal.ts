import type { Remit } from './remit.ts'
import type { Role, Scope } from './scopes.ts'

export const principal_kinds = ['person', 'device', 'partner_system'] as const

export type PrincipalKind = (typeof principal_kinds)[number]

/** Who is calling. Its keys change, it stays. */
export type Principal = {
  id: string
  name: string
  kind: PrincipalKind
  role: Role
  scopes: ReadonlySet<Scope>
  remit: Remit
  /** may post people into a full shelter */
  overflow: boolean
  /** the key it came with this time */
  key_id: string
}
