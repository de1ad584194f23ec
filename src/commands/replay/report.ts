import { epochOf, type Instant } from '../../domain/instant.ts'
import { type RegionCode, regionOf } from '../../domain/regions.ts'
import type { Moment } from './moments.ts'
import type { ReplayPlan } from './plan.ts'
import type { Reading } from './read.ts'
import { PLACES_ANNOUNCED } from './shelters.ts'

/**
 * One line of the table. `published` is null where the release does not list the region: nothing to compare.
 */
export type ComparedRegion = {
  region: RegionCode
  published: number | null
  stored: number
  difference: number | null
}

export type Comparison = {
  moment: Moment
  regions: readonly ComparedRegion[]
  stored: number
  difference: number
  /** What the release's own regions differ from its own total by. */
  explained: number
  ok: boolean
}

/**
 * Holds what is stored beside what was published. It is right if every listed region meets its figure and the
 * nation's total differs by no more and no less than the source's own regions do from the source's own total.
 */
export function compareMoment(moment: Moment, reading: Reading): Comparison {
  const regions = moment.regions.map(({ region, people, basis }): ComparedRegion => {
    const stored = reading.regions.get(region) ?? 0
    const published = basis === 'published' ? people : null
    return { region, published, stored, difference: published === null ? null : stored - published }
  })
  const difference = reading.occupied - moment.total_stated
  const explained = moment.people - moment.total_stated
  const ok = difference === explained && regions.every((row) => (row.difference ?? 0) === 0)
  return { moment, regions, stored: reading.occupied, difference, explained, ok }
}

/**
 * When the service would have warned, and when the places announced were passed; null where that never came.
 */
export type Warning = {
  warned_at: Instant | null
  /** for how many hours the places left would have lasted, at the pace of the twelve hours before */
  hours_left: number | null
  passed_at: Instant | null
}

/** A warning is due when the places left last for less than a day (issue 3; the service's own choice). */
const HOURS_LEFT_MIN = 24
export const PACE_HOURS = 12

const placesLeft = (reading: Reading): number => reading.places - reading.emergency - reading.occupied

/** The first moment read at which more people are present than there are places without emergency ones. */
export const firstPast = (readings: readonly Reading[]): Instant | null =>
  readings.find((reading) => placesLeft(reading) < 0)?.as_of ?? null

/**
 * `hourly` are readings an hour apart, beginning twelve hours before the first household. The places left are
 * those in buildings, without emergency ones, minus the people present; the pace is how many more people are
 * present than twelve hours ago, for one hour.
 */
export function findWarning(hourly: readonly Reading[]): Warning {
  const passed_at = firstPast(hourly)
  for (const [index, reading] of hourly.entries()) {
    const earlier = hourly[index - PACE_HOURS]
    if (earlier === undefined) continue
    const pace = (reading.occupied - earlier.occupied) / PACE_HOURS
    if (pace <= 0) continue
    const hours_left = Math.max(0, placesLeft(reading) / pace)
    if (hours_left < HOURS_LEFT_MIN) return { warned_at: reading.as_of, hours_left, passed_at }
  }
  return { warned_at: null, hours_left: null, passed_at }
}

const day = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Yerevan',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
})
const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Yerevan',
  hour: '2-digit',
  minute: '2-digit',
})

const at = (instant: Instant): string =>
  `${day.format(epochOf(instant))} at ${clock.format(epochOf(instant))}`

const grouped = (figure: number): string => figure.toLocaleString('en-US').replace('-', '−')
const signed = (figure: number): string => (figure > 0 ? `+${grouped(figure)}` : grouped(figure))

const hour_notes = { given: '', not_given: ', hour not given by the source', day: ', only the day is given' }

export const assumptions = (begins_at: Instant): string => `\
Assumed, because nobody published it:
- the ${grouped(PLACES_ANNOUNCED)} places announced on 22 September 2023 stand from that day on, spread over the regions
  in proportion to the people housed on 1 October (morning), in shelters that stand for no real building;
- between two published moments people come evenly, in households of 1 to 7; the first come
  on ${at(begins_at)}, those housed before (1,100 by 25 September) among them;
- regions that a release does not list hold together what the stated total leaves ("shared out", not compared);
  Yerevan, which no release lists, holds nobody; nobody leaves.
`

/** What was posted, and how long it took. A post that was `replayed` had been made before. */
export function formatPosted(plan: ReplayPlan, replayed: number, seconds: number): string {
  const people = plan.arrivals.reduce((sum, arrival) => sum + arrival.people, 0)
  const overflow = plan.arrivals.filter((arrival) => arrival.overflow).length
  const posted =
    `${grouped(plan.arrivals.length)} households, ${grouped(people)} people, into ${plan.shelters.length} shelters ` +
    `in ${seconds.toFixed(1)} s; ${grouped(overflow)} households came by overflow.`
  return replayed === 0
    ? `${posted}\n`
    : `${posted}\n${grouped(replayed)} of the posts had been made before and changed nothing.\n`
}

export const formatPlaces = ({ places, emergency }: Reading): string =>
  `Places at the end: ${grouped(places - emergency)}, and ${grouped(emergency)} emergency places beside them.`

/** The table of one moment: a heading, a line for each region, the total. */
export function formatComparison({ moment, regions, stored, difference, explained, ok }: Comparison): string {
  const line = (name: string, published: string, held: string, differs: string, note: string) =>
    `  ${name.padEnd(13)}${published.padStart(10)}${held.padStart(10)}${differs.padStart(12)}  ${note}`.trimEnd()

  const heading = `${at(moment.as_of)} (Asia/Yerevan${hour_notes[moment.hour]}) · ${moment.source}`
  const none_listed = regions.every((row) => row.published === null)
  const rows = none_listed
    ? ['  no region listed: the total is shared out']
    : regions.map((row) => {
        const name = regionOf(row.region)?.names.en ?? row.region
        if (row.published === null || row.difference === null) {
          return line(name, 'unknown', grouped(row.stored), '', 'shared out')
        }
        const note = row.difference === 0 ? '' : 'NOT EXPLAINED'
        return line(name, grouped(row.published), grouped(row.stored), signed(row.difference), note)
      })
  const own = `its own regions add up to ${grouped(moment.people)}; the source does not say why`
  const note = difference !== explained ? 'NOT EXPLAINED' : explained === 0 ? '' : own
  const total = line('total stated', grouped(moment.total_stated), grouped(stored), signed(difference), note)
  const head = line('region', 'published', 'stored', 'difference', ok ? '' : 'DIFFERS')
  return [heading, head, ...rows, total, ''].join('\n')
}

/** The last line. */
export function formatWarning({ warned_at, passed_at }: Warning): string {
  const announced = grouped(PLACES_ANNOUNCED)
  if (warned_at === null)
    return `The service would not have warned that the ${announced} places would not do.`
  const warned = `The service would have warned on ${at(warned_at)} (Asia/Yerevan)`
  if (passed_at === null) return `${warned}; the ${announced} places were not passed.`
  const hours = Math.floor((epochOf(passed_at) - epochOf(warned_at)) / 3_600_000)
  return hours < 0
    ? `${warned}, after the ${announced} places were passed (${at(passed_at)}).`
    : `${warned}, ${hours} hours before the ${announced} were passed (${at(passed_at)}).`
}
