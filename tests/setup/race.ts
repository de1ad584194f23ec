import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Caller, openCaller, type Reply } from './caller.ts'
import { freshDatabase } from './database.ts'
import { type JournalEntry, journalFaults, readJournal, verifyFaults } from './journal.ts'
import { issueKeys } from './keys.ts'
import { aShelter } from './service.ts'
import { sessionsWhere, writer_waits } from './sessions.ts'
import { until } from './wait.ts'

/*
 * Promise: never overbooked, whatever the crowd and the number of processes; whoever is refused is told the truth;
 * and a post repeated with the same key happens once and answers the same, on every process.
 *
 * One scenario in two sizes: a tenth of it in `npm test`, all of it in `npm run test:slow`.
 */

export type RaceSize = {
  /** callers at once before the school, each with one post under way */
  clients: number
  /** posts, each with a key of its own */
  posts: number
  /** how many of these keys are posted `times` times at once, over both processes */
  repeated: number
  times: number
}

export type TwoProcesses = { bases: readonly [string, string]; stop(): Promise<void> }

const PLACES = 100
const school = 'AM-KT-0001'
/** Near the school, with room, and not gone to: what a full school names instead is then the same each time. */
const nearby = ['AM-KT-0002', 'AM-KT-0003', 'AM-KT-0004'] as const
/** Far away, with room for everybody who is posted there. */
const roomy = 'AM-SU-0001'

type Post = { key: string; shelter: string; people: number; times: number }

/** One answer, and the moments between which it was decided. */
type Told = Reply & { post: Post; asked_at: number; told_at: number }

type Arrived = {
  stay: { id: string; people: number }
  balance: { occupied: number; free: number }
  seq: number
}
type Refused = { code: string; free: number; requested: number }
type ShelterSeen = { id: string; balance: { places: number; occupied: number; free: number } }

/**
 * The crowd before the school: families of three first, so that it is full but for one place, and refuses with that
 * one free; then one to three; then single people. The first families are posted again and again while the school
 * fills up, the other repeated keys are of single people after it did: so even the refusals of one key are alike.
 */
function crowd({ posts, repeated, times }: RaceSize): Post[] {
  const families = posts / 10
  const first = Math.min(40, repeated / 2)
  const every = Math.floor((posts - families) / (repeated - first))
  return Array.from({ length: posts }, (_, index) => {
    const later = index - families
    const single = later >= 0 && later % every === 0 && later / every < repeated - first
    const size = later < 0 ? 3 : later < families ? 1 + (index % 3) : 1
    return {
      key: `race-school-${String(index).padStart(5, '0')}`,
      shelter: school,
      people: single ? 1 : size,
      times: index < first || single ? times : 1,
    }
  })
}

const far_away = { region: 'AM-SU', latitude: 39.51, longitude: 46.34 }

/** Those who go where there is room meanwhile, each of whom is posted again and again. */
const patient = ({ repeated, times }: RaceSize): Post[] =>
  Array.from({ length: repeated }, (_, index) => ({
    key: `race-roomy-${String(index).padStart(5, '0')}`,
    shelter: roomy,
    people: 1,
    times,
  }))

/** So many clients at once take one post after another; each copy of a post goes to the other process. */
async function post(
  posts: readonly Post[],
  clients: number,
  callers: readonly Caller[],
  key: string,
): Promise<Told[]> {
  const told: Told[] = []
  const queue = posts.entries()
  async function client(): Promise<void> {
    for (const [index, one] of queue) {
      const copies = Array.from({ length: one.times }, async (_, copy) => {
        const caller = callers[(index + copy) % callers.length]
        if (caller === undefined) throw new Error('there is no process to ask')
        const asked_at = performance.now()
        const reply = await caller.ask('POST', '/v1/arrivals', {
          key,
          idempotency_key: one.key,
          // The same in each copy, for it stands in a refusal: whatever else differs is a difference.
          headers: { 'x-request-id': one.key },
          body: { shelter: one.shelter, household: { people: one.people } },
        })
        told.push({ ...reply, post: one, asked_at, told_at: performance.now() })
      })
      await Promise.all(copies)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return told
}

const arrivedOf = ({ text }: Told): Arrived => JSON.parse(text) as Arrived
const refusedOf = ({ text }: Told): Refused => JSON.parse(text) as Refused

/** The answers to each key, by key. */
const byKey = (told: readonly Told[]): Told[][] => [...Map.groupBy(told, ({ post }) => post.key).values()]

/** As one compares them and wants to read them: the bytes. */
const shown = ({ status, text }: Reply): string => `${status} ${text}`

const firstAnswers = (told: readonly Told[]): Told[] =>
  told.filter(({ headers }) => headers['idempotency-replayed'] === undefined)

/**
 * The journal says between which two arrivals a figure was free. A refusal that names it must have been decided
 * between them: told after the one was asked for, and asked for before the other was told.
 */
function untimely(refusals: readonly Told[], arrivals: readonly Told[], entries: readonly JournalEntry[]) {
  const told_of = Map.groupBy(arrivals, (told) => arrivedOf(told).stay.id)
  const moments = entries.flatMap(({ subject, balance }) => {
    const told = told_of.get(subject?.id ?? '')
    if (balance === undefined || told === undefined) return []
    const asked_at = Math.min(...told.map((one) => one.asked_at))
    const told_at = Math.min(...told.map((one) => one.told_at))
    return [{ free: balance.free, asked_at, told_at }]
  })
  const standing = new Map(
    moments.map(({ free, asked_at }, index) => {
      const until = moments[index + 1]?.told_at ?? Number.POSITIVE_INFINITY
      return [free, { from: asked_at, until }] as const
    }),
  )
  const wrong = refusals.filter((refusal) => {
    const stood = standing.get(refusedOf(refusal).free)
    return stood === undefined || refusal.told_at < stood.from || refusal.asked_at > stood.until
  })
  return wrong.map(shown)
}

/** Registers the tests of the race. `start` gives two processes that serve one database. */
export function raceTests(size: RaceSize, start: (database_url: string) => Promise<TwoProcesses>): void {
  const finish: (() => Promise<void>)[] = []
  let database_url: string
  let key: string
  let callers: Caller[] = []
  let before_the_school: Told[] = []
  let where_there_is_room: Told[] = []
  let seen: { school: ShelterSeen; roomy: ShelterSeen }[] = []
  let entries: JournalEntry[] = []
  let faults: string[] = []

  beforeAll(async () => {
    const database = await freshDatabase()
    database_url = database.url
    finish.push(database.drop)
    const keys = await issueKeys(database_url, ['national_coordinator', 'auditor'])
    key = keys.national_coordinator
    const processes = await start(database_url)
    finish.push(processes.stop)
    callers = processes.bases.map((base) => openCaller(base, size.clients))
    finish.push(async () => {
      for (const caller of callers) await caller.close()
    })
    const [one] = callers
    if (one === undefined) throw new Error('there is no process to ask')
    for (const code of [school, ...nearby, roomy]) {
      const body = aShelter(code, code === roomy ? size.posts : PLACES, code === roomy ? far_away : {})
      const made = await one.ask('POST', '/v1/shelters', { key, idempotency_key: `race-${code}`, body })
      if (made.status !== 201) throw new Error(made.text)
    }

    const told = await Promise.all([
      post(crowd(size), size.clients, callers, key),
      post(patient(size), Math.ceil(size.clients / 10), callers, key),
    ])
    before_the_school = told[0]
    where_there_is_room = told[1]

    const look = async (caller: Caller, code: string): Promise<ShelterSeen> =>
      JSON.parse((await caller.ask('GET', `/v1/shelters/${code}`, { key })).text)
    seen = await Promise.all(
      callers.map(async (caller) => ({
        school: await look(caller, school),
        roomy: await look(caller, roomy),
      })),
    )
    entries = await readJournal(one, keys.auditor)
    faults = await verifyFaults(database_url)
  }, 900_000)

  afterAll(async () => {
    for (const step of finish.reverse()) await step()
  })

  const arrivalsIn = (place: 'school' | 'roomy') =>
    entries.filter(({ type, shelter }) => type === 'household_arrived' && shelter === seen[0]?.[place].id)

  describe(`${size.clients} clients, ${size.posts} posts, two processes, a school with ${PLACES} places`, () => {
    const accepted = () => before_the_school.filter(({ status }) => status === 201)
    const refused = () => before_the_school.filter(({ status }) => status !== 201)

    test('exactly 100 people are in, by the answers, by both processes and by the journal', () => {
      const stays = new Map(accepted().map((told) => [arrivedOf(told).stay.id, arrivedOf(told).stay.people]))
      expect([...stays.values()].reduce((sum, people) => sum + people, 0)).toBe(PLACES)
      for (const { school } of seen) {
        expect(school.balance).toMatchObject({ places: PLACES, occupied: PLACES, free: 0 })
      }
      const arrivals = arrivalsIn('school')
      expect(arrivals.reduce((sum, { people = 0 }) => sum + people, 0)).toBe(PLACES)
      expect(new Set(arrivals.map(({ subject }) => subject?.id))).toEqual(new Set(stays.keys()))
    })

    test('was never overbooked at any commit on the way', () => {
      let occupied = 0
      for (const { people = 0, balance } of arrivalsIn('school')) {
        occupied += people
        expect(balance).toMatchObject({ places: PLACES, occupied, free: PLACES - occupied })
        expect(occupied).toBeLessThanOrEqual(PLACES)
      }
    })

    test('everybody else is told shelter_full, and that fewer places are free than were asked for', () => {
      const strange = refused().filter((told) => {
        const { code, free, requested } = refusedOf(told)
        const right = told.status === 409 && code === 'shelter_full' && requested === told.post.people
        return !(right && free >= 0 && free < requested)
      })
      expect(strange.map(shown).slice(0, 3)).toEqual([])
      expect(before_the_school).toHaveLength(size.posts + size.repeated * (size.times - 1))
      // Otherwise the race was over before anybody saw it.
      expect(new Set(refused().map((told) => refusedOf(told).free))).toEqual(new Set([1, 0]))
    })

    test('what a refusal calls free was so at a moment between the question and the answer', () => {
      expect(untimely(refused(), accepted(), entries).slice(0, 3)).toEqual([])
    })

    test(`${size.repeated} of the keys, posted ${size.times} times each at once, are answered byte by byte the same`, () => {
      const repeated = byKey(before_the_school).filter((told) => told.length > 1)
      expect(repeated).toHaveLength(size.repeated)
      for (const told of repeated) {
        expect(told).toHaveLength(size.times)
        expect([...new Set(told.map(shown))]).toHaveLength(1)
        expect(firstAnswers(told)).toHaveLength(told[0]?.status === 201 ? 1 : size.times)
      }
      expect(repeated.some(([told]) => told?.status === 201)).toBe(true)
    })
  })

  test(`${size.repeated} keys, posted ${size.times} times each where there is room, happen once each`, () => {
    const repeated = byKey(where_there_is_room)
    expect(repeated).toHaveLength(size.repeated)
    for (const told of repeated) {
      expect(told).toHaveLength(size.times)
      expect([...new Set(told.map(shown))]).toHaveLength(1)
      expect(told[0]?.status).toBe(201)
      expect(firstAnswers(told)).toHaveLength(1)
    }
    expect(arrivalsIn('roomy')).toHaveLength(size.repeated)
    for (const { roomy } of seen) expect(roomy.balance.occupied).toBe(size.repeated)
  })

  test('the journal has no gap, each entry follows the hash of the one before, and verify finds nothing', () => {
    expect(journalFaults(entries)).toEqual([])
    expect(faults).toEqual([])
  })

  test('processes that write at the same moment take turns at the head of the journal', async () => {
    const client = new pg.Client({ connectionString: database_url })
    await client.connect()
    try {
      // While we hold the head, each process gets as far as it can: to the head, and no further.
      await client.query('begin')
      await client.query('select seq from journal_head for update')
      const posts = callers.map((caller, index) =>
        caller.ask('POST', '/v1/arrivals', {
          key,
          idempotency_key: `race-turns-${index}`,
          body: { shelter: roomy, household: { people: 1 } },
        }),
      )
      await until('both processes wait', async () => {
        return (await sessionsWhere(client, writer_waits)).length === callers.length
      })
      await client.query('rollback')
      const answers = await Promise.all(posts)
      expect(answers.map(shown)).toEqual(callers.map(() => expect.stringMatching(/^201 /)))
      const seqs = answers.map(({ text }) => (JSON.parse(text) as Arrived).seq).sort((a, b) => a - b)
      expect(seqs).toEqual(callers.map((_, index) => entries.length + 1 + index))
    } finally {
      await client.end()
    }
  })
}
