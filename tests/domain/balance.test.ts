import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Balance, changePlaces, EMPTY, free, letGo, shift, takeIn } from '../../src/domain/balance.ts'

/* Promise: whatever is done with places, nobody is counted twice, and no shelter is overbooked. */

const step = fc.oneof(
  fc.record({
    kind: fc.constant('take' as const),
    people: fc.integer({ min: 1, max: 60 }),
    overflow: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('go' as const), people: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant('change' as const), places: fc.integer({ min: -60, max: 60 }) }),
)

const sound = (balance: Balance): boolean =>
  balance.places >= 0 &&
  balance.occupied >= 0 &&
  balance.emergency >= 0 &&
  balance.emergency <= balance.places &&
  balance.occupied + balance.held + balance.blocked <= balance.places

describe('a balance', () => {
  test('is sound after any history of arrivals, departures and changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let balance: Balance = { ...EMPTY, places: 40 }
        for (const move of steps) {
          const by =
            move.kind === 'take'
              ? takeIn(balance, move.people, move.overflow)
              : move.kind === 'go'
                ? letGo(balance, Math.min(move.people, balance.occupied))
                : changePlaces(balance, move.places)
          if (by !== null) balance = shift(balance, by)
          if (!sound(balance)) return false
        }
        return true
      }),
    )
  })

  test('takes exactly the people who fit, and says null to one more', () => {
    const balance = { places: 10, blocked: 2, occupied: 3, held: 1, emergency: 0 }
    expect(free(balance)).toBe(4)
    expect(takeIn(balance, 4, false)).toEqual({ ...EMPTY, occupied: 4 })
    expect(takeIn(balance, 5, false)).toBeNull()
  })

  test('adds just the places that are missing for people who are there already', () => {
    expect(takeIn({ ...EMPTY, places: 10, occupied: 8 }, 5, true)).toEqual({
      ...EMPTY,
      places: 3,
      emergency: 3,
      occupied: 5,
    })
  })

  test('loses emergency places as people leave, and keeps the ordinary ones', () => {
    const full = { ...EMPTY, places: 13, emergency: 3, occupied: 13 }
    expect(shift(full, letGo(full, 2))).toEqual({ ...EMPTY, places: 11, emergency: 1, occupied: 11 })
    expect(shift(full, letGo(full, 9))).toEqual({ ...EMPTY, places: 10, emergency: 0, occupied: 4 })
  })

  test('is reduced by its emergency places first, and never below what is in use', () => {
    const balance = { ...EMPTY, places: 13, emergency: 3, occupied: 5 }
    expect(changePlaces(balance, -4)).toEqual({ ...EMPTY, places: -4, emergency: -3 })
    expect(changePlaces(balance, -9)).toBeNull()
  })
})
