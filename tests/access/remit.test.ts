import { expect, test } from 'vitest'
import { remitOf, withinRemit, wrongRemit } from '../../src/access/remit.ts'
import { roles } from '../../src/access/scopes.ts'

/* Promise: nobody acts for a shelter that is not theirs, and a row written wrong gives less, not more. */

const shelter = { id: 's1', region: 'AM-KT' }
const none = { regions: [], shelters: [] }

test('everywhere holds every shelter; a region holds its own; a shelter holds itself', () => {
  expect(withinRemit({ everywhere: true }, shelter)).toBe(true)
  expect(withinRemit({ everywhere: false, regions: ['AM-KT'], shelters: [] }, shelter)).toBe(true)
  expect(withinRemit({ everywhere: false, regions: ['AM-SU'], shelters: [] }, shelter)).toBe(false)
  expect(withinRemit({ everywhere: false, regions: [], shelters: ['s1'] }, shelter)).toBe(true)
  expect(withinRemit({ everywhere: false, regions: [], shelters: ['s2'] }, shelter)).toBe(false)
})

test('a role without regions or shelters reaches as far as its role, and no farther', () => {
  const reached = Object.keys(roles).filter((role) =>
    withinRemit(remitOf({ role: role as 'admin', ...none }), shelter),
  )
  expect(reached).toEqual(['national_coordinator', 'logistics', 'auditor', 'admin'])
})

test('regions named for a role that acts everywhere narrow it', () => {
  const remit = remitOf({ role: 'national_coordinator', regions: ['AM-SU'], shelters: [] })
  expect(withinRemit(remit, shelter)).toBe(false)
})

test('a partner has no remit, whatever its row names', () => {
  const remit = remitOf({ role: 'partner', regions: ['AM-KT'], shelters: ['s1'] })
  expect(withinRemit(remit, shelter)).toBe(false)
})

test('a client is let in only with what its role needs', () => {
  expect(wrongRemit({ role: 'regional_coordinator', ...none })).toMatch(/at least one/)
  expect(wrongRemit({ role: 'regional_coordinator', regions: ['AM-KT'], shelters: ['s1'] })).toMatch(
    /no shelters/,
  )
  expect(wrongRemit({ role: 'shelter_staff', ...none })).toMatch(/at least one/)
  expect(wrongRemit({ role: 'shelter_staff', regions: ['AM-KT'], shelters: ['s1'] })).toMatch(/no regions/)
  expect(wrongRemit({ role: 'national_coordinator', regions: ['AM-KT'], shelters: [] })).toMatch(/everywhere/)
  expect(wrongRemit({ role: 'partner', regions: ['AM-KT'], shelters: [] })).toMatch(/no shelter/)
  expect(wrongRemit({ role: 'admin', ...none })).toBeUndefined()
  expect(wrongRemit({ role: 'shelter_staff', regions: [], shelters: ['s1'] })).toBeUndefined()
})
