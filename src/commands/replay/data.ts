import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { type Instant, instantOf } from '../../domain/instant.ts'
import { type RegionCode, region_codes } from '../../domain/regions.ts'

/**
 * What was published at one moment: how many people the state had housed. A region that is missing from
 * `regions` is unknown, not zero. Sources: data/SOURCES.md and the column `source` of each row.
 */
export type Release = {
  as_of: Instant
  regions: ReadonlyMap<RegionCode, number>
  total_stated: number
  source: string
  /**
   * How exactly the source tells the moment: to the hour, the day only, or (`not_given`) by our placeholder.
   */
  hour: 'given' | 'not_given' | 'day'
}

export type ReplayData = {
  /** Regional releases and the national totals between them, in order of time. */
  releases: readonly Release[]
}

const count = z.string().regex(/^\d+$/).transform(Number)
const optional_count = z.union([z.literal('').transform(() => null), count])
const moment = z.iso.datetime({ offset: true }).transform((text): Instant => instantOf(Date.parse(text)))

const accommodation_row = z
  .object({
    as_of: moment,
    measure: z.string(),
    total_stated: count,
    sum_check: count,
    source: z.string().min(1),
  })
  .and(z.record(z.enum(region_codes), optional_count))

const influx_row = z.object({
  as_of: moment,
  as_of_precision: z.enum(['minute', 'unknown', 'day']),
  in_gov_accommodation: optional_count,
  source: z.string(),
})

const hour_by_precision = { minute: 'given', unknown: 'not_given', day: 'day' } as const

function rows<Row>(csv: string, row: z.ZodType<Row>, file: string): Row[] {
  const records: unknown = parse(csv, { columns: true })
  const read = z.array(row).safeParse(records)
  if (read.success) return read.data
  throw new Error(`${file} is not what it should be:\n${z.prettifyError(read.error)}`)
}

function listedRegions(cells: Partial<Record<RegionCode, number | null>>): Map<RegionCode, number> {
  const listed = new Map<RegionCode, number>()
  for (const region of region_codes) {
    const figure = cells[region]
    if (figure !== null && figure !== undefined) listed.set(region, figure)
  }
  return listed
}

/**
 * Joins the two tables. National totals of influx.csv count as releases without regions where they lie
 * between two regional releases, the source gives the hour, and the figure does not merely repeat the release
 * before.
 */
export function parseReplayData(accommodation_csv: string, influx_csv: string): ReplayData {
  const influx = rows(influx_csv, influx_row, 'influx.csv')
  const precision = new Map(influx.map((row) => [row.as_of, hour_by_precision[row.as_of_precision]]))

  const regional = rows(accommodation_csv, accommodation_row, 'accommodation_by_marz.csv')
    .filter((row) => row.measure === 'gov_accommodated')
    .map((row): Release => {
      const regions = listedRegions(row)
      const sum = [...regions.values()].reduce((total, figure) => total + figure, 0)
      if (sum !== row.sum_check) {
        throw new Error(
          `accommodation_by_marz.csv, ${row.as_of}: regions add up to ${sum}, not ${row.sum_check}`,
        )
      }
      const { as_of, total_stated, source } = row
      return { as_of, regions, total_stated, source, hour: precision.get(as_of) ?? 'given' }
    })
    .sort((a, b) => (a.as_of < b.as_of ? -1 : 1))

  const between = influx.flatMap((row): Release[] => {
    const { as_of, in_gov_accommodation: total_stated, source } = row
    if (total_stated === null || row.as_of_precision !== 'minute') return []
    if (regional.some((release) => release.as_of === as_of)) return []
    const before = regional.findLast((release) => release.as_of < as_of)
    const after = regional.find((release) => release.as_of > as_of)
    if (before === undefined || after === undefined || before.total_stated === total_stated) return []
    return [{ as_of, regions: new Map(), total_stated, source, hour: 'given' }]
  })

  return { releases: [...regional, ...between].sort((a, b) => (a.as_of < b.as_of ? -1 : 1)) }
}

/** The figures that lie beside this file. */
export function readReplayData(): ReplayData {
  const text = (name: string) => readFileSync(new URL(`data/${name}`, import.meta.url), 'utf8')
  return parseReplayData(text('accommodation_by_marz.csv'), text('influx.csv'))
}
