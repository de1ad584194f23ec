import { beforeAll, describe, expect, test } from 'vitest'
import { type Ending, report, shorten, tellNew } from './tell.ts'

/** Registers the tests of one story that chance tells. */
export function modelTests(size: { commands: number; ms: number; shorten_ms: number; seed?: number }): void {
  const seed = size.seed ?? Number(process.env.MODEL_SEED ?? Date.now() % 1_000_000_000)
  let ending: Ending
  let spent_ms = 0

  beforeAll(
    async () => {
      const began_at = Date.now()
      ending = await tellNew({ ...size, seed })
      spent_ms = Date.now() - began_at
    },
    size.ms * 4 + 300_000,
  )

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

    test('had commands of nearly every kind in it, done, refused and repeated', () => {
      if (process.env.MODEL_TALLY) console.log(ending.tally, `${spent_ms} ms`)
      const { accepted, refused, replayed, asked } = ending.tally
      expect(Object.keys(accepted).length).toBeGreaterThanOrEqual(size.commands < 1_000 ? 12 : 16)
      expect(Object.keys(refused)).toEqual(expect.arrayContaining(['shelter_full', 'stay_ended']))
      expect([replayed, asked].every((times) => times > 0)).toBe(true)
    })
  })
}
