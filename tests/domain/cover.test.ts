import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CoverLot, coverOf, type NeedStep, peopleEnsured } from '../../src/domain/cover.ts'
import { quantityText, thousandthsOf } from '../../src/domain/quantities.ts'
import { energyAt, standardsWith } from '../../src/domain/standards.ts'

/*
 * Promise: days of cover are what somebody would find who counts day by day with the lots before them; more stock
 * never shortens them, an expired lot never lengthens them, and splitting a lot changes nothing.
 */

const HORIZON = 60

/** Day by day, lot by lot, as by hand: the slow way that the fast one must equal. */
function byHand(
  needs: readonly NeedStep[],
  lots: readonly CoverLot[],
): { days: number; runs_out: number | null } {
  const left = lots.map((lot) => ({ ...lot })).sort((one, other) => one.last_day - other.last_day)
  for (let day = 0; day < HORIZON; day++) {
    const need = needs.findLast((step) => step.from <= day)?.amount ?? 0
    let open = need
    for (const lot of left) {
      if (lot.last_day < day) continue
      const used = Math.min(open, lot.amount)
      lot.amount -= used
      open -= used
    }
    if (open > 0) return { days: day + (need - open) / need, runs_out: day }
  }
  return { days: HORIZON, runs_out: null }
}

const lots = fc.array(
  fc.record({ amount: fc.integer({ min: 0, max: 400 }), last_day: fc.integer({ min: -5, max: 40 }) }),
  { maxLength: 8 },
)
const needs = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 12 }), amount: fc.integer({ min: 0, max: 60 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((steps): NeedStep[] => {
    let from = 0
    return steps.map(({ gap, amount }, index) => {
      from += index === 0 ? 0 : gap
      return { from, amount }
    })
  })
const cover = (of: readonly NeedStep[], from: readonly CoverLot[]) => coverOf(of, from, of, HORIZON)

describe('days of cover', () => {
  test('are those of somebody who counts day by day', () => {
    fc.assert(
      fc.property(needs, lots, (of, from) => {
        const [fast, slow] = [cover(of, from), byHand(of, from)]
        expect(fast.runs_out).toBe(slow.runs_out)
        expect(fast.days).toBeCloseTo(slow.days, 9)
      }),
      { numRuns: 2_000 },
    )
  })

  test('are never fewer with more stock', () => {
    fc.assert(
      fc.property(
        needs,
        lots,
        fc.record({ amount: fc.nat(200), last_day: fc.integer({ min: 0, max: 40 }) }),
        (of, from, more) => {
          expect(cover(of, [...from, more]).days).toBeGreaterThanOrEqual(cover(of, from).days)
        },
      ),
    )
  })

  test('are not changed by a lot that has expired, nor by one that is split', () => {
    fc.assert(
      fc.property(needs, lots, fc.nat(1000), fc.nat(), (of, from, amount, at) => {
        expect(cover(of, [...from, { amount, last_day: -1 }])).toEqual(cover(of, from))
        const lot = from[at % Math.max(1, from.length)]
        if (lot === undefined) return
        const part = at % (lot.amount + 1)
        const split = from.flatMap((one) =>
          one === lot
            ? [
                { ...one, amount: part },
                { ...one, amount: one.amount - part },
              ]
            : [one],
        )
        expect(cover(of, split).days).toBeCloseTo(cover(of, from).days, 9)
      }),
    )
  })

  test('are not lengthened by a lot that would expire before it is used', () => {
    const ten_a_day = [{ from: 0, amount: 10 }]
    expect(cover(ten_a_day, [{ amount: 100, last_day: 3 }]).days).toBe(4)
    expect(
      cover(ten_a_day, [
        { amount: 100, last_day: 3 },
        { amount: 15, last_day: 30 },
      ]),
    ).toEqual({
      days: 5.5,
      runs_out: 5,
    })
  })

  test('end with those who can be fed for all of the horizon', () => {
    fc.assert(
      fc.property(lots, fc.integer({ min: 1, max: 40 }), (from, people) => {
        const of = (some: number) => [{ from: 0, amount: some * 3 }]
        const ensured = peopleEnsured(people, of, from, 7)
        expect(byHand(of(ensured), from).runs_out ?? HORIZON).toBeGreaterThanOrEqual(ensured === 0 ? 0 : 7)
        if (ensured < people) expect(byHand(of(ensured + 1), from).runs_out ?? HORIZON).toBeLessThan(7)
      }),
    )
  })
})

test('quantities go to thousandths and back without a change', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }), (value) => {
      expect(thousandthsOf(quantityText(value)) + 0).toBe(value + 0)
    }),
  )
  expect(['12.5', '0.001', '7', '-3.25'].map((text) => quantityText(thousandthsOf(text)))).toEqual([
    '12.5',
    '0.001',
    '7',
    '-3.25',
  ])
})

test('energy is 2,100 kcal and 100 more for each full or begun 5 °C below 20', () => {
  const standards = standardsWith([])
  expect([30, 20, 19, 15, 10, 0, -3].map((temperature) => energyAt(temperature, standards))).toEqual([
    2100, 2100, 2200, 2200, 2300, 2500, 2600,
  ])
})
