import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Caller, openCaller, type Reply } from './caller.ts'
import { freshDatabase } from './database.ts'
import { type JournalEntry, journalFaults, readJournal, verifyFaults } from './journal.ts'
import { issueKeys } from './keys.ts'
import { aShelter } from './service.ts'

/*
 * Promise: never overbooked, whatever the crowd and the number of processes; whoever is refused is told the truth;
 * and a post repeated with the same key happens once and answers the same, on every process.
 *
 * One scenario in two sizes: a tenth of it in `npm test`, all of it in `npm run test:slow`.
 */

export type RaceSize = {
  /** callers at once, each with one post under way */
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
const roomy = 'AM-KT-0002'

type Post = { key: string; shelter: string; people: number; times: number }

/** One answer, and the moments between which it was decided. */
type Told = Reply & { post: Post; asked_at: number; told_at: number }

type Arrived = {
  stay: { id: string; people: number }
  balance: { occupied: number; free: number }
  seq: number
}
type Refused = { code: string; free: number; requested: number }

/**
 * The crowd before the school: families of three first, then one to three, then single people, so that it fills up
 * to the last place with refusals at one and two free places on the way. The keys that are posted again and again
 * are those of single people: they are refused with nothing free, now and ever, so even their refusals are alike.
 */
function crowd({ posts, repeated, times }: RaceSize): Post[] {
  const every = Math.floor(posts / repeated)
  return Array.from({ length: posts }, (_, index) => {
    const again = index % every === 0 && index / every < repeated
    const size = index < posts / 10 ? 3 : index < posts / 5 ? 1 + (index % 3) : 1
    return {
      key: `race-school-${String(index).padStart(5, '0')}`,
      shelter: school,
      people: again ? 1 : size,
      times: again ? times : 1,
    }
  })
}

/** Where there is room for all, each of whom is posted again and again. */
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
  return refusals.filter((refusal) => {
    const stood = standing.get(refusedOf(refusal).free)
    return stood === undefined || refusal.told_at < stood.from || refusal.asked_at > stood.until
  })
}

/** Registers the tests of the race. `start` gives two processes that serve one database. */
export function raceTests(size: RaceSize, start: (database_url: string) => Promise<TwoProcesses>): void {
  let before_the_school: Told[] = []
  let where_there_is_room: Told[] = []
  let entries: JournalEntry[] = []
  let faults: string[] = []
  const seen: { occupied: number; free: number; places: number }[] = []
  const finish: (() => Promise<void>)[] = []

  beforeAll(async () => {
    const database = await freshDatabase()
    finish.push(database.drop)
    const processes = await start(database.url)
    finish.push(processes.stop)
    const keys = await issueKeys(database.url, ['national_coordinator', 'auditor'])
    const key = keys.national_coordinator
    const callers = processes.bases.map((base) => openCaller(base, size.clients))
    finish.push(async () => {
      for (const caller of callers) await caller.close()
    })
    const [one] = callers
    if (one === undefined) throw new Error('there is no process to ask')
    for (const shelter of [aShelter(school, PLACES), aShelter(roomy, size.repeated + PLACES)]) {
      const idempotency_key = `race-shelter-${shelter.code}`
      const made = await one.ask('POST', '/v1/shelters', { key, idempotency_key, body: shelter })
      if (made.status !== 201) throw new Error(made.text)
    }

    before_the_school = await post(crowd(size), size.clients, callers, key)
    where_there_is_room = await post(patient(size), size.clients, callers, key)

    for (const caller of callers) {
      const { text } = await caller.ask('GET', `/v1/shelters/${school}`, { key })
      seen.push((JSON.parse(text) as { balance: (typeof seen)[number] }).balance)
    }
    entries = await readJournal(one, keys.auditor)
    faults = await verifyFaults(database.url)
  }, 300_000)

  afterAll(async () => {
    for (const step of finish.reverse()) await step()
  })

  describe(`${size.clients} clients, ${size.posts} posts, two processes, a school with ${PLACES} places`, () => {
    const accepted = () => before_the_school.filter(({ status }) => status === 201)
    const refused = () => before_the_school.filter(({ status }) => status !== 201)
    const arrivalsIn = (stays: ReadonlySet<string>) =>
      entries.filter(({ type, subject }) => type === 'household_arrived' && stays.has(subject?.id ?? ''))
    const acceptedArrivals = () => arrivalsIn(new Set(accepted().map((told) => arrivedOf(told).stay.id)))

    test('exactly 100 people are in, by the answers, by both processes and by the journal', () => {
      const stays = new Map(accepted().map((told) => [arrivedOf(told).stay.id, arrivedOf(told).stay.people]))
      expect([...stays.values()].reduce((sum, people) => sum + people, 0)).toBe(PLACES)
      const full = { places: PLACES, occupied: PLACES, free: 0 }
      expect(seen).toMatchObject([full, full])
      const in_school = entries.filter(({ type, balance }) => {
        return type === 'household_arrived' && balance?.places === PLACES
      })
      expect(in_school.reduce((sum, { people = 0 }) => sum + people, 0)).toBe(PLACES)
      expect(in_school).toEqual(acceptedArrivals())
    })

    test('was never overbooked at any commit on the way', () => {
      let occupied = 0
      for (const { people = 0, balance } of acceptedArrivals()) {
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
      expect(strange.slice(0, 3)).toEqual([])
      expect(accepted().length + refused().length).toBe(size.posts + size.repeated * (size.times - 1))
      // Otherwise the race was over before anybody saw it.
      expect(refused().some((told) => refusedOf(told).free > 0)).toBe(true)
      expect(refused().some((told) => refusedOf(told).free === 0)).toBe(true)
    })

    test('what a refusal calls free was so at a moment between the question and the answer', () => {
      expect(untimely(refused(), accepted(), entries).slice(0, 3)).toEqual([])
    })

    test(`${size.repeated} of the keys, posted ${size.times} times each at once, are answered byte by byte the same`, () => {
      const repeated = byKey(before_the_school).filter((told) => told.length > 1)
      expect(repeated).toHaveLength(size.repeated)
      for (const told of repeated) {
        expect(told).toHaveLength(size.times)
        expect(new Set(told.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
        const [{ status } = { status: 0 }] = told
        expect(firstAnswers(told)).toHaveLength(status === 201 ? 1 : size.times)
      }
      expect(repeated.some(([told]) => told?.status === 201)).toBe(true)
    })
  })

  test(`${size.repeated} keys, posted ${size.times} times each where there is room, happen once each`, () => {
    const repeated = byKey(where_there_is_room)
    expect(repeated).toHaveLength(size.repeated)
    for (const told of repeated) {
      expect(told).toHaveLength(size.times)
      expect(new Set(told.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
      expect(told[0]?.status).toBe(201)
      expect(firstAnswers(told)).toHaveLength(1)
    }
    const arrivals = entries.filter(
      (entry) => entry.type === 'household_arrived' && entry.balance?.places === size.repeated + PLACES,
    )
    expect(arrivals).toHaveLength(size.repeated)
    expect(arrivals.at(-1)?.balance?.occupied).toBe(size.repeated)
  })

  test('the journal has no gap, each entry follows the hash of the one before, and verify finds nothing', () => {
    expect(journalFaults(entries)).toEqual([])
    expect(faults).toEqual([])
  })
}
