import { hash } from 'node:crypto'
import { isDataError } from '../database/errors.ts'
import type { Flights, Send } from '../database/flights.ts'
import type { Statement } from '../database/sql.ts'
import type { Instant } from '../domain/instant.ts'
import { refuse } from '../http/problem.ts'
import { appendTo, type Decided, type Head, momentAfter, numberEntries, sendAppended } from './append.ts'
import type { Caller, Command, CommandKind, Ledgers, Outcome } from './ledger.ts'

/*
 * The one way of a change. What queues up while a commit is in flight goes out in the next: no timer, so a lone
 * caller waits for nobody and a crowd shares one commit. See CONTRIBUTING, *The way of a write*.
 */

/** Milliseconds of each part of one commit, for metrics and the bench. */
export type BatchTiming = {
  commands: number
  lock_ms: number
  load_ms: number
  decide_ms: number
  build_ms: number
  write_ms: number
  commit_ms: number
}

export type WriterSettings = {
  /** commands that may wait, in all; one more is answered 503 */
  queue_max: number
  /** commands in one commit at the most */
  batch_max: number
  /** commands of the bulk lane in one commit at the most while somebody waits at a desk */
  bulk_beside_max: number
  /** how long a command may wait for its turn before it is answered 503, in milliseconds */
  wait_ms_max: number
}

export type WriterLog = {
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/**
 * How long after an interactive command commits stay short, in milliseconds: whoever posts again meets the next one.
 * With commits of 256 bulk commands in between, the p99 of interactive arrivals was 5 times what it is without.
 */
const INTERACTIVE_FOR_MS = 250

/** Interactive commands go first; bulk ones fill what is left of a commit. */
export type Lane = 'interactive' | 'bulk'

type AnyKind = CommandKind<Ledgers, unknown, unknown, unknown>

type Pending = {
  kind: AnyKind
  lane: Lane
  command: Command<unknown, unknown>
  key: string
  fingerprint: Buffer
  queued_at: number
  settle(outcome: Outcome<unknown>): void
  fail(error: unknown): void
}

export type Submit<Content, Fresh, Answer> = (
  caller: Caller,
  /** the client's Idempotency-Key, or one made for this command */
  key: string,
  content: Content,
  /** `fresh`: where the caller must know what was made, as with a secret that is shown once */
  options?: { lane?: Lane; fresh?: Fresh },
) => Promise<Outcome<Answer>>

export type Writer<L extends Ledgers> = {
  /** Makes a kind of change callable. */
  command<Content, Fresh, Answer>(
    kind: CommandKind<L, Content, Fresh, Answer>,
  ): Submit<Content, Fresh, Answer>
  /** commands that wait now */
  queued(): number
  /** Takes no more, finishes what waits, closes the connection. */
  close(): Promise<void>
}

const begin: Statement = { name: 'begin', text: 'begin isolation level read committed' }
const rollback: Statement = { name: 'rollback', text: 'rollback' }
const commit: Statement = { name: 'commit', text: 'commit' }
const lock_head: Statement = { name: 'lock_head', text: 'select 1\nfrom journal_head\nfor update' }
/** A statement of its own after the lock: in the locking statement the snapshot would be older than the lock. */
const read_head: Statement = {
  name: 'read_head',
  text: "select seq, hash, recorded_at, date_trunc('milliseconds', clock_timestamp()) as clock\nfrom journal_head",
}
const find_commands: Statement = {
  name: 'find_commands',
  text: `select k.ordinal, c.fingerprint, c.status, c.answer
from unnest($1::uuid[], $2::text[]) with ordinality as k (principal, key, ordinal)
cross join lateral (
  select fingerprint, status, answer
  from commands
  where principal = k.principal and key = k.key
  limit 1
) c`,
}

const turnedAway = () =>
  refuse('overloaded', 'More changes are waiting than can be written in time. Try again with the same key.')

export function openWriter<L extends Ledgers>(options: {
  ledgers: L
  flights: Flights
  settings: WriterSettings
  log: WriterLog
  /** who settles what has come due */
  itself: () => Caller
  on_batch?: (timing: BatchTiming) => void
}): Writer<L> {
  const { flights, settings, log } = options
  const ledgers = Object.entries(options.ledgers)
  const lanes: Record<Lane, Pending[]> = { interactive: [], bulk: [] }
  let running: Promise<void> | undefined
  let closed = false
  let last_interactive = Number.NEGATIVE_INFINITY

  /** Answers to bulk commands that were committed. */
  const owed: (() => void)[] = []
  /**
   * To answer hundreds of lines and to read as many more takes as long as the database needs for its writes, so it is
   * done while those are under way.
   */
  function payOwed(): void {
    for (const settle of owed.splice(0)) settle()
  }

  const waiting = (): number => lanes.interactive.length + lanes.bulk.length

  function nextBatch(): Pending[] {
    const interactive = lanes.interactive.splice(0, settings.batch_max)
    const beside = performance.now() - last_interactive < INTERACTIVE_FOR_MS
    const bulk_max = beside ? settings.bulk_beside_max : settings.batch_max
    const room = Math.min(settings.batch_max - interactive.length, bulk_max)
    const batch = room > 0 ? interactive.concat(lanes.bulk.splice(0, room)) : interactive
    const too_old = performance.now() - settings.wait_ms_max
    return batch.filter((pending) => {
      if (pending.queued_at >= too_old) return true
      pending.settle({ refused: turnedAway() })
      return false
    })
  }

  async function run(): Promise<void> {
    // What arrived with the same turn of the event loop shares this commit.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting() > 0) {
      const batch = nextBatch()
      if (batch.length > 0) await carryOut(batch)
    }
    payOwed()
    // In the same turn as the last look at the lanes, so that no command is left without a run.
    running = undefined
  }

  /**
   * One commit, and again where that is safe: a batch that a bad neighbour spoilt goes one by one; after anything
   * else, lost connections included, the whole batch goes once more, and its keys say what was committed already.
   */
  async function carryOut(batch: Pending[], second_try = false): Promise<void> {
    // One connection for all of it: what began there is written there, or not at all.
    const send = flights.board()
    try {
      const outcomes = await attempt(batch, send)
      const answered = batch.flatMap((pending, index) => {
        const outcome = outcomes[index]
        return outcome === undefined ? [] : [{ pending, settle: () => pending.settle(outcome) }]
      })
      owed.push(...answered.filter(({ pending }) => pending.lane === 'bulk').map(({ settle }) => settle))
      // After the next commit's first flight is on its way: the answers are made while the database is busy.
      setImmediate(() => {
        for (const { pending, settle } of answered) if (pending.lane === 'interactive') settle()
      })
    } catch (error) {
      payOwed()
      if (isDataError(error)) await send(rollback).catch(() => undefined)
      if (isDataError(error) && batch.length > 1) {
        log.warn(
          { err: error, commands: batch.length },
          'a batch was refused by the database; one by one now',
        )
        for (const pending of batch) await carryOut([pending])
      } else if (isDataError(error)) {
        for (const pending of batch) pending.fail(error)
      } else if (!second_try) {
        log.warn({ err: error, commands: batch.length }, 'a commit failed; the batch goes once more')
        flights.reset()
        await carryOut(batch, true)
      } else {
        log.error({ err: error, commands: batch.length }, 'a commit failed twice')
        flights.reset()
        const refused = refuse(
          'database_unavailable',
          'The change may or may not have been written. Send it again with the same key to know.',
        )
        for (const pending of batch) pending.settle({ refused })
      }
    }
  }

  async function attempt(batch: Pending[], send: Send): Promise<Outcome<unknown>[]> {
    const started = performance.now()

    // One flight: begin, lock, and everything to be read under the lock.
    const began = send(begin)
    const locked = send(lock_head).then(() => performance.now())
    const head_read = send(read_head)
    const commands_read = send(find_commands, [
      batch.map((pending) => pending.command.caller.principal.id),
      batch.map((pending) => pending.key),
    ])
    const needs = batch.map((pending) => pending.kind.needs(pending.command))
    const facts_read = ledgers.map(([name, ledger]) =>
      ledger.load(
        send,
        needs.flatMap((need) => (need[name] === undefined ? [] : [need[name]])),
      ),
    )
    await allSettled([began, locked, head_read, commands_read, ...facts_read])
    const loaded = performance.now()

    const head = (await head_read).rows[0] as Head & { clock: Instant }
    const facts = Object.fromEntries(
      await Promise.all(ledgers.map(async ([name], index) => [name, await facts_read[index]] as const)),
    )
    const { outcomes, decided, changes } = decideAll(batch, facts, head, (await commands_read).rows)
    const decided_at = performance.now()

    if (decided.length === 0) {
      await send(rollback)
      return outcomes
    }

    // The other flight: all writes and the commit.
    const { at } = momentAfter(head, head.clock)
    const numbered = numberEntries(head, at, decided)
    const entries = numbered.flatMap((command) => command.entries)
    const written = ledgers.flatMap(([name, ledger]) =>
      ledger.write(
        send,
        facts[name],
        changes.flatMap((change) => (change[name] === undefined ? [] : [change[name]])),
        entries,
      ),
    )
    written.push(...sendAppended(send, appendTo(head, at, numbered)))
    const built = performance.now()
    setImmediate(payOwed)
    const writes_done = allSettled(written).then(() => performance.now())
    const committed = send(commit)
    await allSettled([writes_done, committed])
    // After a failed statement a pipelined commit fulfils too, with ROLLBACK.
    if ((await committed).command !== 'COMMIT') throw new Error('the database rolled the commit back')

    const ended = performance.now()
    const locked_at = await locked
    const written_at = await writes_done
    options.on_batch?.({
      commands: batch.length,
      lock_ms: locked_at - started,
      load_ms: loaded - locked_at,
      decide_ms: decided_at - loaded,
      build_ms: built - decided_at,
      write_ms: written_at - built,
      commit_ms: ended - written_at,
    })
    return outcomes
  }

  /** Lets the commands decide in queue order, each seeing what the ones before it changed. */
  function decideAll(
    batch: Pending[],
    facts: Record<string, unknown>,
    head: Head & { clock: Instant },
    earlier_rows: { ordinal: number; fingerprint: Buffer; status: number; answer: string }[],
  ) {
    const now = momentAfter(head, head.clock)
    const earlier = new Map(earlier_rows.map((row) => [row.ordinal - 1, row]))
    const in_this_batch = new Map<string, NonNullable<Decided['command']>>()
    const outcomes: Outcome<unknown>[] = []
    const decided: Decided[] = []
    const changes: Record<string, unknown>[] = []

    for (const [name, ledger] of ledgers) {
      const settled = ledger.settle?.(facts[name], now)
      if (settled === undefined) continue
      ledger.apply(facts[name], settled.changes, settled.entries)
      now.seq += settled.entries.length
      decided.push({ caller: options.itself(), entries: settled.entries })
      changes.push({ [name]: settled.changes })
    }

    batch.forEach((pending, index) => {
      const { kind, command, key, fingerprint } = pending
      const identity = `${command.caller.principal.id} ${key}`
      const before = earlier.get(index)
      const beside = in_this_batch.get(identity)
      const known = before ?? beside
      if (known !== undefined) {
        outcomes[index] = known.fingerprint.equals(fingerprint)
          ? {
              status: known.status,
              answer: before ? JSON.parse(before.answer) : beside?.answer,
              replayed: true,
            }
          : { refused: refuse('idempotency_key_reused', 'This key was used before, with other content.') }
        return
      }
      try {
        const decision = kind.decide(facts, command, now)
        if ('refused' in decision) {
          outcomes[index] = decision
          return
        }
        for (const [name, ledger] of ledgers) {
          const change = decision.changes[name]
          if (change !== undefined) ledger.apply(facts[name], change, decision.entries)
        }
        const { status, answer, entries } = decision
        const done = { key, operation: kind.operation, fingerprint, status, answer }
        now.seq += entries.length
        decided.push({ caller: command.caller, entries, command: done })
        changes.push(decision.changes)
        in_this_batch.set(identity, done)
        outcomes[index] = { status, answer, replayed: false }
      } catch (error) {
        // A mistake of ours in one decision: it has changed nothing, and its neighbours go on.
        pending.fail(error)
      }
    })
    return { outcomes, decided, changes }
  }

  return {
    command<Content, Fresh, Answer>(
      kind: CommandKind<L, Content, Fresh, Answer>,
    ): Submit<Content, Fresh, Answer> {
      return (caller, key, content, { lane = 'interactive', fresh = kind.fresh() } = {}) => {
        if (closed || waiting() >= settings.queue_max) return Promise.resolve({ refused: turnedAway() })
        const fingerprint = hash('sha256', `${kind.operation} ${JSON.stringify(content)}`, 'buffer')
        if (lane === 'interactive') last_interactive = performance.now()
        return new Promise<Outcome<Answer>>((resolve, reject) => {
          lanes[lane].push({
            // The boundary between each kind's own types and the writer, which looks into none of them.
            kind: kind as unknown as AnyKind,
            lane,
            command: { content, fresh, caller },
            key,
            fingerprint,
            queued_at: performance.now(),
            settle: resolve as (outcome: Outcome<unknown>) => void,
            fail: reject,
          })
          running ??= run()
        })
      }
    },
    queued: waiting,
    async close() {
      closed = true
      while (running !== undefined) await running
      await flights.close()
    },
  }
}

/** Waits for all, so that no promise of a flight is left behind, and then fails with the first failure. */
async function allSettled(promises: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') throw result.reason
  }
}
