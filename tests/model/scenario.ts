import { beforeAll, describe, expect, test } from 'vitest'
import { type Ending, report, shorten, tellNew } from './tell.ts'

/** Registers the tests of one story that chance tells. */
export function modelTests(size: { commands: number; ms: number; shorten_ms: number }): void {
  const seed = Number(process.env.MODEL_SEED ?? Date.now() % 1_000_000_000)
  let ending: Ending
  let spent_ms = 0

  beforeAll(
    async () => {
      const began_at = Date.now()
      ending = await tellNew({ seed, ...size })
      spent_ms = Date.now() - began_at
    },
    size.ms * 4 + 300_000,
  )

  const accepted = () => Object.keys(ending.tally.accepted)

  describe(`a story of ${size.commands} commands from seed ${seed}, told to two services at once`, () => {
    test(
      'ends as the contract says, at each entry and at any moment asked for',
      async () => {
        if (ending.difference === undefined) return
        const told = ending.tally.commands
        expect.fail(
          report(
            await shorten(ending, seed, Number(process.env.MODEL_SHORTEN_MS ?? size.shorten_ms)),
            seed,
            told,
          ),
        )
      },
      size.shorten_ms + 60_000,
    )

    test('had every kind of command in it, done and refused', () => {
      if (process.env.MODEL_TALLY) console.log(ending.tally, `${spent_ms} ms`)
      expect(accepted().sort()).toEqual([...every_deed].sort())
      expect(Object.keys(ending.tally.refused)).toEqual(
        expect.arrayContaining(['shelter_full', 'stay_ended', 'hold_not_usable', 'already_present']),
      )
      expect(ending.tally.replayed).toBeGreaterThan(0)
      expect(ending.tally.asked).toBeGreaterThan(0)
    })
  })
}

const every_deed = [
  'arrive',
  'add',
  'depart',
  'transfer',
  'correct',
  'cancel',
  'hold',
  'release',
  'block',
  'lift',
  'change',
  'set places',
  'keep emergency',
  'count',
  'settle',
  'set status',
]
