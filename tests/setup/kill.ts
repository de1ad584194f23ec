import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instantOf } from '../../src/domain/instant.ts'
import { type Caller, openCaller } from './caller.ts'
import { freshDatabase } from './database.ts'
import { type JournalEntry, journalFaults, readJournal, verifyFaults } from './journal.ts'
import { issueKeys } from './keys.ts'
import { openProcesses, type ServiceProcess } from './processes.ts'
import { aShelter } from './service.ts'
import { sessionsWhere } from './sessions.ts'
import { until } from './wait.ts'

/*
 * Promise: an acknowledged post is never lost, and none happens twice, although processes are killed with -9 while
 * they write and clients send again what they got no answer to.
 *
 * One scenario in two sizes: two kills in `npm test`, more of them in `npm run test:slow`.
 */

export type KillSize = {
  clients: number
  /** of the processes in turn */
  kills: number
  /** yeses between a start and the next kill */
  acknowledged_between: number
  /** yeses, at most, while the one that was killed starts again; then the clients wait for it */
  acknowledged_meanwhile: number
}

const halls = ['AM-KT-0001', 'AM-SU-0001', 'AM-AR-0001'] as const
const HALL_PLACES = 20_000
/** Fills up on the way, so that there are refusals among the answers. */
const gym = 'AM-LO-0001'
const GYM_PLACES = 20

/** One that lives is found at the second attempt or the third. */
const ATTEMPTS_MAX = 100
/** As long as a process may take to start, or a thousand answers on a busy machine. */
const WANTED_MS_MAX = 120_000

const BEGINS_AT_MS = Date.parse('2023-09-26T00:00:00.000Z')

/** What became of a post, as far as its client knows. */
type Fate = { known: 'acknowledged'; stay: string; seq: number } | { known: 'refused' } | { known: 'nothing' }

type Post = {
  /** A moment of its own: by it the post is found again among the stays. Nothing in the service keeps it unique. */
  occurred_at: string
  key: string
  shelter: string
  people: number
  /** whether its first answer reaches the client; networks lose answers as kills do */
  heard: boolean
  fate: Fate
}

export type Server = { base: string; stop(): Promise<void> }

type Stay = { id: string; shelter: string; people: number; arrived_at: string }

function nthPost(index: number): Post {
  return {
    occurred_at: instantOf(BEGINS_AT_MS + index * 1_000),
    key: `kill-${String(index).padStart(6, '0')}`,
    shelter: index % 5 === 0 ? gym : (halls[index % halls.length] ?? halls[0]),
    people: 1 + (index % 3),
    heard: index % 4 !== 3,
    fate: { known: 'nothing' },
  }
}

async function readStays(caller: Caller, key: string): Promise<Stay[]> {
  const stays: Stay[] = []
  for (let cursor = ''; ; ) {
    const reply = await caller.ask('GET', `/v1/stays?limit=500${cursor}`, { key })
    if (reply.status !== 200) throw new Error(`/v1/stays answered ${reply.status}: ${reply.text}`)
    const page = JSON.parse(reply.text) as { items: Stay[]; next_cursor: string | null }
    stays.push(...page.items)
    if (page.next_cursor === null) return stays
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`
  }
}

type Target = { caller: Caller; under_way: number }

/** Clients that post as long as they are let, each to a process that lives, and again where there was no answer. */
function openCrowd(key: string, living: readonly Target[]) {
  const posts: Post[] = []
  const count = { acknowledged: 0, broken: 0, unheard: 0 }
  const strange: string[] = []
  let acknowledged_max = Number.POSITIVE_INFINITY
  let over = false

  async function ask(target: Target, { key: idempotency_key, shelter, people, occurred_at }: Post) {
    target.under_way += 1
    const body = { shelter, household: { people }, occurred_at }
    try {
      return await target.caller.ask('POST', '/v1/arrivals', { key, idempotency_key, body })
    } catch {
      return undefined
    } finally {
      target.under_way -= 1
    }
  }

  async function send(post: Post): Promise<Fate> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const target = living[(posts.length + attempt) % living.length]
      if (target === undefined) throw new Error('no process lives')
      const reply = await ask(target, post)
      if (reply === undefined) count.broken += 1
      if (reply === undefined || (attempt === 0 && !post.heard)) {
        count.unheard += 1
        // Every other one is not sent again: then its client does not know what became of it.
        if (count.unheard % 2 === 1) return { known: 'nothing' }
      } else if (reply.status === 201) {
        const { stay, seq } = JSON.parse(reply.text) as { stay: { id: string }; seq: number }
        return { known: 'acknowledged', stay: stay.id, seq }
      } else if (reply.status === 409) {
        return { known: 'refused' }
      } else {
        strange.push(`${reply.status} ${reply.text}`)
        return { known: 'nothing' }
      }
    }
    throw new Error(`no process answers ${post.key}`)
  }

  async function client(): Promise<void> {
    while (!over) {
      const post = nthPost(posts.length)
      posts.push(post)
      post.fate = await send(post)
      if (post.fate.known === 'acknowledged') count.acknowledged += 1
      await until('more is wanted', () => over || count.acknowledged < acknowledged_max, WANTED_MS_MAX)
    }
  }

  return {
    posts,
    count,
    strange,
    start: (clients: number) => Promise.all(Array.from({ length: clients }, client)),
    /** So many more yeses before the clients wait. */
    want(more: number) {
      acknowledged_max = count.acknowledged + more
    },
    finish() {
      over = true
    },
  }
}

/**
 * Waits until the process whose sessions bear `name` is in the middle of its writes, rows sent and nothing committed,
 * and has it killed there: a lock of ours on one of the tables stops whoever writes.
 */
async function killWhileItWrites(url: string, name: string, kill: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const stopped_here = `pid in (
    select pid
    from pg_locks
    where relation = 'journal_seals'::regclass and not granted
  )`
  const stopped = async () => (await sessionsWhere(client, stopped_here))[0]?.application_name
  try {
    await until(`${name} writes`, async () => {
      await client.query('begin')
      await client.query('lock table journal_seals in share mode')
      const is_it = (await until('somebody writes', stopped)) === name
      if (is_it) await kill()
      await client.query('rollback')
      return is_it
    })
  } finally {
    await client.end()
  }
}

/**
 * Registers the tests of the kills: of two processes in turn, or of one, where `startSpared` gives another service on
 * the same database that is never killed.
 */
export function killTests(size: KillSize, startSpared?: (database_url: string) => Promise<Server>): void {
  const processes = openProcesses()
  const finish: (() => Promise<void>)[] = []
  let crowd: ReturnType<typeof openCrowd>
  let stays: Stay[] = []
  let entries: JournalEntry[] = []
  let faults: string[] = []
  const balances = new Map<string, { id: string; balance: { occupied: number; places: number } }>()

  beforeAll(async () => {
    const database = await freshDatabase()
    finish.push(database.drop, processes.close)
    const start = async (index: number) => {
      const name = `slot ${index}`
      const url = `${database.url}?application_name=${encodeURIComponent(name)}`
      return { name, process: await processes.serve({ DATABASE_URL: url }) }
    }
    const keys = await issueKeys(database.url, ['national_coordinator', 'auditor'])
    const key = keys.national_coordinator

    const living: Target[] = []
    const reach = (base: string): Target => {
      const target = { caller: openCaller(base, size.clients), under_way: 0 }
      finish.push(target.caller.close)
      living.push(target)
      return target
    }
    const join = ({ name, process }: { name: string; process: ServiceProcess }) => {
      return { name, process, target: reach(process.base) }
    }
    const starting = startSpared === undefined ? [start(0), start(1)] : [start(0)]
    const spared = await startSpared?.(database.url)
    if (spared !== undefined) {
      finish.push(spared.stop)
      reach(spared.base)
    }
    const slots = (await Promise.all(starting)).map(join)
    const [one] = living
    for (const code of [...halls, gym]) {
      const made = await one?.caller.ask('POST', '/v1/shelters', {
        key,
        idempotency_key: `kill-shelter-${code}`,
        body: aShelter(code, code === gym ? GYM_PLACES : HALL_PLACES),
      })
      if (made?.status !== 201) throw new Error(made?.text)
    }

    crowd = openCrowd(key, living)
    const { count, want, finish: end } = crowd
    const clients = crowd.start(size.clients)
    // Where the rest fails, the clients must still come to an end.
    clients.catch(() => undefined)
    finish.push(async () => end())
    const moreAnswers = async () => {
      const enough = count.acknowledged + size.acknowledged_between
      want(Number.POSITIVE_INFINITY)
      await until('the living go on answering', () => count.acknowledged >= enough, WANTED_MS_MAX)
    }
    for (let kill = 0; kill < size.kills; kill += 1) {
      await moreAnswers()
      const slot = kill % slots.length
      const victim = slots[slot]
      if (victim === undefined) throw new Error('there is nobody to kill')
      const { target, process } = victim
      const killIt = () => {
        const dead = process.kill()
        living.splice(living.indexOf(target), 1)
        want(size.acknowledged_meanwhile)
        return dead
      }
      // Every other one in the middle of its writes, the others wherever they are.
      if (kill % 2 === 0) await killWhileItWrites(database.url, victim.name, killIt)
      else await until('posts are on their way to it', () => target.under_way > 1).then(killIt)
      // Whoever is not killed any more need not be there again.
      if (kill + 1 < size.kills) slots[slot] = join(await start(slot))
    }
    await moreAnswers()
    end()
    await clients

    const any = living[0]?.caller
    if (any === undefined) throw new Error('no process lives')
    stays = await readStays(any, key)
    for (const code of [...halls, gym]) {
      const { text } = await any.ask('GET', `/v1/shelters/${code}`, { key })
      balances.set(code, JSON.parse(text))
    }
    entries = await readJournal(any, keys.auditor)
    faults = await verifyFaults(database.url)
  }, 900_000)

  afterAll(async () => {
    for (const step of finish.reverse()) await step()
  })

  describe(`${size.kills} kills with -9 while ${size.clients} clients post`, () => {
    const staysOf = () => Map.groupBy(stays, ({ arrived_at }) => arrived_at)

    test('hit posts that were on their way, and nobody was told anything but yes, full or nothing', () => {
      expect(crowd.count.broken).toBeGreaterThanOrEqual(size.kills)
      expect(crowd.strange.slice(0, 3)).toEqual([])
      const known = new Set(crowd.posts.map(({ fate }) => fate.known))
      expect([...known].sort()).toEqual(['acknowledged', 'nothing', 'refused'])
    })

    test('leave every acknowledged post there exactly once, as it was acknowledged', () => {
      const found = staysOf()
      const wrong = crowd.posts.filter(({ fate, occurred_at, people, shelter }) => {
        if (fate.known !== 'acknowledged') return false
        const [stay, ...more] = found.get(occurred_at) ?? []
        const as_told =
          stay?.id === fate.stay && stay.people === people && stay.shelter === balances.get(shelter)?.id
        return !as_told || more.length > 0 || entries[fate.seq - 1]?.subject?.id !== fate.stay
      })
      expect(wrong.slice(0, 3)).toEqual([])
    })

    test('leave no unacknowledged post there twice, and no refused one at all', () => {
      const found = staysOf()
      const wrong = crowd.posts.filter(({ fate, occurred_at }) => {
        const times = found.get(occurred_at)?.length ?? 0
        return times > (fate.known === 'refused' ? 0 : 1)
      })
      expect(wrong.slice(0, 3)).toEqual([])
      const posted = new Set(crowd.posts.map(({ occurred_at }) => occurred_at))
      expect(stays.filter(({ arrived_at }) => !posted.has(arrived_at))).toEqual([])
    })

    test('leave each balance at the sum of its stays, none beyond its places', () => {
      for (const { id, balance } of balances.values()) {
        const people = stays
          .filter(({ shelter }) => shelter === id)
          .reduce((sum, stay) => sum + stay.people, 0)
        expect(balance.occupied).toBe(people)
        expect(balance.occupied).toBeLessThanOrEqual(balance.places)
      }
      expect(balances.get(gym)?.balance).toMatchObject({ places: GYM_PLACES, occupied: GYM_PLACES })
    })

    test('leave the journal without a gap, each entry after the hash of the one before; verify finds nothing', () => {
      expect(journalFaults(entries)).toEqual([])
      expect(faults).toEqual([])
    })
  })
}
