import { describe, expect, test } from 'vitest'
import { reading, roles, type Scope, scope_meanings, scopes } from '../../src/access/scopes.ts'

/* Promise: the roles are what the contract's section *Rights* says, sentence by sentence. */

const writing = scopes.filter((scope) => !reading.has(scope))

const writesOf = (role: keyof typeof roles): Scope[] =>
  writing.filter((scope) => roles[role].scopes.has(scope))

describe('national_coordinator', () => {
  test('everything about shelters, places, stays, holds, everywhere; reads supplies', () => {
    const { scopes: held, reach, overflow } = roles.national_coordinator
    const everything = scopes.filter((scope) =>
      /^(shelters|places|arrivals|stays|transfers|holds|headcounts):/.test(scope),
    )
    expect(everything.filter((scope) => !held.has(scope))).toEqual([])
    expect(held.has('supplies:read')).toBe(true)
    expect(
      writesOf('national_coordinator').filter((scope) => /^(supplies|stock|consignments):/.test(scope)),
    ).toEqual([])
    expect([reach, overflow]).toEqual(['everywhere', true])
  })
})

test('regional_coordinator: the same in its regions', () => {
  expect(roles.regional_coordinator.scopes).toEqual(roles.national_coordinator.scopes)
  expect(roles.regional_coordinator.reach).toBe('regions')
})

test('a coordinator may settle a headcount and look for a reference anywhere, staff may not', () => {
  for (const scope of ['headcounts:settle', 'references:search'] as const) {
    expect([roles.regional_coordinator.scopes.has(scope), roles.shelter_staff.scopes.has(scope)]).toEqual([
      true,
      false,
    ])
  }
})

test('shelter_staff: writes people, headcounts, stock and receipts in its shelters; overflow too', () => {
  expect(writesOf('shelter_staff').toSorted()).toEqual([
    'alerts:write',
    'arrivals:write',
    'batch:write',
    'consignments:receive',
    'headcounts:write',
    'stays:write',
    'stock:write',
    'transfers:write',
  ])
  expect([roles.shelter_staff.reach, roles.shelter_staff.overflow]).toEqual(['shelters', true])
})

test('logistics: writes supplies and consignments, everywhere, and no people', () => {
  expect(writesOf('logistics').toSorted()).toEqual([
    'alerts:write',
    'batch:write',
    'consignments:receive',
    'consignments:write',
    'stock:write',
    'supplies:write',
  ])
  expect([roles.logistics.reach, roles.logistics.overflow]).toEqual(['everywhere', false])
})

test('partner: reads capacity, shelters, access, changes; writes nothing but webhooks; has no remit', () => {
  expect([...roles.partner.scopes].toSorted()).toEqual([
    'access:read',
    'capacity:read',
    'changes:read',
    'self:read',
    'shelters:read',
    'webhooks:read',
    'webhooks:write',
  ])
  expect([roles.partner.reach, roles.partner.overflow]).toEqual(['nowhere', false])
})

test('auditor: reads everything and writes nothing', () => {
  expect(writesOf('auditor')).toEqual([])
  expect(scopes.filter((scope) => scope.endsWith(':read') && !roles.auditor.scopes.has(scope))).toEqual([])
  expect(roles.auditor.scopes.has('journal:audit')).toBe(true)
  expect(roles.auditor.reach).toBe('everywhere')
})

test('admin: clients, keys, standards, and all above', () => {
  expect([...roles.admin.scopes].toSorted()).toEqual([...scopes].toSorted())
  for (const scope of ['clients:write', 'standards:write'] as const) {
    expect(
      Object.entries(roles)
        .filter(([, role]) => role.scopes.has(scope))
        .map(([name]) => name),
    ).toEqual(['admin'])
  }
})

test('capacity is visible to all, and everybody may ask who they are', () => {
  for (const [name, role] of Object.entries(roles)) {
    expect([name, role.scopes.has('capacity:read'), role.scopes.has('self:read')]).toEqual([name, true, true])
  }
})

test('there are seven roles, and each scope is used and explained in one line', () => {
  expect(Object.keys(roles)).toHaveLength(7)
  for (const meaning of Object.values(scope_meanings)) expect(meaning).toMatch(/^[a-z][^\n]{10,90}$/)
})
