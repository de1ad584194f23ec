import type { Chance } from './chance.ts'
import { balance, type Hold, isLive, openStays, type Stay, type World } from './model.ts'
import type { Command, Deed, Status, When } from './story.ts'

/*
 * Makes the next round of a story up: mostly what may happen, with some of what may not, and much of it in one
 * shelter at once. It looks into the model to know who is where; whether it was right, the answers will tell.
 */

const DAY = 86_400_000
const HOUR = 3_600_000
/** Around the midnight of Yerevan and that of Greenwich, to the millisecond. */
const corners = [0, 1, -1, 4 * HOUR, 4 * HOUR - 1, 4 * HOUR + 1, 20 * HOUR]
const LATEST_DAYS = 4

const numberOf = (name: string): number => Number(name.split(' ')[1])

export type Inventor = { round(world: World, day: number): Command[] }

export function inventor(chance: Chance): Inventor {
  let number = 0
  const posts: number[] = []
  const { whole, happens, pick } = chance

  const someTime = (): When => ({
    day_plus:
      -DAY * whole(0, LATEST_DAYS) + (happens(0.7) ? (pick(corners) ?? 0) : Math.floor(chance.real() * DAY)),
  })

  function maybeWhen(day: number, not_before?: number): { when?: When } {
    if (happens(0.45)) return {}
    if (happens(0.05)) return { when: { ahead: pick([30_000, 200_000, 900_000]) ?? 0 } }
    const when = someTime()
    if (not_before !== undefined && 'day_plus' in when && day + when.day_plus < not_before) {
      // Now and then it is left too early; else right at the arrival, or now.
      if (happens(0.7)) return happens(0.5) ? {} : { when: { day_plus: not_before - day } }
    }
    return { when }
  }

  const reference = (): string => {
    const card = whole(1, 25)
    return pick([`AR-${card} 7`, `ar${card}7`, `AR ${card}-7`]) ?? ''
  }

  const people = (): number => (happens(0.15) ? whole(6, 12) : whole(1, 5))

  function someStay(world: World, focus: string): Stay | undefined {
    const all = [...world.stays.values()]
    if (happens(0.12)) return pick(all)
    const open = openStays(world)
    const here = open.filter(({ shelter }) => shelter === focus)
    return pick(here) ?? pick(open) ?? pick(all)
  }

  function someHold(world: World, shelter: string, now: number): Hold | undefined {
    const holds = [...world.holds.values()].slice(-20)
    if (happens(0.1)) return pick(holds)
    return pick(holds.filter((hold) => hold.shelter === shelter && isLive(hold, now)))
  }

  function coming(world: World, shelter: string, day: number, not_before?: number) {
    const hold = happens(0.35) ? someHold(world, shelter, Date.now()) : undefined
    return {
      ...maybeWhen(day, not_before),
      ...(hold !== undefined && { hold: numberOf(hold.name) }),
      ...(happens(0.2) && { overflow: true as const }),
    }
  }

  function deed(world: World, focus: string, day: number): Deed {
    const codes = [...world.shelters.keys()]
    const { free, places, emergency, occupied } = balance(world, focus, Date.now())
    const stay = someStay(world, focus)
    const likelihoods: [number, () => Deed | undefined][] = [
      [
        free > 0 ? 30 : 12,
        () => {
          const moved = happens(0.35)
          // Whoever moves was mostly somewhere; a household in parts at several places moves together.
          const known = moved && happens(0.7) ? pick(openStays(world).filter(isKnown))?.reference : undefined
          const card = known ?? (moved || happens(0.5) ? reference() : undefined)
          return {
            do: 'arrive',
            shelter: focus,
            people: people(),
            ...(card !== undefined && { reference: card }),
            ...(moved && { moved: true as const }),
            ...coming(world, focus, day),
          }
        },
      ],
      [
        6,
        () =>
          stay && {
            do: 'add',
            stay: numberOf(stay.name),
            people: whole(1, 3),
            ...coming(world, stay.shelter, day, stay.arrived_at),
          },
      ],
      [
        free > 0 ? 12 : 22,
        () =>
          stay && {
            do: 'depart',
            stay: numberOf(stay.name),
            ...(happens(0.5) && { people: whole(1, Math.max(1, stay.present + (happens(0.1) ? 2 : 0))) }),
            ...maybeWhen(day, stay.arrived_at),
          },
      ],
      [
        8,
        () => {
          const to = pick(codes)
          return stay && to !== undefined
            ? {
                do: 'transfer',
                stay: numberOf(stay.name),
                to,
                ...(happens(0.5) && { people: whole(1, Math.max(1, stay.present)) }),
                ...coming(world, to, day, stay.arrived_at),
              }
            : undefined
        },
      ],
      [
        8,
        () =>
          stay && {
            do: 'correct',
            stay: numberOf(stay.name),
            people: happens(0.02) ? whole(49, 52) : Math.max(1, stay.came + whole(-3, 3)),
            ...(happens(0.3) && { overflow: true as const }),
          },
      ],
      [7, () => stay && { do: 'cancel', stay: numberOf(stay.name) }],
      [
        9,
        () => ({
          do: 'hold',
          shelter: focus,
          people: whole(1, Math.max(1, happens(0.8) ? Math.ceil(free / 2) : free + 1)),
          lasts: happens(0.7) ? whole(300, 2_500) : HOUR * whole(1, 70),
        }),
      ],
      [
        6,
        () => {
          const hold = someHold(world, focus, Date.now())
          return hold && { do: 'release', hold: numberOf(hold.name) }
        },
      ],
      [3, () => ({ do: 'block', shelter: focus, places: whole(1, 4), ...maybeWhen(day) })],
      [
        6,
        () => {
          const blocks = [...world.blocks.values()].slice(-10)
          const block = pick(blocks.filter((one) => !one.lifted || happens(0.1)))
          return block && { do: 'lift', block: numberOf(block.name), shelter: block.shelter }
        },
      ],
      [
        4,
        () => ({
          do: 'change',
          shelter: focus,
          change: (places > 50 || happens(0.4) ? -1 : 1) * whole(1, 6),
          ...maybeWhen(day),
        }),
      ],
      [
        4,
        () => ({
          do: 'set places',
          shelter: focus,
          places: places + (places > 50 ? -3 : whole(1, 3)),
          ...(happens(0.5) && { expected: places }),
          ...maybeWhen(day),
        }),
      ],
      [
        emergency > 0 ? 8 : 0,
        () => ({ do: 'keep emergency', shelter: focus, keep: whole(1, emergency + 1), ...maybeWhen(day) }),
      ],
      [
        5,
        () => ({
          do: 'count',
          shelter: focus,
          people: happens(0.3) ? occupied : Math.max(0, occupied + whole(-5, 4)),
          ...maybeWhen(day),
        }),
      ],
      [
        4,
        () => {
          const counts = [...world.headcounts.values()].slice(-10)
          const headcount = pick(counts.filter((one) => !one.settled || happens(0.1)))
          return (
            headcount && { do: 'settle', headcount: numberOf(headcount.name), shelter: headcount.shelter }
          )
        },
      ],
      [
        world.shelters.get(focus)?.status === 'open' ? 4 : 16,
        () => {
          const status = world.shelters.get(focus)?.status
          const to: Status | undefined =
            status === 'open' || happens(0.2) ? pick(['paused', 'closed', 'planned', 'open']) : 'open'
          return to && { do: 'set status', shelter: focus, status: to }
        },
      ],
      [
        7,
        () => {
          const command = happens(0.5) ? pick(posts.slice(-12)) : pick(posts)
          return command === undefined ? undefined : { do: 'again', command }
        },
      ],
      [
        9,
        () => {
          const known_of = happens(0.5) ? pick(posts) : undefined
          return {
            do: 'ask',
            ...(happens(0.3) && { shelter: focus }),
            ...(happens(0.7) && { as_of: happens(0.15) ? { ahead: whole(1, 3) * 1_000 } : someTime() }),
            ...(known_of !== undefined && { known_of }),
          }
        },
      ],
    ]
    const total = likelihoods.reduce((sum, [weight]) => sum + weight, 0)
    for (;;) {
      const made = oneOf(likelihoods, chance.real() * total)()
      if (made !== undefined) return made
    }
  }

  return {
    round(world, day) {
      if (happens(0.03)) {
        number += 1
        return [{ number, deed: { do: 'wait', ms: whole(200, 900) }, service: 0 }]
      }
      const codes = [...world.shelters.keys()]
      const focus = pick(codes) ?? ''
      const batch = happens(0.2)
      const made_now: number[] = []
      const round = Array.from({ length: whole(1, 8) }, (): Command => {
        number += 1
        const made = deed(world, happens(0.75) ? focus : (pick(codes) ?? focus), day)
        const command: Command = { number, deed: made, service: happens(0.5) ? 1 : 0 }
        if (made.do === 'ask' || made.do === 'again') return command
        if (made.do === 'set status') return command
        made_now.push(number)
        if (batch && can_be_line.has(made.do) && happens(0.7)) command.line = true
        else if (happens(0.08)) command.twice = true
        return command
      })
      // What is sent at the same time cannot be a repetition of it.
      posts.push(...made_now)
      return round
    },
  }
}

const isKnown = ({ reference }: Stay): boolean => reference !== undefined

/** The one in whose share of the sum a number falls. */
function oneOf<Choice>(choices: readonly (readonly [number, Choice])[], at: number): Choice {
  let end = 0
  for (const [weight, choice] of choices) {
    end += weight
    if (at < end) return choice
  }
  throw new Error('there is nothing to choose from')
}

/** What may stand in a batch. */
export const can_be_line: ReadonlySet<Deed['do']> = new Set([
  'arrive',
  'add',
  'depart',
  'transfer',
  'correct',
  'cancel',
  'count',
  'settle',
])
