import { chanceOf } from './chance.ts'
import { type Inventor, inventor } from './invent.ts'
import { openStage, type Stage } from './play.ts'
import { Difference, referee, type Tally } from './referee.ts'
import { type Command, type Story, shownStory } from './story.ts'

/*
 * Tells a story to two services, a new one or one that was told before; and makes one that went wrong short.
 */

export type Ending = { story: Story; tally: Tally; difference?: Found }

type Found = { check: string; message: string; at_the_end: boolean }

const thrown = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

const LOOK_AROUND_EVERY = 12
/** Longer than the shortest holds. */
const PATIENCE_MS = 2_600

async function tell(
  next: (stage: Stage, round: number) => Command[] | undefined,
  options: { seed: number; whole: boolean },
): Promise<Ending> {
  const stage = await openStage()
  const { settle, lookAround, finish, tally } = referee(stage)
  const told: Story = []
  let at_the_end = false
  try {
    for (;;) {
      const round = next(stage, told.length)
      if (round === undefined) break
      told.push(round)
      await settle(await stage.perform(round))
      if (told.length % LOOK_AROUND_EVERY === 0) await lookAround()
    }
    at_the_end = true
    await (options.whole ? finish(chanceOf(options.seed + 1)) : lookAround())
    return { story: told, tally }
  } catch (error) {
    // As it went: alone, one after another in the order of the journal, they may go wrong again.
    const seqOf = ({ number }: Command) => stage.posts.get(number)?.done?.seq ?? Number.MAX_SAFE_INTEGER
    const story = told.map((round) => round.toSorted((one, other) => seqOf(one) - seqOf(other)))
    const difference =
      error instanceof Difference ? error : new Difference('the story can be told', thrown(error))
    return { story, tally, difference: { check: difference.check, message: difference.message, at_the_end } }
  } finally {
    await stage.close()
  }
}

/** Invents a story while telling it: until so many commands were sent and so many milliseconds have passed. */
export async function tellNew(options: { seed: number; commands: number; ms: number }): Promise<Ending> {
  const ends_at = Date.now() + options.ms
  const invented: Inventor = inventor(chanceOf(options.seed))
  let sent = 0
  return tell(
    (stage) => {
      if (sent >= options.commands && Date.now() >= ends_at) return undefined
      const round = invented.round(stage.world, stage.day)
      sent += round.length
      return round
    },
    { ...options, whole: true },
  )
}

/**
 * Leaves out what can be left out while the same check still fails: halves of it first, then single commands, then
 * what makes a command special. What fails only now and then gets a second chance.
 */
export async function shorten(ending: Ending, seed: number, ms_max: number): Promise<Ending> {
  const ends_at = Date.now() + ms_max
  let best = ending
  const check = ending.difference?.check
  // What went wrong on the way needs no look at the end.
  const whole = ending.difference?.at_the_end ?? true

  async function stillFails(story: Story): Promise<boolean> {
    const told = story.filter((round) => round.length > 0)
    // One after another it goes the same way each time; several at once, it may not.
    const tries_max = told.every((round) => round.length === 1) ? 1 : 2
    for (let tries = 0; tries < tries_max && Date.now() < ends_at; tries += 1) {
      const again = await tell((_stage, round) => told[round], { seed, whole })
      if (again.difference?.check === check) {
        best = again
        return true
      }
    }
    return false
  }

  const size = () => sizeOf(best.story)
  const without = (from: number, to: number): Story => {
    let index = -1
    return best.story.map((round) =>
      round.filter(() => {
        index += 1
        return index < from || index >= to
      }),
    )
  }

  const { story } = ending
  const alone = oneByOne(story)
  const slices = [aboutThings(story), aboutShelters(story)]
  const candidates = [...slices, ...slices.flatMap(patient), alone, ...patient(alone), story]
  for (const candidate of candidates) if (await stillFails(candidate)) break
  await stillFails(oneByOne(best.story))

  for (let chunk = Math.ceil(size() / 2); chunk >= 1 && Date.now() < ends_at; chunk = Math.floor(chunk / 2)) {
    for (let to = size(); to > 0 && Date.now() < ends_at; to -= chunk) {
      await stillFails(without(Math.max(0, to - chunk), to))
    }
  }
  for (const simpler of simplifications) {
    for (let index = 0; index < best.story.length && Date.now() < ends_at; index += 1) {
      const story = best.story.map((round, at) => (at === index ? round.map(simpler) : round))
      if (JSON.stringify(story) !== JSON.stringify(best.story)) await stillFails(story)
    }
  }
  return best
}

/** With time for short holds to end, before the last round or after it: else it hangs on how long the rest takes. */
function patient(story: Story): Story[] {
  const has_short_holds = story.flat().some(({ deed }) => deed.do === 'hold' && deed.lasts <= PATIENCE_MS)
  if (!has_short_holds) return []
  const patience: Command[] = [{ number: 0, deed: { do: 'wait', ms: PATIENCE_MS }, service: 0 }]
  return [
    [...story.slice(0, -1), patience, ...story.slice(-1)],
    [...story, patience],
  ]
}

const oneByOne = (story: Story): Story => story.flatMap((round) => round.map((command) => [command]))

const sizeOf = (story: Story): number => story.reduce((sum, round) => sum + round.length, 0)

const LAST_ROUNDS = 3

/** The last rounds of a story, and what was done before to the things that they are about. */
function aboutThings(story: Story, also: (command: Command) => boolean = () => false): Story {
  const things = new Set<number>()
  const note = (command: Command) => {
    for (const thing of thingsOf(command)) things.add(thing)
  }
  const last = story.slice(-LAST_ROUNDS)
  last.flat().forEach(note)
  const earlier = story
    .slice(0, -LAST_ROUNDS)
    .toReversed()
    .map((round) =>
      round.filter((command) => {
        const its = [command.number, ...thingsOf(command)]
        if (!its.some((thing) => things.has(thing)) && !also(command)) return false
        note(command)
        return true
      }),
    )
  return [...earlier.toReversed(), ...last]
}

/** The same, and what was done in the shelters that these are in. */
function aboutShelters(story: Story): Story {
  const shelters = new Set(aboutThings(story).flat().flatMap(sheltersOf))
  return aboutThings(story, (command) => sheltersOf(command).some((shelter) => shelters.has(shelter)))
}

const sheltersOf = ({ deed }: Command): string[] =>
  ['shelter' in deed ? deed.shelter : undefined, 'to' in deed ? deed.to : undefined].filter(
    (shelter) => shelter !== undefined,
  )

/** By their numbers: stays, holds, blocks, headcounts and commands that a command names. */
const thingsOf = ({ deed }: Command): number[] =>
  [
    'stay' in deed ? deed.stay : undefined,
    'hold' in deed ? deed.hold : undefined,
    'block' in deed ? deed.block : undefined,
    'headcount' in deed ? deed.headcount : undefined,
    'command' in deed ? deed.command : undefined,
    'known_of' in deed ? deed.known_of : undefined,
  ].filter((thing) => thing !== undefined)

const simplifications: ((command: Command) => Command)[] = [
  ({ twice: _twice, line: _line, ...command }) => ({ ...command, service: 0 }),
  (command) => withoutOf(command, 'overflow'),
  (command) => withoutOf(command, 'moved'),
  (command) => withoutOf(command, 'reference'),
  (command) => withoutOf(command, 'when'),
  (command) => withoutOf(command, 'hold'),
]

function withoutOf(command: Command, name: string): Command {
  if (!(name in command.deed) || command.deed.do === 'release') return command
  const { [name]: _left_out, ...deed } = command.deed as Record<string, unknown>
  return { ...command, deed: deed as Command['deed'] }
}

/** What went wrong, as people read it. */
export function report({ story, difference }: Ending, seed: number, told: number): string {
  return [
    `The services and the model differ. Seed ${seed}; ${told} commands, shortened to ${sizeOf(story)}:`,
    shownStory(story),
    difference?.message ?? '',
  ].join('\n')
}
