import { withinRemit } from '../../access/remit.ts'
import type { ShelterRow } from '../../database/tables/regions-and-shelters.ts'
import { delta, EMPTY } from '../../domain/balance.ts'
import { insideBox, regionOf } from '../../domain/regions.ts'
import { type Refusal, refuse } from '../../http/problem.ts'
import type { Json } from '../../journal/entry.ts'
import type { Command, Decision, Moment } from '../../journal/ledger.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { occurrence } from '../../ledgers/occurrence.ts'
import type { PlacesFacts } from '../../ledgers/places/facts.ts'
import { effectOn, moved, shownBalance } from '../../ledgers/places/moves.ts'
import type { NewShelter, ShelterChanged, ShelterPatch } from './schemas.ts'

type Facts = { places: PlacesFacts }
type Decided = Decision<ShelterChanged, ServiceLedgers>

/** The part of the ETag that a PATCH must know: the register's own version, which people arriving do not change. */
export const registerTag = (version: number): string => `v${version}`

/** The register part of a row, as answers show it: without the contact, which is personal data. */
export const registerOf = (row: ShelterRow): ShelterChanged['shelter'] => ({
  id: row.id,
  code: row.code,
  name: row.name,
  kind: row.kind,
  region: row.region as ShelterChanged['shelter']['region'],
  latitude: row.latitude,
  longitude: row.longitude,
  status: row.status,
  community: row.community,
  address: row.address,
  location_accuracy: row.location_accuracy,
  facts: row.facts,
  operator: row.operator,
  operator_kind: row.operator_kind,
  available_until: row.available_until,
  public_listing: row.public_listing,
  created_at: row.created_at,
  updated_at: row.updated_at,
})

/** A position outside its region's box is probably a slip of the finger; it is said, not refused. */
function warningsOf(row: ShelterRow): Pick<ShelterChanged, 'warnings'> {
  const region = regionOf(row.region)
  if (region === undefined || insideBox(row, region)) return {}
  const detail = `${row.latitude}, ${row.longitude} lies outside ${region.names.en}. Are latitude and longitude swapped?`
  return { warnings: [{ code: 'outside_region_box', detail }] }
}

/**
 * A shelter is registered with its first places. Refused in this order: `outside_remit`, `in_the_future` /
 * `before_2000`, `id_taken`, `code_taken`.
 */
export function decideRegistration(
  { places }: Facts,
  { content, fresh, caller }: Command<NewShelter, { shelter: string }>,
  now: Moment,
): Decided {
  const id = content.id ?? fresh.shelter
  const { remit } = caller.principal
  if (!withinRemit(remit, { id, region: content.region })) {
    return { refused: refuse('outside_remit', `${content.region} is outside what this key may act for.`) }
  }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  if (places.shelter(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another shelter.`) }
  if (places.shelter(content.code) !== undefined) {
    return { refused: refuse('code_taken', `The code ${content.code} names another shelter.`) }
  }
  const row: ShelterRow = {
    id,
    code: content.code,
    name: content.name,
    kind: content.kind,
    region: content.region,
    latitude: content.latitude,
    longitude: content.longitude,
    status: content.status,
    community: content.community ?? null,
    address: content.address ?? null,
    location_accuracy: content.location_accuracy ?? null,
    facts: content.facts ?? {},
    operator: content.operator ?? null,
    operator_kind: content.operator_kind ?? null,
    contact: content.contact ?? null,
    available_until: content.available_until ?? null,
    public_listing: content.public_listing ?? false,
    closed_at: content.status === 'closed' ? at : null,
    version: 1,
    created_at: now.at,
    updated_at: now.at,
  }
  const by = delta({ places: content.places })
  const nothing = { shelter: id, region: row.region, ...EMPTY, unattributed: 0, seq: now.seq }
  const balance = moved(nothing, by, now.seq)
  return {
    status: 201,
    answer: { shelter: registerOf(row), balance: shownBalance(balance), seq: now.seq, ...warningsOf(row) },
    entries: [
      {
        type: 'shelter_registered',
        occurred_at: at,
        shelter: id,
        region: row.region,
        subject: { type: 'shelter', id },
        effects: [{ ...effectOn(nothing, by, at), shelters: row.status === 'closed' ? 0 : 1 }],
        balance: shownBalance(balance),
        data: { code: row.code, kind: row.kind, status: row.status },
      },
    ],
    changes: { places: { shelters: [row], balances: [balance] } },
  }
}

export type ShelterChange = { shelter: string; patch: ShelterPatch; if_match: string[] | '*' }

/**
 * The register part of a shelter changes. Refused in this order: `shelter_not_found`, `outside_remit`,
 * `precondition_failed`, `places_in_use` (closing with people or holds inside).
 */
export function decideChange(
  { places }: Facts,
  { content, caller }: Command<ShelterChange, unknown>,
  now: Moment,
): Decided {
  const shelter = places.shelter(content.shelter)
  if (shelter === undefined)
    return { refused: refuse('shelter_not_found', `No shelter is called ${content.shelter}.`) }
  if (!withinRemit(caller.principal.remit, shelter)) {
    return { refused: refuse('outside_remit', `${shelter.code} is outside what this key may act for.`) }
  }
  const { balance, ...before } = shelter
  if (content.if_match !== '*' && !content.if_match.includes(registerTag(before.version))) {
    return {
      refused: refuse('precondition_failed', 'The shelter’s register was changed meanwhile: read it again.'),
    }
  }
  const after = patched(before, content.patch, now)
  const changed = changedFields(before, after)
  const unchanged = { shelter: registerOf(before), balance: shownBalance(balance), seq: balance.seq }
  if (changed.length === 0) return { status: 200, answer: unchanged, entries: [], changes: {} }

  const closes = before.status !== 'closed' && after.status === 'closed'
  const reopens = before.status === 'closed' && after.status !== 'closed'
  if (closes) {
    const in_the_way = refusedAsInUse(shelter.code, balance)
    if (in_the_way !== undefined) return { refused: in_the_way }
  }
  const balance_after = { ...balance, seq: now.seq }
  return {
    status: 200,
    answer: {
      shelter: registerOf(after),
      balance: shownBalance(balance),
      seq: now.seq,
      ...warningsOf(after),
    },
    entries: [
      {
        type: 'shelter_changed',
        occurred_at: now.at,
        shelter: before.id,
        region: before.region,
        subject: { type: 'shelter', id: before.id },
        // Whether a shelter counts among those not closed is a figure with a past of its own.
        effects:
          closes || reopens ? [{ ...effectOn(balance, EMPTY, now.at), shelters: closes ? -1 : 1 }] : [],
        balance: shownBalance(balance),
        data: {
          changed: changed as Json,
          ...(before.status !== after.status && { status: { from: before.status, to: after.status } }),
        },
      },
    ],
    changes: { places: { shelters: [after], balances: [balance_after] } },
  }
}

function refusedAsInUse(code: string, balance: { occupied: number; held: number }): Refusal | undefined {
  const { occupied, held } = balance
  if (occupied + held === 0) return undefined
  return refuse(
    'places_in_use',
    `${code} cannot close: ${occupied} people are in it, ${held} places are held.`,
    {
      occupied,
      held,
    },
  )
}

function patched(before: ShelterRow, patch: ShelterPatch, now: Moment): ShelterRow {
  const { facts: fact_patch, ...fields } = patch
  const named = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const facts = Object.fromEntries(
    Object.entries({ ...before.facts, ...fact_patch }).filter(
      ([, value]) => value !== null && value !== undefined,
    ),
  )
  const after: ShelterRow = { ...before, ...named, facts, version: before.version + 1, updated_at: now.at }
  if (after.status !== before.status) after.closed_at = after.status === 'closed' ? now.at : null
  return after
}

const kept_by_the_service = new Set(['version', 'updated_at', 'closed_at'])

const changedFields = (before: ShelterRow, after: ShelterRow): string[] =>
  Object.entries(after)
    .filter(([name, value]) => {
      const was = before[name as keyof ShelterRow]
      return !kept_by_the_service.has(name) && JSON.stringify(was) !== JSON.stringify(value)
    })
    .map(([name]) => name)
