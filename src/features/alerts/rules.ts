import { withinRemit } from '../../access/remit.ts'
import { type AlertKind, rankOf, type Severity } from '../../domain/alerts.ts'
import type { CoverStatus } from '../../domain/cover.ts'
import type { Standards } from '../../domain/standards.ts'
import { refuse } from '../../http/problem.ts'
import type { Command, Decision, Moment } from '../../journal/ledger.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import type { RecordsFacts } from '../../ledgers/records.ts'
import type { Acknowledged } from './schemas.ts'

/** An alert as the facts want it. */
export type Cause = {
  kind: AlertKind
  cause: string
  rank: number
  shelter: string | null
  region: string | null
  about: Record<string, string | number | null>
}

/** How food and medicine stand in a shelter, as far as alerts must know. */
export type CoverOfShelter = {
  shelter: string
  region: string
  food: { status: CoverStatus; days_of_cover: number | null; limited_by: string | null; people: number }
  medicine: { need: string; status: CoverStatus; days_of_cover: number | null; people: number }[]
}

export type StandingRow = {
  shelter: string
  region: string
  status: string
  places: number
  blocked: number
  occupied: number
  held: number
  emergency: number
}
export type LotRow = {
  store: string
  shelter: string | null
  region: string
  item: string
  category: string
  lot: string
  expires_on: string
}
export type HeadcountRow = { id: string; shelter: string; region: string; difference: number }
export type HoldRow = { id: string; shelter: string; region: string; people: number; expires_at: string }
export type LateRow = {
  id: string
  shelter: string | null
  region: string
  expected_at: string
  status: string
}

/** Everything that alerts follow from beside food and medicine. */
export type Standing = {
  shelters: StandingRow[]
  lots: LotRow[]
  headcounts: HeadcountRow[]
  holds: HoldRow[]
  consignments: LateRow[]
}

const cause = (
  kind: AlertKind,
  of: string,
  severity: Severity,
  where: { shelter: string | null; region: string | null },
  about: Cause['about'],
): Cause => ({ kind, cause: `${kind} ${of}`, rank: rankOf(severity), ...where, about })

const cover_severity: Record<CoverStatus, Severity | undefined> = {
  ensured: undefined,
  unknown: 'warning',
  strained: 'warning',
  short: 'serious',
  none: 'critical',
}

/** All that there is to warn of. The same facts give the same causes, whoever asks and however often. */
export function causesOf(
  cover: readonly CoverOfShelter[],
  standing: Standing,
  standards: Standards,
): Cause[] {
  const share = standards.near_full_percent / 100
  const causes: Cause[] = []
  for (const { shelter, region, food, medicine } of cover) {
    const where = { shelter, region }
    const severity = food.people > 0 ? cover_severity[food.status] : undefined
    if (severity !== undefined) causes.push(cause('food_low', shelter, severity, where, food))
    for (const { need, ...figures } of medicine) {
      const of_need = cover_severity[figures.status]
      if (of_need !== undefined)
        causes.push(cause('medicine_low', `${shelter} ${need}`, of_need, where, { need, ...figures }))
    }
  }
  for (const row of standing.shelters) {
    const { shelter, region, places, blocked, occupied, held, emergency } = row
    const where = { shelter, region }
    const figures = { places, blocked, occupied, held, emergency }
    const usable = places - blocked
    if (row.status === 'open' && usable > 0 && occupied + held >= usable * share)
      causes.push(
        cause('shelter_near_full', shelter, occupied + held >= usable ? 'warning' : 'notice', where, figures),
      )
    if (emergency > 0) causes.push(cause('overflow_used', shelter, 'serious', where, figures))
  }
  causes.push(...exhausted(standing.shelters, share))
  for (const { store, shelter, region, item, lot, expires_on } of standing.lots)
    causes.push(
      cause(
        'lot_expiring',
        `${store} ${item} ${expires_on} ${lot}`,
        'notice',
        { shelter, region },
        { store, item, lot, expires_on },
      ),
    )
  for (const { id, shelter, region, difference } of standing.headcounts)
    causes.push(
      cause('headcount_differs', shelter, 'warning', { shelter, region }, { headcount: id, difference }),
    )
  for (const { id, shelter, region, people, expires_at } of standing.holds)
    causes.push(cause('hold_expired', id, 'notice', { shelter, region }, { hold: id, people, expires_at }))
  for (const { id, shelter, region, expected_at, status } of standing.consignments)
    causes.push(
      cause(
        'consignment_late',
        id,
        status === 'held' ? 'serious' : 'warning',
        { shelter, region },
        { consignment: id, expected_at, status },
      ),
    )
  return causes
}

/** A region, or the nation, in which hardly a place is left. */
function exhausted(shelters: readonly StandingRow[], share: number): Cause[] {
  const open = shelters.filter(({ status }) => status === 'open')
  const groups: [string | null, StandingRow[]][] = [
    [null, open],
    ...Map.groupBy(open, ({ region }) => region),
  ]
  return groups.flatMap(([region, rows]) => {
    const usable = rows.reduce((sum, row) => sum + row.places - row.blocked, 0)
    const taken = rows.reduce((sum, row) => sum + row.occupied + row.held, 0)
    if (usable === 0 || taken < usable * share) return []
    const severity = taken >= usable ? 'critical' : 'serious'
    const about = { usable, taken, free: usable - taken }
    return [cause('places_near_exhausted', region ?? 'nation', severity, { shelter: null, region }, about)]
  })
}

/** Somebody has seen it. Seeing it twice changes nothing. Refused: `alert_not_found`. */
export function decideAcknowledgement(
  { records }: { records: RecordsFacts },
  { content, caller }: Command<{ alert: string }, unknown>,
  now: Moment,
): Decision<Acknowledged, ServiceLedgers> {
  const alert = records.row('alerts', content.alert)
  const { remit } = caller.principal
  const visible =
    alert !== undefined &&
    (remit.everywhere ||
      (alert.region !== null && withinRemit(remit, { id: alert.shelter ?? '', region: alert.region })))
  if (!visible)
    return { refused: refuse('alert_not_found', `No alert ${content.alert} is known to this key.`) }
  const before = records.row('alert_acknowledgements', alert.id)
  const row = before ?? { alert: alert.id, acknowledged_at: now.at }
  return {
    status: 200,
    answer: { alert: { id: alert.id, acknowledged_at: row.acknowledged_at } },
    // Alerts stand beside the journal: seeing one is no entry of it.
    entries: [],
    changes: before === undefined ? { records: { alert_acknowledgements: [row] } } : {},
  }
}
