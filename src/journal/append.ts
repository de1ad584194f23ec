import { randomBytes } from 'node:crypto'
import type { Send } from '../database/flights.ts'
import { insertRows, type Statement } from '../database/sql.ts'
import { commands, journal, journal_seals } from '../database/tables/journal.ts'
import type { Instant } from '../domain/instant.ts'
import { canonicalText, type Entry, hashOf, type NewEntry, sealOf } from './entry.ts'
import type { Caller, Moment } from './ledger.ts'

/** Where the journal ends. */
export type Head = { seq: number; hash: Buffer; recorded_at: Instant }

/** A command that was decided in this commit, and what it leaves in the journal. */
export type Decided = {
  caller: Caller
  entries: NewEntry[]
  /** what a repetition is answered with; nothing where nobody can repeat it */
  command?: { key: string; operation: string; fingerprint: Buffer; status: number; answer: unknown }
}

const SALT_BYTES = 16

const insert_journal = insertRows(journal)
const insert_seals = insertRows(journal_seals)
const insert_commands = insertRows(commands)
const move_head: Statement = {
  name: 'move_head',
  text: 'update journal_head\nset seq = $1, hash = $2, recorded_at = $3',
}

const hex = (bytes: Buffer): string => `\\x${bytes.toString('hex')}`

/**
 * Numbers, seals and chains the entries of one commit, in the order of the commands. Everything in memory; what it
 * makes is sent by `sendAppended`.
 */
export function appendTo(head: Head, at: Instant, decided: Decided[]) {
  const salts = randomBytes(SALT_BYTES * decided.reduce((sum, command) => sum + command.entries.length, 0))
  const entries: Entry[] = []
  const journal_rows: object[] = []
  const seal_rows: object[] = []
  const command_rows: object[] = []
  let { seq, hash } = head
  for (const { caller, command, entries: new_entries } of decided) {
    const first_seq = seq + 1
    const actor = caller.principal.id
    const client = caller.principal.key_id
    const { request_id } = caller
    for (const new_entry of new_entries) {
      const salt = salts.subarray(entries.length * SALT_BYTES, (entries.length + 1) * SALT_BYTES)
      const sealed = sealOf({ salt, actor, client, request_id })
      const entry: Entry = { ...new_entry, seq: ++seq, recorded_at: at, sealed }
      const canonical = canonicalText(entry)
      const prev_hash = hash
      hash = hashOf(prev_hash, canonical)
      entries.push(entry)
      journal_rows.push({
        seq,
        type: entry.type,
        recorded_at: at,
        shelter: entry.shelter ?? null,
        entry: canonical,
        prev_hash: hex(prev_hash),
        hash: hex(hash),
      })
      seal_rows.push({ seq, salt: hex(salt), actor, client, request_id })
    }
    if (command === undefined) continue
    command_rows.push({
      principal: caller.principal.id,
      key: command.key,
      operation: command.operation,
      fingerprint: hex(command.fingerprint),
      status: command.status,
      answer: JSON.stringify(command.answer),
      first_seq,
      last_seq: seq,
      recorded_at: at,
    })
  }
  const next: Head = { seq, hash, recorded_at: at }
  return { entries, head: next, journal_rows, seal_rows, command_rows }
}

export function sendAppended(send: Send, appended: ReturnType<typeof appendTo>): Promise<unknown>[] {
  const { head, journal_rows, seal_rows, command_rows } = appended
  return [
    send(insert_journal, [JSON.stringify(journal_rows)]),
    send(insert_seals, [JSON.stringify(seal_rows)]),
    send(insert_commands, [JSON.stringify(command_rows)]),
    send(move_head, [head.seq, head.hash, head.recorded_at]),
  ]
}

/** The recorded moment of a commit: the database's clock, and above the last commit's whatever the clock says. */
export const momentAfter = (head: Head, clock: Instant): Moment => ({
  at: clock > head.recorded_at ? clock : new Date(Date.parse(head.recorded_at) + 1).toISOString(),
  seq: head.seq + 1,
})
