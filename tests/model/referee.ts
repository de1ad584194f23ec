import { type Caller, openCaller } from '../setup/caller.ts'
import { journalFaults, readJournal, verifyFaults } from '../setup/journal.ts'
import type { Asked } from './ask.ts'
import type { Chance } from './chance.ts'
import {
  type Balance,
  balance,
  type Effect,
  figure_names,
  figuresAt,
  type Happened,
  isLive,
  judge,
  openStays,
  type Stay,
} from './model.ts'
import type { Round, Stage, Told } from './play.ts'
import { shownCommand } from './story.ts'

/*
 * Compares what the services answered and wrote with the model, in the order of the journal. The first difference
 * ends the story.
 */

/** What was found, and by which check. */
export class Difference extends Error {
  readonly check: string

  constructor(check: string, detail: string) {
    super(`${check}: ${detail}`)
    this.check = check
  }
}

type WireEffect = Omit<Effect, 'at'> & { at: string }

type Entry = {
  seq: number
  type: string
  recorded_at: string
  shelter?: string
  people?: number
  subject?: { type: string; id: string }
  effects?: WireEffect[]
  balance?: Balance
  data?: { stay?: string }
}

/** How far the clock of the database and ours may be apart, on one machine. */
const CLOCKS_DIFFER_MS = 50

const shown = (value: unknown): string => JSON.stringify(value)
const same = (one: unknown, other: unknown): boolean => shown(one) === shown(other)

/** In one order, whatever order they came in. */
const plain = ({ places, blocked, occupied, held, emergency, free }: Balance): Balance => ({
  places,
  blocked,
  occupied,
  held,
  emergency,
  free,
})

/** Effects summed by shelter and moment, as lines: how an entry cuts them up is its own affair. */
function summed(effects: readonly Effect[]): string[] {
  const sums = new Map<string, Record<string, number>>()
  for (const effect of effects) {
    const key = `${effect.shelter} ${new Date(effect.at).toISOString()}`
    const sum = sums.get(key) ?? {}
    for (const name of figure_names) sum[name] = (sum[name] ?? 0) + effect[name]
    sums.set(key, sum)
  }
  return [...sums]
    .flatMap(([key, sum]) => {
      const moved = figure_names.filter((name) => sum[name] !== 0).map((name) => `${name} ${sum[name]}`)
      return moved.length > 0 ? [`${key}: ${moved.join(', ')}`] : []
    })
    .sort()
}

type ShownStay = {
  id: string
  shelter: string
  people: number
  people_arrived: number
  status: string
  arrived_at: string
  transferred_from: string | null
  transferred_to: string[]
}

export type Tally = {
  commands: number
  accepted: Record<string, number>
  refused: Record<string, number>
  replayed: number
  asked: number
  entries: number
}

export function referee(stage: Stage) {
  const { world, ids } = stage
  let head = stage.head
  let recorded_before = ''
  const recorded_at = new Map<number, string>()
  const touched = new Set<Stay>()
  const tally: Tally = { commands: 0, accepted: {}, refused: {}, replayed: 0, asked: 0, entries: 0 }
  const count = (counts: Record<string, number>, name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  const code_of = new Map([...world.shelters.keys()].map((code) => [ids.get(code) ?? '', code]))
  const codes_of = Map.groupBy(world.shelters.values(), ({ region }) => region)
  const everywhere = new Set(world.shelters.keys())

  async function readEntries(): Promise<Entry[]> {
    const entries: Entry[] = []
    for (let after = head; ; ) {
      const { body } = await stage.call(0, 'GET', `/v1/changes?after=${after}&limit=500`)
      const page = body as { items: Entry[]; next: number; head: number }
      entries.push(...page.items)
      if (page.next >= page.head) return entries
      after = page.next
    }
  }

  /** Moments at which something may have been decided: both ends of a wait, and the ends of holds between. */
  function momentsOf({ sent_at, told_at }: { sent_at: number; told_at: number }): number[] {
    const [from, to] = [sent_at - CLOCKS_DIFFER_MS, told_at + CLOCKS_DIFFER_MS]
    const ends = [...world.holds.values()]
      .map(({ expires_at }) => expires_at)
      .filter((end) => end > from && end <= to)
    return [from, ...ends, to]
  }

  /** What of a refusal or a question would be true now; called before and after each entry. */
  function observer(refused: readonly Told[], asked: readonly Asked[]) {
    const reasons = new Map(refused.map((told) => [told, new Set<string>()]))
    const balances = new Map(asked.map((one) => [one, new Set<string>()]))
    return {
      look() {
        for (const [told, seen] of reasons) {
          for (const now of momentsOf(told)) {
            const { refusals } = judge(world, told.post.said, now)
            if (refusals.length === 0) seen.add('nothing')
            for (const { code, free } of refusals) seen.add(free === undefined ? code : `${code} ${free}`)
          }
        }
        for (const [one, seen] of balances) {
          for (const now of momentsOf(one)) seen.add(shown(plain(balance(world, one.shelter ?? '', now))))
        }
      },
      conclude() {
        for (const [{ command, status, body }, seen] of reasons) {
          const said = body.code === 'shelter_full' ? `${body.code} ${body.free}` : body.code
          if (status < 400 || status >= 500 || !seen.has(said ?? '')) {
            throw new Difference(
              'a refusal says what was so between question and answer',
              `command ${command.number} was answered ${status} ${shown(body)}; true in that time: ${[...seen].join(', ')}`,
            )
          }
        }
        for (const [one, seen] of balances) {
          if (!seen.has(shown(plain(one.body.balance)))) {
            throw new Difference(
              'a shelter is shown as it was between question and answer',
              `command ${one.command.number} was answered ${shown(one.body.balance)}; it was ${[...seen].join(' or ')}`,
            )
          }
        }
      },
    }
  }

  /** Sorts the answers: what was done, what was refused; and repetitions must be the same to the byte. */
  function sort(round: Round): { done: Map<number, Told>; patched: Told[]; refused: Told[] } {
    const done = new Map<number, Told>()
    const patched: Told[] = []
    const refused: Told[] = []
    const done_before = new Set(round.told.map(({ post }) => post).filter((post) => post.done !== undefined))
    for (const told of round.told) {
      tally.commands += 1
      const { post, status, body, replayed } = told
      if (status >= 500) throw new Difference('no answer is an error of ours', `${post.path}: ${shown(body)}`)
      if (status >= 400) {
        count(tally.refused, body.code ?? '')
        refused.push(told)
        if (done_before.has(post)) {
          throw new Difference(
            'what is sent again is answered the same',
            `command ${told.command.number}: first ${post.done?.status} ${post.done?.text}, again ${status} ${shown(body)}`,
          )
        }
        continue
      }
      const text = shown(body)
      if (post.method === 'PATCH') {
        patched.push(told)
        count(tally.accepted, post.said.do)
        continue
      }
      if (post.done === undefined) {
        post.done = { status, text, seq: body.seq }
        done.set(body.seq, told)
        count(tally.accepted, post.said.do)
        continue
      }
      tally.replayed += 1
      // Which of two at once came first, the order here does not tell.
      const first = done.get(body.seq)
      if (replayed === false && first !== undefined && first.replayed !== false) done.set(body.seq, told)
      else if (replayed === false) {
        throw new Difference(
          'what is sent again is done once',
          `command ${told.command.number} was done anew: ${post.done.text}, then ${text}`,
        )
      }
      if (!same([post.done.status, post.done.text], [status, text])) {
        throw new Difference(
          'what is sent again is answered the same',
          `command ${told.command.number}: first ${post.done.status} ${post.done.text}, again ${status} ${text}`,
        )
      }
    }
    return { done, patched, refused }
  }

  function checkDone(told: Told, group: Entry[], entry: Entry): void {
    const { post, body, command } = told
    const now = Date.parse(entry.recorded_at)
    const where = `command ${command.number}, entry ${entry.seq} ${entry.type}`
    const { refusals, happen } = judge(world, post.said, now)
    if (refusals.length > 0) {
      throw new Difference(
        'what was done may be done',
        `${where}: should have been refused: ${shown(refusals)}; was answered ${shown(body)}`,
      )
    }
    if (post.said.do === 'settle') {
      // The group has no other name than the one the journal gives it.
      if (entry.data?.stay !== undefined) ids.set(post.said.group, entry.data.stay)
    }
    const happened = happen(entry.seq)
    const written = group.flatMap(({ effects = [] }) =>
      effects.map((effect) => ({
        ...effect,
        shelter: code_of.get(effect.shelter) ?? effect.shelter,
        at: Date.parse(effect.at),
      })),
    )
    compare('the journal has the effects of what was done', where, summed(written), summed(happened.effects))
    compare(
      'an answer shows the balance of its entry',
      where,
      plain(body.balance),
      plain(balance(world, happened.shelter, now)),
    )
    if (entry.balance !== undefined) {
      compare('an entry shows the balance of its answer', where, plain(entry.balance), plain(body.balance))
    }
    if (happened.from !== undefined && body.from !== undefined) {
      const left = plain(balance(world, happened.from, now))
      compare('a transfer shows the balance of where they left', where, plain(body.from.balance), left)
    }
    checkThing(happened, told, where, now)
    for (const shelter of world.shelters.values()) {
      const whole = balance(world, shelter.code, now)
      if (Object.values(whole).some((figure) => figure < 0)) {
        throw new Difference('never overbooked', `${where}: ${shelter.code} has ${shown(whole)}`)
      }
    }
  }

  function checkThing({ stay, hold, headcount }: Happened, { body }: Told, where: string, now: number): void {
    if (stay !== undefined) touched.add(stay)
    if (stay !== undefined && body.stay !== undefined) {
      const { people, status, id } = body.stay
      compare(
        'an answer shows the stay as it is now',
        where,
        { id, people, status },
        { id: ids.get(stay.name), people: stay.present, status: stay.status },
      )
    }
    if (hold !== undefined && body.hold !== undefined) {
      compare(
        'an answer shows what is left of the hold',
        where,
        body.hold.remaining,
        isLive(hold, now) ? hold.remaining : 0,
      )
    }
    if (headcount !== undefined && body.headcount !== undefined) {
      compare(
        'a headcount is compared with its moment, as known',
        where,
        [body.headcount.occupied, body.headcount.difference],
        [headcount.occupied, headcount.people - headcount.occupied],
      )
    }
  }

  function compare(check: string, where: string, found: unknown, expected: unknown): void {
    if (!same(found, expected)) {
      throw new Difference(check, `${where}\n    found    ${shown(found)}\n    expected ${shown(expected)}`)
    }
  }

  function checkCapacity({ command, as_of, known, status, body, path }: Asked): void {
    const where = `command ${command.number}, ${path}`
    if (status !== 200) throw new Difference('capacity is told', `${where}: ${status} ${shown(body)}`)
    const moment = Date.parse(body.as_of)
    const recorded = recorded_at.get(body.seq) ?? ''
    if (as_of === undefined && body.as_of < recorded) {
      throw new Difference(
        'what is told as of now was recorded by then',
        `${where}: as of ${body.as_of}, but entry ${body.seq} was recorded at ${recorded}`,
      )
    }
    if (as_of !== undefined) compare('capacity is of the moment asked for', where, moment, as_of)
    if (known !== undefined) compare('capacity is as known then', where, body.seq, known)
    const figures = (codes: Iterable<string>) => figuresAt(world, new Set(codes), moment, body.seq)
    for (const [region, shelters] of codes_of) {
      const found = body.regions.find((one) => one.region === region)
      const expected = figures(shelters.map(({ code }) => code))
      compare(
        'capacity of any moment is the sum of its effects',
        `${where}, ${region} as of ${body.as_of}, seq ${body.seq}`,
        found && plain(found),
        expected,
      )
    }
    compare('regions add up to the nation', where, plain(body.national), figures(everywhere))
  }

  async function settle(round: Round): Promise<void> {
    const { done, patched, refused } = sort(round)
    const entries = await readEntries()
    tally.entries += entries.length
    tally.asked += round.asked.length
    const questions = round.asked.filter(({ shelter }) => shelter !== undefined)
    const observed = observer(refused, questions)
    observed.look()
    let group: Entry[] = []
    for (const entry of entries) {
      if (entry.seq !== head + 1) throw new Difference('no gaps', `entry ${entry.seq} follows ${head}`)
      head = entry.seq
      if (entry.recorded_at < recorded_before) {
        throw new Difference('recorded_at rises', `entry ${entry.seq}: ${entry.recorded_at}`)
      }
      recorded_before = entry.recorded_at
      recorded_at.set(entry.seq, entry.recorded_at)
      if (entry.type === 'hold_expired') {
        checkExpired(entry)
        continue
      }
      group.push(entry)
      // A status that the shelter had already makes no entry, and answers with an older one.
      const patch =
        entry.type === 'shelter_changed' ? patched.find(({ body }) => body.seq === entry.seq) : undefined
      const told = patch ?? done.get(entry.seq)
      if (told === undefined) continue
      done.delete(entry.seq)
      checkDone(told, group, entry)
      group = []
      observed.look()
    }
    const unasked = group.map(({ seq, type }) => `${seq} ${type}`)
    if (unasked.length > 0) throw new Difference('every entry has its answer', unasked.join(', '))
    for (const [seq, { command, body }] of done) {
      throw new Difference('every answer has its entry', `command ${command.number}, ${seq}: ${shown(body)}`)
    }
    observed.conclude()
    for (const asked of round.asked) if (asked.shelter === undefined) checkCapacity(asked)
  }

  function checkExpired(entry: Entry): void {
    const name = [...world.holds.keys()].find((one) => ids.get(one) === entry.subject?.id)
    const hold = world.holds.get(name ?? '')
    const due = hold !== undefined && hold.expires_at <= Date.parse(entry.recorded_at)
    if (!due || hold.released || hold.remaining !== entry.people) {
      throw new Difference('only what is due expires', `${shown(entry)}; the model knows ${shown(hold)}`)
    }
  }

  /** Figures of now on both services, and people in open stays against the balance. */
  async function lookAround(): Promise<void> {
    await lookAtStays()
    for (const shelter of world.shelters.values()) {
      const inside = openStays(world)
        .filter((stay) => stay.shelter === shelter.code)
        .reduce((sum, { present }) => sum + present, 0)
      compare(
        'people in open stays are those in the balance and those who left untold',
        shelter.code,
        shelter.occupied + shelter.gone,
        inside,
      )
      for (const service of [0, 1] as const) {
        const sent_at = Date.now()
        const { body } = await stage.call(service, 'GET', `/v1/shelters/${shelter.code}`)
        const possible = momentsOf({ sent_at, told_at: Date.now() }).map((now) =>
          plain(balance(world, shelter.code, now)),
        )
        if (!possible.some((one) => same(one, plain(body.balance)))) {
          compare('a shelter shows its balance', shelter.code, plain(body.balance), possible[0])
        }
      }
    }
  }

  /** The stays that changed lately, on either service. */
  async function lookAtStays(): Promise<void> {
    const lately = [...touched].slice(-8)
    touched.clear()
    for (const [index, stay] of lately.entries()) {
      const { body } = await stage.call(index % 2 === 0 ? 0 : 1, 'GET', `/v1/stays/${ids.get(stay.name)}`)
      checkStay(stay, body as ShownStay)
    }
  }

  /** Everything, once the story is told. */
  async function finish(chance: Chance): Promise<void> {
    await lookAround()
    await checkStays()
    await checkHolds()
    await askAnyMoments(chance)
    await checkHistory(chance)
    const again = [...stage.posts.values()].filter(({ done }) => done !== undefined)
    for (let times = 0; times < 20 && again.length > 0; times += 1) {
      const post = chance.pick(again)
      if (post?.done === undefined) continue
      const told = await stage.repeat(post, chance.happens(0.5) ? 1 : 0)
      compare(
        'what is sent again is answered the same',
        `key ${post.key} at the end`,
        [told.status, told.body, told.replayed],
        [post.done.status, JSON.parse(post.done.text), true],
      )
    }
    const entries = await readEntries()
    if (entries.some(({ type }) => type !== 'hold_expired')) {
      throw new Difference('what is sent again is done once', shown(entries))
    }
    await checkJournal()
    const faults = await verifyFaults(stage.database_url)
    if (faults.length > 0) throw new Difference('npm run verify finds nothing', faults.join('; '))
  }

  async function checkJournal(): Promise<void> {
    const caller: Caller = openCaller(stage.base, 2)
    try {
      const faults = journalFaults(await readJournal(caller, stage.auditor))
      if (faults.length > 0) throw new Difference('the journal is a chain', faults.slice(0, 5).join('; '))
    } finally {
      await caller.close()
    }
  }

  async function all<Item>(path: string): Promise<Item[]> {
    const items: Item[] = []
    for (let cursor = ''; ; ) {
      const { body } = await stage.call(1, 'GET', `${path}?limit=500${cursor}`)
      const page = body as { items: Item[]; next_cursor: string | null }
      items.push(...page.items)
      if (page.next_cursor === null) return items
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`
    }
  }

  function checkStay(stay: Stay, one: ShownStay | undefined): void {
    const goes_on = stay.next.filter((name) => world.stays.get(name)?.status !== 'cancelled')
    compare(
      'a stay is told as it is',
      stay.name,
      one && [
        code_of.get(one.shelter),
        one.people,
        one.people_arrived,
        one.status,
        one.arrived_at,
        one.transferred_from,
        [...one.transferred_to].sort(),
      ],
      [
        stay.shelter,
        stay.present,
        stay.came,
        stay.status,
        new Date(stay.arrived_at).toISOString(),
        stay.before === undefined ? null : ids.get(stay.before),
        goes_on.map((name) => ids.get(name)).sort(),
      ],
    )
  }

  async function checkStays(): Promise<void> {
    const found = new Map((await all<ShownStay>('/v1/stays')).map((stay) => [stay.id, stay]))
    compare('every stay is told', 'GET /v1/stays', found.size, world.stays.size)
    for (const stay of world.stays.values()) checkStay(stay, found.get(ids.get(stay.name) ?? ''))
  }

  async function checkHolds(): Promise<void> {
    const found = await all<{ id: string; remaining: number; status: string; expires_at: string }>(
      '/v1/holds',
    )
    compare('every hold is told', 'GET /v1/holds', found.length, world.holds.size)
    const now = Date.now()
    for (const hold of world.holds.values()) {
      const one = found.find(({ id }) => id === ids.get(hold.name))
      // On the edge either is right.
      if (Math.abs(hold.expires_at - now) < 1_000) continue
      const live = isLive(hold, now)
      compare('a hold is told as it is', hold.name, one && [one.remaining, one.status === 'live'], [
        live ? hold.remaining : 0,
        live,
      ])
    }
  }

  async function askAnyMoments(chance: Chance): Promise<void> {
    const seqs = [...stage.posts.values()].flatMap(({ done }) => done?.seq ?? [])
    for (let times = 0; times < 30; times += 1) {
      const effect = chance.pick(world.effects)
      const as_of = (effect?.at ?? stage.day) + chance.whole(-1, 1)
      const known = chance.happens(0.5) ? chance.pick(seqs) : undefined
      const query = `as_of=${new Date(as_of).toISOString()}${known === undefined ? '' : `&known_seq=${known}`}`
      const path = `/v1/capacity?${query}`
      const { status, body } = await stage.call(chance.happens(0.5) ? 1 : 0, 'GET', path)
      const command = { number: 0, deed: { do: 'ask' as const }, service: 0 as const }
      checkCapacity({ command, shelter: undefined, as_of, known, path, status, body, sent_at: 0, told_at: 0 })
    }
  }

  async function checkHistory(chance: Chance): Promise<void> {
    for (const shelter of world.shelters.values()) {
      const from = stage.day - 5 * 86_400_000 + chance.whole(0, 3_600_000)
      const query = `from=${new Date(from).toISOString()}&to=${new Date(stage.day + 86_400_000).toISOString()}`
      const { body } = await stage.call(
        0,
        'GET',
        `/v1/capacity/history?${query}&step=PT4H&shelter=${shelter.code}`,
      )
      for (const point of body as ({ at: string } & Balance)[]) {
        const expected = figuresAt(
          world,
          new Set([shelter.code]),
          Date.parse(point.at),
          Number.POSITIVE_INFINITY,
        )
        compare('history shows each moment', `${shelter.code} at ${point.at}`, plain(point), expected)
      }
    }
  }

  return { settle, lookAround, finish, tally, shownCommand }
}
