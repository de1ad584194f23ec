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

async function tell(
  next: (stage: Stage, round: number) => Command[] | undefined,
  options: { seed: number; whole: boolean },
): Promise<Ending> {
  const stage = await openStage()
  const { settle, lookAround, finish, tally } = referee(stage)
  const story: Story = []
  let at_the_end = false
  try {
    for (;;) {
      const round = next(stage, story.length)
      if (round === undefined) break
      story.push(round)
      await settle(await stage.perform(round))
      if (story.length % LOOK_AROUND_EVERY === 0) await lookAround()
    }
    at_the_end = true
    if (options.whole) await finish(chanceOf(options.seed + 1))
    return { story, tally }
  } catch (error) {
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
    for (let tries = 0; tries < 2 && Date.now() < ends_at; tries += 1) {
      const again = await tell((_stage, round) => told[round], { seed, whole })
      if (again.difference?.check === check) {
        best = again
        return true
      }
    }
    return false
  }

  const size = () => best.story.reduce((sum, round) => sum + round.length, 0)
  const without = (from: number, to: number): Story => {
    let index = -1
    return best.story.map((round) =>
      round.filter(() => {
        index += 1
        return index < from || index >= to
      }),
    )
  }

  await stillFails(best.story.flatMap((round) => round.map((command) => [command])))
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
  const commands = story.reduce((sum, round) => sum + round.length, 0)
  return [
    `The services and the model differ. Seed ${seed}; ${told} commands, shortened to ${commands}:`,
    shownStory(story),
    difference?.message ?? '',
  ].join('\n')
}
