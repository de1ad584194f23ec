import type { Balance } from './model.ts'
import type { Command } from './story.ts'

/** What a body may hold; which of it is there depends on the answer, and the checks look. */
export type Body = {
  code?: string
  free?: number
  requested?: number
  detail?: string
  seq: number
  balance: Balance
  stay?: { id: string; people: number; status: string; arrived_at: string }
  hold?: { id: string; people: number; remaining: number; status: string }
  headcount?: { id: string; people: number; occupied: number; difference: number; settled_at: string | null }
  from?: { shelter: string; balance: Balance; seq: number }
  as_of: string
  national: Balance
  regions: ({ region: string } & Balance)[]
}

/** A question of a reader in the middle of it all. */
export type Asked = {
  command: Command
  shelter: string | undefined
  as_of: number | undefined
  known: number | undefined
  path: string
  status: number
  body: Body
  sent_at: number
  told_at: number
}
