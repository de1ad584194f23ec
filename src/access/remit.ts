import { type Role, roles } from './scopes.ts'

/** The shelters (ids) or regions that a principal may act for. */
export type Remit =
  | { everywhere: true }
  | { everywhere: false; regions: readonly string[]; shelters: readonly string[] }

/** What a principal's row says of its remit. */
export type RemitRow = { role: Role; regions: readonly string[]; shelters: readonly string[] }

/** May somebody with this remit act for this shelter? */
export const withinRemit = (remit: Remit, shelter: { id: string; region: string }): boolean =>
  remit.everywhere || remit.shelters.includes(shelter.id) || remit.regions.includes(shelter.region)

/**
 * The remit of a row. A role that acts everywhere is narrowed by what the row names, and a role that acts in places
 * has none where it names nothing: a row that was written wrong gives less, not more.
 */
export function remitOf({ role, regions, shelters }: RemitRow): Remit {
  const { reach } = roles[role]
  if (reach === 'nowhere') return { everywhere: false, regions: [], shelters: [] }
  if (reach === 'everywhere' && regions.length + shelters.length === 0) return { everywhere: true }
  return { everywhere: false, regions, shelters }
}

/** Why a client cannot be let in with this role and these regions and shelters; undefined where it can. */
export function wrongRemit({ role, regions, shelters }: RemitRow): string | undefined {
  const { reach } = roles[role]
  switch (reach) {
    case 'everywhere':
      return regions.length + shelters.length > 0
        ? `${role} acts everywhere: name no regions and no shelters`
        : undefined
    case 'nowhere':
      return regions.length + shelters.length > 0
        ? `${role} acts in no shelter: name no regions and no shelters`
        : undefined
    case 'regions':
      if (shelters.length > 0) return `${role} acts in regions: name no shelters`
      return regions.length === 0 ? `${role} acts in regions: name at least one` : undefined
    case 'shelters':
      if (regions.length > 0) return `${role} acts in shelters: name no regions`
      return shelters.length === 0 ? `${role} acts in shelters: name at least one` : undefined
  }
}
