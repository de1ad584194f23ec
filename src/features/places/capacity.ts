import { type Balance, EMPTY, free, shift } from '../../domain/balance.ts'
import { type Instant, later } from '../../domain/instant.ts'
import { regions } from '../../domain/regions.ts'
import type { Capacity } from './schemas.ts'
import type { CapacityAsked, CapacityRead, RegionFigures } from './store.ts'

type Figures = Balance & { shelters: number }

const none: Figures = { ...EMPTY, shelters: 0 }

const shown = (figures: Figures) => ({
  places: figures.places,
  blocked: figures.blocked,
  occupied: figures.occupied,
  held: figures.held,
  emergency: figures.emergency,
  free: free(figures),
  shelters: figures.shelters,
})

/**
 * Whether entries recorded by `known_at` may still come. A commit under way took its time after the lock and ends
 * within `commit_ms_max`; what lies before the journal's head, or further back than that, is settled.
 */
export const isFinal = (known_at: Instant, read: CapacityRead, commit_ms_max: number): boolean =>
  known_at <= read.head_recorded_at || known_at < later(read.clock, -commit_ms_max)

/** The answer: every region asked for, those without shelters too, and their sum. */
export function capacityOf(
  asked: CapacityAsked,
  read: CapacityRead,
  settings: { goal: number; commit_ms_max: number },
): Capacity {
  const by_region = new Map<string, RegionFigures>(read.figures.map((figures) => [figures.region, figures]))
  const rows = regions.map(({ code, names }) => ({
    region: code,
    name: names.en,
    figures: by_region.get(code) ?? none,
  }))
  const national = rows.reduce<Figures>(
    (sum, { figures }) => ({ ...shift(sum, figures), shelters: sum.shelters + figures.shelters }),
    none,
  )
  const wanted = rows.filter(({ region }) => asked.region === undefined || region === asked.region)
  const known_at = asked.known_seq === undefined ? (asked.known_at ?? read.clock) : read.recorded_at
  return {
    as_of:
      asked.as_of ?? (asked.known_at === undefined && asked.known_seq === undefined ? read.clock : known_at),
    known_at,
    seq: read.seq,
    final:
      (asked.known_seq ?? Number.POSITIVE_INFINITY) <= read.head_seq ||
      isFinal(known_at, read, settings.commit_ms_max),
    goal: settings.goal,
    national: shown(national),
    regions: wanted.map(({ region, name, figures }) => ({ region, name, ...shown(figures) })),
  }
}
