import type { Command, Moment } from '../../../journal/ledger.ts'
import type { Decided } from './shared.ts'

/** Looking at many references, or for one anywhere, is right for some and never goes unseen. */
export type Look = { what: 'stays_exported' | 'reference_searched'; format?: string }

/** Says in the journal that somebody looked, and never at whom. */
export function decideLook(
  _facts: unknown,
  { content, caller }: Command<Look, unknown>,
  now: Moment,
): Decided<object> {
  return {
    status: 200,
    answer: {},
    entries: [
      {
        type: content.what,
        occurred_at: now.at,
        subject: { type: 'client', id: caller.principal.id },
        effects: [],
        data: { ...(content.format !== undefined && { format: content.format }) },
      },
    ],
    changes: {},
  }
}
