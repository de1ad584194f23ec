import type { Status } from './story.ts'

/*
 * The contract as a small machine without time, network or database: what may happen, and what it does to which
 * moment. Written from the contract, never from src/: where the two differ, one of them is wrong.
 */

export type Figures = { places: number; blocked: number; occupied: number; held: number; emergency: number }
export type Balance = Figures & { free: number }

/** What one command moves in one shelter at one moment. */
export type Effect = Figures & { shelter: string; at: number }
export type Recorded = Effect & { seq: number }

export type Shelter = Figures & {
  code: string
  region: string
  status: Status
  closed_at?: number
  /** people who left untold: gone for the balance, still in their stays */
  gone: number
}

export type Stay = {
  name: string
  shelter: string
  reference?: string
  /** all who came in this stay */
  came: number
  present: number
  status: 'present' | 'departed' | 'transferred' | 'cancelled'
  arrived_at: number
  ended_at?: number
  last_out?: { how: 'departed' | 'transferred'; at: number }
  /** what this stay moved in the balance, each at its moment */
  moves: Move[]
  from_holds: { hold: string; people: number }[]
  /** the stays that go on from this one */
  next: string[]
  /** the stay that this one goes on from; of several that people moved from, the newest */
  before?: string
  /** in which order stays changed last */
  changed: number
}

type Move = { at: number; occupied: number; places: number; emergency: number }

export type Hold = {
  name: string
  shelter: string
  people: number
  remaining: number
  expires_at: number
  released: boolean
}

export type Block = { name: string; shelter: string; places: number; lifted: boolean }
export type Headcount = {
  name: string
  shelter: string
  people: number
  occupied: number
  at: number
  settled: boolean
}

export type World = {
  shelters: Map<string, Shelter>
  stays: Map<string, Stay>
  holds: Map<string, Hold>
  blocks: Map<string, Block>
  headcounts: Map<string, Headcount>
  effects: Recorded[]
  /** how often a stay changed */
  changes: number
}

/** A command with its moments settled; names are those of the story. */
export type Said =
  | {
      do: 'arrive'
      stay: string
      shelter: string
      people: number
      reference?: string
      moved: boolean
      at?: number
      hold?: string
      overflow: boolean
    }
  | { do: 'add'; stay: string; people: number; at?: number; hold?: string; overflow: boolean }
  | { do: 'depart'; stay: string; people?: number; at?: number }
  | {
      do: 'transfer'
      stay: string
      new_stay: string
      to: string
      people?: number
      at?: number
      hold?: string
      overflow: boolean
    }
  | { do: 'correct'; stay: string; people: number; overflow: boolean }
  | { do: 'cancel'; stay: string }
  | { do: 'hold'; hold: string; shelter: string; people: number; expires_at: number }
  | { do: 'release'; hold: string }
  | { do: 'block'; block: string; shelter: string; places: number; at?: number }
  | { do: 'lift'; block: string; shelter: string }
  | { do: 'change'; shelter: string; change: number; at?: number }
  | { do: 'set places'; shelter: string; places: number; expected?: number; at?: number }
  | { do: 'keep emergency'; shelter: string; keep: number; at?: number }
  | { do: 'count'; headcount: string; shelter: string; people: number; at?: number }
  | { do: 'settle'; headcount: string; shelter: string; group: string }
  | { do: 'set status'; shelter: string; status: Status }

/** Why not; `free`, where the refusal tells it. */
export type Refusal = { code: string; free?: number }

export type Happened = {
  effects: Effect[]
  /** whose balance and which thing the answer shows */
  shelter: string
  stay?: Stay
  hold?: Hold
  headcount?: Headcount
  from?: string
}

/** All reasons against it that are true; or, when there are none, the way to let it happen. */
export type Verdict = { refusals: Refusal[]; happen(seq: number): Happened }

/**
 * People who move from several stays at once (`moved`) go on from all of them: each may only be cancelled after the
 * later stay. The service remembers the newest alone so far; true, when it remembers all.
 */
const EVERY_SOURCE_IS_REMEMBERED: boolean = false

export const CLOCK_TOLERANCE_MS = 5 * 60_000
const HOUSEHOLD_MAX = 50

export const emptyWorld = (): World => ({
  shelters: new Map(),
  stays: new Map(),
  holds: new Map(),
  blocks: new Map(),
  headcounts: new Map(),
  effects: [],
  changes: 0,
})

export const isLive = (hold: Hold, now: number): boolean =>
  !hold.released && hold.remaining > 0 && hold.expires_at > now

export const held = (world: World, shelter: string, now: number): number => {
  let sum = 0
  for (const hold of world.holds.values()) {
    if (hold.shelter === shelter && isLive(hold, now)) sum += hold.remaining
  }
  return sum
}

export function balance(world: World, code: string, now: number): Balance {
  const { places, blocked, occupied, emergency } = theShelter(world, code)
  const kept = held(world, code, now)
  return { places, blocked, occupied, held: kept, emergency, free: places - blocked - occupied - kept }
}

export function theShelter(world: World, code: string): Shelter {
  const shelter = world.shelters.get(code)
  if (shelter === undefined) throw new Error(`the model knows no shelter ${code}`)
  return shelter
}

/** The sum of all effects of a moment, as known when an entry was the last; nothing is clamped. */
export function figuresAt(world: World, codes: ReadonlySet<string>, as_of: number, known: number): Balance {
  const sum = { places: 0, blocked: 0, occupied: 0, held: 0, emergency: 0 }
  for (const effect of world.effects) {
    if (effect.at > as_of || effect.seq > known || !codes.has(effect.shelter)) continue
    for (const name of figure_names) sum[name] += effect[name]
  }
  return { ...sum, free: sum.places - sum.blocked - sum.occupied - sum.held }
}

export const figure_names = ['places', 'blocked', 'occupied', 'held', 'emergency'] as const

export const openStays = (world: World): Stay[] =>
  [...world.stays.values()].filter(({ status }) => status === 'present')

const sameReference = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && bare(one) === bare(other)
const bare = (reference: string): string => reference.toUpperCase().replaceAll(/[\s-]/g, '')

/** Judges a command against the world as it is at `now`; nothing changes until `happen` is called. */
export function judge(world: World, said: Said, now: number): Verdict {
  const refusals: Refusal[] = []
  const effects: Effect[] = []
  const refuse = (code: string, free?: number): void => {
    refusals.push({ code, ...(free !== undefined && { free }) })
  }
  const never = (code: string): Verdict => ({
    refusals: [{ code }],
    happen: () => {
      throw new Error(code)
    },
  })
  const verdict = (happen: () => Omit<Happened, 'effects'>): Verdict => ({
    refusals,
    happen(seq) {
      const happened = happen()
      for (const effect of effects) world.effects.push({ ...effect, seq })
      return { ...happened, effects }
    },
  })

  /** Moves a balance, and notes the moment it is for. */
  function move(shelter: Shelter, at: number, change: Partial<Figures>): void {
    for (const name of figure_names) shelter[name] += name === 'held' ? 0 : (change[name] ?? 0)
    effects.push({
      shelter: shelter.code,
      at,
      places: 0,
      blocked: 0,
      occupied: 0,
      held: 0,
      emergency: 0,
      ...change,
    })
  }

  /** When it happened: as said, but never after its recording. */
  function moment(at: number | undefined): number {
    if (at !== undefined && at > now + CLOCK_TOLERANCE_MS) refuse('in_the_future')
    return Math.min(at ?? now, now)
  }

  /** Reserves places back or away from a hold: now, and the reverse at its end. */
  function moveHold(hold: Hold, people: number): void {
    hold.remaining += people
    const shelter = theShelter(world, hold.shelter)
    move(shelter, now, { held: people })
    move(shelter, hold.expires_at, { held: -people })
  }

  /** Room for people who come: what a hold gives, what is free, what has to be made. */
  function room(
    shelter: Shelter,
    people: number,
    wish: { hold?: string | undefined; overflow: boolean },
  ): { hold: Hold | undefined; used: number; missing: number } {
    let hold: Hold | undefined
    if (wish.hold !== undefined) {
      hold = world.holds.get(wish.hold)
      if (hold === undefined || hold.shelter !== shelter.code || !isLive(hold, now)) {
        refuse('hold_not_usable')
        hold = undefined
      }
    }
    const used = Math.min(hold?.remaining ?? 0, people)
    const { free } = balance(world, shelter.code, now)
    const missing = Math.max(0, people - used - free)
    // What is free to this party: the places held for it are.
    if (missing > 0 && !wish.overflow) refuse('shelter_full', free)
    return { hold, used, missing }
  }

  function takesPeople(shelter: Shelter, at: number, overflow: boolean): void {
    const { status, closed_at } = shelter
    const open =
      status === 'open' || (status === 'closed' ? closed_at !== undefined && at < closed_at : overflow)
    if (!open) refuse('shelter_not_open')
  }

  /** People come into a stay: the missing places first, then they. */
  function come(
    stay: Stay,
    shelter: Shelter,
    people: number,
    at: number,
    given: ReturnType<typeof room>,
  ): void {
    if (given.hold !== undefined && given.used > 0) {
      moveHold(given.hold, -given.used)
      stay.from_holds.push({ hold: given.hold.name, people: given.used })
    }
    const made = { occupied: people, places: given.missing, emergency: given.missing }
    move(shelter, at, made)
    stay.moves.push({ at, ...made })
    touch(stay)
    stay.came += people
    stay.present += people
  }

  /** Of stays that began at the same moment, the one that changed last counts as the newest. */
  function touch(stay: Stay): void {
    world.changes += 1
    stay.changed = world.changes
  }

  /** People leave, and emergency places with them; more than are in the balance left untold before, and count once. */
  function leave(shelter: Shelter, people: number, at: number): Move {
    const counted = Math.max(0, people - shelter.occupied)
    shelter.gone -= counted
    const leaving = people - counted
    const retired = Math.min(shelter.emergency, leaving)
    const left = { occupied: -leaving, places: -retired, emergency: -retired }
    move(shelter, at, left)
    return { at, ...left }
  }

  function leaveStay(stay: Stay, people: number, at: number, how: 'departed' | 'transferred'): void {
    const left = leave(theShelter(world, stay.shelter), people, at)
    stay.moves.push(left)
    stay.present -= people
    touch(stay)
    // Whom a headcount had booked as gone leaves no trace of how.
    if (left.occupied !== 0 && at >= (stay.last_out?.at ?? at)) stay.last_out = { how, at }
    if (stay.present === 0) end(stay, { how, at })
  }

  function end(stay: Stay, { how, at }: NonNullable<Stay['last_out']>): void {
    stay.status = how
    stay.ended_at = at
  }

  /** The stay a command is about, if it is one that people are in. */
  function presentStay(name: string, at: number): Stay | undefined {
    const stay = world.stays.get(name)
    if (stay === undefined) {
      refuse('stay_not_found')
      return undefined
    }
    if (stay.status !== 'present') refuse('stay_ended')
    if (at < stay.arrived_at) refuse('before_arrival')
    return stay
  }

  const newStay = (name: string, shelter: Shelter, at: number, more: Partial<Stay>): Stay => {
    const stay: Stay = {
      name,
      shelter: shelter.code,
      came: 0,
      present: 0,
      status: 'present',
      arrived_at: at,
      moves: [],
      from_holds: [],
      next: [],
      changed: 0,
      ...more,
    }
    world.stays.set(name, stay)
    return stay
  }

  switch (said.do) {
    case 'arrive': {
      const { people, reference } = said
      const at = moment(said.at)
      const shelter = theShelter(world, said.shelter)
      const open = openStays(world).filter((stay) => sameReference(stay.reference, reference))
      const elsewhere = said.moved ? open.filter((stay) => stay.shelter !== said.shelter) : []
      if (open.length > elsewhere.length) refuse('already_present')
      takesPeople(shelter, at, said.overflow)
      const given = room(shelter, people, said)
      elsewhere.sort((one, other) => other.arrived_at - one.arrived_at || other.changed - one.changed)
      let moving = people
      const sources: { stay: Stay; people: number }[] = []
      for (const stay of elsewhere) {
        const taken = Math.min(moving, stay.present)
        if (taken === 0) continue
        if (at < stay.arrived_at) refuse('before_arrival')
        sources.push({ stay, people: taken })
        moving -= taken
      }
      return verdict(() => {
        const [first] = sources
        const stay = newStay(said.stay, shelter, at, {
          ...(reference !== undefined && { reference }),
          ...(first !== undefined && { before: first.stay.name }),
        })
        for (const source of sources) {
          leaveStay(source.stay, source.people, at, 'transferred')
          if (source === first || EVERY_SOURCE_IS_REMEMBERED) source.stay.next.push(stay.name)
        }
        come(stay, shelter, people, at, given)
        return { shelter: shelter.code, stay }
      })
    }

    case 'add': {
      const at = moment(said.at)
      const stay = presentStay(said.stay, at)
      if (stay === undefined) return never('stay_not_found')
      const shelter = theShelter(world, stay.shelter)
      if (stay.reference !== undefined && stay.came + said.people > HOUSEHOLD_MAX) refuse('too_many_people')
      const given = room(shelter, said.people, said)
      return verdict(() => {
        come(stay, shelter, said.people, at, given)
        return { shelter: shelter.code, stay }
      })
    }

    case 'depart': {
      const at = moment(said.at)
      const stay = presentStay(said.stay, at)
      if (stay === undefined) return never('stay_not_found')
      if ((said.people ?? 1) > stay.present) refuse('more_than_present')
      return verdict(() => {
        leaveStay(stay, said.people ?? stay.present, at, 'departed')
        return { shelter: stay.shelter, stay }
      })
    }

    case 'transfer': {
      const at = moment(said.at)
      const stay = presentStay(said.stay, at)
      if (stay === undefined) return never('stay_not_found')
      const people = said.people ?? stay.present
      const target = theShelter(world, said.to)
      if (said.to === stay.shelter) refuse('same_shelter')
      if (people > stay.present) refuse('more_than_present')
      takesPeople(target, at, said.overflow)
      const given = room(target, people, said)
      return verdict(() => {
        leaveStay(stay, people, at, 'transferred')
        const next = newStay(said.new_stay, target, at, {
          ...(stay.reference !== undefined && { reference: stay.reference }),
          before: stay.name,
        })
        stay.next.push(next.name)
        come(next, target, people, at, given)
        return { shelter: target.code, stay: next, from: stay.shelter }
      })
    }

    case 'correct': {
      const stay = world.stays.get(said.stay)
      if (stay === undefined) return never('stay_not_found')
      if (stay.status === 'cancelled') refuse('stay_ended')
      const shelter = theShelter(world, stay.shelter)
      const more = said.people - stay.came
      if (stay.reference !== undefined && said.people > HOUSEHOLD_MAX) refuse('too_many_people')
      if (stay.status !== 'present') {
        // The difference came and left with the rest.
        if (more < 0) refuse('more_than_present')
        const { ended_at } = stay
        return verdict(() => {
          const none = { places: 0, emergency: 0 }
          for (const one of [
            { at: stay.arrived_at, occupied: more, ...none },
            { at: ended_at ?? now, occupied: -more, ...none },
          ]) {
            move(shelter, one.at, one)
            stay.moves.push(one)
          }
          stay.came += more
          return { shelter: shelter.code, stay }
        })
      }
      if (stay.present + more < 0) refuse('more_than_present')
      const given = room(shelter, Math.max(0, more), { overflow: said.overflow })
      return verdict(() => {
        touch(stay)
        if (more > 0) come(stay, shelter, more, stay.arrived_at, given)
        if (more < 0) {
          stay.moves.push(leave(shelter, -more, stay.arrived_at))
          stay.came += more
          stay.present += more
          // Nobody is left in it: it ended when the last of them left.
          if (stay.present === 0) end(stay, stay.last_out ?? { how: 'departed', at: stay.arrived_at })
        }
        return { shelter: shelter.code, stay }
      })
    }

    case 'cancel': {
      const stay = world.stays.get(said.stay)
      if (stay === undefined) return never('stay_not_found')
      if (stay.status === 'cancelled') refuse('stay_ended')
      if (stay.next.some((name) => world.stays.get(name)?.status !== 'cancelled')) refuse('stay_continued')
      const shelter = theShelter(world, stay.shelter)
      return verdict(() => {
        // Of those present, whom a headcount has booked as gone is not taken out again.
        const counted = Math.max(0, stay.present - shelter.occupied)
        shelter.gone -= counted
        const sum = (name: 'occupied' | 'emergency') =>
          stay.moves.reduce((total, one) => total + one[name], 0)
        const leaving = stay.present - counted
        // Its emergency places go, as many as are still there; those of others that it let go do not come back.
        const room = balance(world, shelter.code, now).free + leaving
        const retired = Math.max(0, Math.min(sum('emergency'), shelter.emergency, room))
        for (const { at, occupied, places, emergency } of stay.moves) {
          move(shelter, at, { occupied: -occupied, places: -places, emergency: -emergency })
        }
        // What cannot be taken back stays where it was made: at the arrival.
        const kept = sum('emergency') - retired
        const { at: first } = stay.moves[0] ?? { at: stay.arrived_at }
        move(shelter, first, { occupied: sum('occupied') - leaving, places: kept, emergency: kept })
        for (const { hold: name, people } of stay.from_holds) {
          const hold = world.holds.get(name)
          if (hold === undefined || hold.released || hold.expires_at <= now) continue
          // Others may be in them meanwhile: never overbooked goes first.
          const back = Math.min(people, balance(world, shelter.code, now).free)
          if (back > 0) moveHold(hold, back)
        }
        stay.status = 'cancelled'
        stay.present = 0
        return { shelter: shelter.code, stay }
      })
    }

    case 'hold': {
      const shelter = theShelter(world, said.shelter)
      if (said.expires_at <= now) refuse('hold_too_long')
      if (shelter.status !== 'open') refuse('shelter_not_open')
      const { free } = balance(world, said.shelter, now)
      if (said.people > free) refuse('shelter_full', free)
      return verdict(() => {
        const hold: Hold = {
          name: said.hold,
          shelter: said.shelter,
          people: said.people,
          remaining: 0,
          expires_at: said.expires_at,
          released: false,
        }
        world.holds.set(said.hold, hold)
        moveHold(hold, said.people)
        return { shelter: said.shelter, hold }
      })
    }

    case 'release': {
      const hold = world.holds.get(said.hold)
      if (hold === undefined) return never('hold_not_found')
      if (!isLive(hold, now)) refuse('hold_not_usable')
      return verdict(() => {
        moveHold(hold, -hold.remaining)
        hold.released = true
        return { shelter: hold.shelter, hold }
      })
    }

    case 'block': {
      const at = moment(said.at)
      const shelter = theShelter(world, said.shelter)
      if (said.places > balance(world, said.shelter, now).free) refuse('places_in_use')
      return verdict(() => {
        world.blocks.set(said.block, {
          name: said.block,
          shelter: said.shelter,
          places: said.places,
          lifted: false,
        })
        move(shelter, at, { blocked: said.places })
        return { shelter: said.shelter }
      })
    }

    case 'lift': {
      const block = world.blocks.get(said.block)
      if (block === undefined || block.shelter !== said.shelter) return never('block_not_found')
      if (block.lifted) refuse('block_lifted')
      return verdict(() => {
        block.lifted = true
        move(theShelter(world, block.shelter), now, { blocked: -block.places })
        return { shelter: block.shelter }
      })
    }

    case 'change':
    case 'set places': {
      const at = moment(said.at)
      const shelter = theShelter(world, said.shelter)
      if (said.do === 'set places' && said.expected !== undefined && said.expected !== shelter.places) {
        refuse('changed_meanwhile')
      }
      const change = said.do === 'change' ? said.change : said.places - shelter.places
      if (change < 0 && -change > balance(world, said.shelter, now).free) refuse('places_in_use')
      return verdict(() => {
        const retired = change < 0 ? Math.min(-change, shelter.emergency) : 0
        move(shelter, at, { places: change, emergency: -retired })
        return { shelter: said.shelter }
      })
    }

    case 'keep emergency': {
      const at = moment(said.at)
      const shelter = theShelter(world, said.shelter)
      if (said.keep > shelter.emergency) refuse('changed_meanwhile')
      return verdict(() => {
        move(shelter, at, { emergency: -said.keep })
        return { shelter: said.shelter }
      })
    }

    case 'count': {
      const at = moment(said.at)
      const { occupied } = figuresAt(world, new Set([said.shelter]), at, Number.POSITIVE_INFINITY)
      return verdict(() => {
        const headcount: Headcount = {
          name: said.headcount,
          shelter: said.shelter,
          people: said.people,
          occupied,
          at,
          settled: false,
        }
        world.headcounts.set(said.headcount, headcount)
        return { shelter: said.shelter, headcount }
      })
    }

    case 'settle': {
      const headcount = world.headcounts.get(said.headcount)
      if (headcount === undefined || headcount.shelter !== said.shelter) return never('headcount_not_found')
      if (headcount.settled) refuse('headcount_settled')
      const shelter = theShelter(world, said.shelter)
      const difference = headcount.people - headcount.occupied
      if (-difference > shelter.occupied) refuse('more_than_present')
      return verdict(() => {
        headcount.settled = true
        if (difference > 0) {
          const given = room(shelter, difference, { overflow: true })
          come(newStay(said.group, shelter, headcount.at, {}), shelter, difference, headcount.at, given)
        }
        if (difference < 0) {
          const retired = Math.min(shelter.emergency, -difference)
          move(shelter, headcount.at, { occupied: difference, places: -retired, emergency: -retired })
          shelter.gone -= difference
        }
        return { shelter: said.shelter, headcount }
      })
    }

    case 'set status': {
      const shelter = theShelter(world, said.shelter)
      const kept = balance(world, said.shelter, now)
      const closing = said.status === 'closed' && shelter.status !== 'closed'
      if (closing && kept.occupied + kept.held > 0) refuse('places_in_use')
      return verdict(() => {
        if (closing) shelter.closed_at = now
        shelter.status = said.status
        return { shelter: said.shelter }
      })
    }
  }
}
