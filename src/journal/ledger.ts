import type { Principal } from '../access/principal.ts'
import type { Send } from '../database/flights.ts'
import type { Instant } from '../domain/instant.ts'
import type { Refusal } from '../http/problem.ts'
import type { NewEntry, NumberedEntry } from './entry.ts'

/**
 * A ledger: some tables, and the one place where they may change. The writer loads what a batch of commands needs,
 * lets each command decide in turn, shows the next one what the last one changed, and writes all of it at once.
 */
export type Ledger<Needs, Facts, Changes> = {
  /** Reads, under the journal's lock, what the commands need. All statements are sent before any is awaited. */
  load(send: Send, needs: Needs[]): Promise<Facts>
  /** Makes the facts what they will be once the changes are written and the entries appended. */
  apply(facts: Facts, changes: Changes, entries: NewEntry[]): void
  /** What must be settled before anything is decided, because its time has come: holds that are due. */
  settle?(facts: Facts, now: Moment): { changes: Changes; entries: NewEntry[] } | undefined
  /** Sends the statements that write the changes, in order, and the effects of the entries. */
  write(send: Send, facts: Facts, changes: Changes[], entries: NumberedEntry[]): Promise<unknown>[]
}

export type Ledgers = Record<string, Ledger<unknown, unknown, unknown>>

export type NeedsOf<L> = L extends Ledger<infer Needs, infer _Facts, infer _Changes> ? Needs : never
export type FactsOf<L> = L extends Ledger<infer _Needs, infer Facts, infer _Changes> ? Facts : never
export type ChangesOf<L> = L extends Ledger<infer _Needs, infer _Facts, infer Changes> ? Changes : never

/** Who asks, in which request. */
export type Caller = { principal: Principal; request_id: string }

export type Command<Content, Fresh> = {
  /** what the client asked for; the same key with other content is refused */
  content: Content
  /** ids made before the decision, so that the decision itself makes up nothing */
  fresh: Fresh
  caller: Caller
}

/** The moment of a commit: its time, and the number that its next entry will bear. */
export type Moment = { at: Instant; seq: number }

export type Decision<Answer, L extends Ledgers> =
  | { refused: Refusal }
  | {
      status: 200 | 201
      /** the plain answer, without personal data: a replay says the same again */
      answer: Answer
      entries: NewEntry[]
      changes: { [Name in keyof L]?: ChangesOf<L[Name]> }
    }

/** One kind of change: what it must see, and what follows. `decide` is pure. */
export type CommandKind<L extends Ledgers, Content, Fresh, Answer> = {
  /** its operationId */
  operation: string
  fresh: () => Fresh
  needs(command: Command<Content, Fresh>): { [Name in keyof L]?: NeedsOf<L[Name]> }
  decide(
    facts: { [Name in keyof L]: FactsOf<L[Name]> },
    command: Command<Content, Fresh>,
    now: Moment,
  ): Decision<Answer, L>
}

export type Outcome<Answer> = { refused: Refusal } | { status: number; answer: Answer; replayed: boolean }
