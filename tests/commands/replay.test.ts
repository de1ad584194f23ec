/**
 * The promise: what the replay posts adds up, at every moment and in every region, to what was published in
 * September 2023; nothing in it is left to chance, so a second run repeats the first; and what the source itself
 * does not explain is told apart from what the service got wrong.
 */
import { describe, expect, test } from 'vitest'
import { parseReplayData, readReplayData } from '../../src/commands/replay/data.ts'
import { completeMoments } from '../../src/commands/replay/moments.ts'
import { planReplay } from '../../src/commands/replay/plan.ts'
import type { Reading } from '../../src/commands/replay/read.ts'
import {
  compareMoment,
  findWarning,
  formatComparison,
  formatWarning,
  PACE_HOURS,
} from '../../src/commands/replay/report.ts'
import { startingPlaces } from '../../src/commands/replay/shelters.ts'
import { type Balance, EMPTY, shift, takeIn } from '../../src/domain/balance.ts'
import { epochOf, type Instant, instantOf } from '../../src/domain/instant.ts'
import { insideBox, regionOf } from '../../src/domain/regions.ts'

const data = readReplayData()
const plan = planReplay(data)
const shelter_by_code = new Map(plan.shelters.map((shelter) => [shelter.code, shelter]))
const regionOfShelter = (code: string) => shelter_by_code.get(code)?.region

/** Posts the plan into the domain's own arithmetic: no service, the same rules. */
function balancesAt(as_of: Instant): Map<string, Balance> {
  const balances = new Map(plan.shelters.map(({ code, places }) => [code, { ...EMPTY, places }]))
  for (const arrival of plan.arrivals) {
    if (arrival.occurred_at > as_of) break
    const balance = balances.get(arrival.shelter) ?? EMPTY
    const change = takeIn(balance, arrival.people, arrival.overflow)
    if (change === null) throw new Error(`${arrival.key} finds ${arrival.shelter} full`)
    balances.set(arrival.shelter, shift(balance, change))
  }
  return balances
}

function readingAt(as_of: Instant): Reading {
  const balances = balancesAt(as_of)
  const regions = new Map<NonNullable<ReturnType<typeof regionOfShelter>>, number>()
  const total = { ...EMPTY }
  for (const [code, balance] of balances) {
    const region = regionOfShelter(code)
    if (region === undefined) throw new Error(`${code} is not in the plan`)
    regions.set(region, (regions.get(region) ?? 0) + balance.occupied)
    total.places += balance.places
    total.emergency += balance.emergency
    total.occupied += balance.occupied
  }
  return { as_of, regions, places: total.places, emergency: total.emergency, occupied: total.occupied }
}

describe('the published figures', () => {
  test('a blank cell is unknown: 27 September lists eight regions, 1 October at 15:00 seven, at 23:59 two', () => {
    const listed = new Map(data.releases.map((release) => [release.as_of, release.regions.size]))
    expect(listed.get('2023-09-27T04:00:00.000Z')).toBe(8)
    expect(listed.get('2023-10-01T11:00:00.000Z')).toBe(7)
    expect(listed.get('2023-10-01T19:59:00.000Z')).toBe(2)
    expect(data.releases.some((release) => release.regions.has('AM-ER'))).toBe(false)
  })

  test('national totals between the releases count only where the source gives the hour', () => {
    const national = data.releases.filter((release) => release.regions.size === 0)
    expect(national.map(({ as_of, total_stated }) => [as_of, total_stated])).toEqual([
      ['2023-09-27T11:00:00.000Z', 5_700],
      ['2023-09-28T06:00:00.000Z', 11_000],
    ])
  })

  test('a table that was altered by mistake is refused', () => {
    const head = 'as_of,measure,AM-AG,AM-AR,AM-AV,AM-ER,AM-GR,AM-KT,AM-LO,AM-SH,AM-SU,AM-TV,AM-VD'
    const influx = 'as_of,as_of_precision,in_gov_accommodation,source\n'
    const row = (cells: string) =>
      `${head},total_stated,sum_check,source\n2023-09-26T20:00:00+04:00,gov_accommodated,${cells},s\n`
    const good = parseReplayData(row(',,147,,833,,,,1305,268,700,3253,3253'), influx)
    expect(good.releases[0]?.regions.get('AM-AV')).toBe(147)
    expect(() => parseReplayData(row(',,148,,833,,,,1305,268,700,3253,3253'), influx)).toThrow(
      '3254, not 3253',
    )
    expect(() => parseReplayData(row(',,1e2,,833,,,,1305,268,700,3253,3253'), influx)).toThrow('AM-AV')
  })
})

describe('the moments', () => {
  test('each holds every listed figure, and the stated total wherever a region is left to share it', () => {
    for (const [index, moment] of plan.moments.entries()) {
      const release = data.releases[index]
      const figures = new Map(moment.regions.map(({ region, people }) => [region, people]))
      for (const [region, people] of release?.regions ?? []) expect(figures.get(region)).toBe(people)
      const listed_all = moment.regions.every(({ basis }) => basis === 'published')
      expect(moment.people).toBe(listed_all ? moment.people : moment.total_stated)
    }
    expect(plan.moments.map(({ people }) => people)).toEqual([
      3_253, 4_002, 5_700, 11_000, 16_853, 27_396, 32_200, 37_749, 47_322, 48_000,
    ])
  })

  test('no region ever has fewer people than before', () => {
    const before = new Map<string, number>()
    for (const moment of plan.moments) {
      for (const { region, people } of moment.regions) {
        expect(people).toBeGreaterThanOrEqual(before.get(region) ?? 0)
        before.set(region, people)
      }
    }
  })

  test('figures that would need people to leave, or a total below its regions, are refused', () => {
    const release = (as_of: Instant, figures: [string, number][], total_stated: number) => ({
      as_of,
      regions: new Map(figures.map(([code, people]) => [code === 'KT' ? 'AM-KT' : 'AM-LO', people] as const)),
      total_stated,
      source: 's',
      hour: 'given' as const,
    })
    const first = release(
      '2023-09-26T00:00:00.000Z',
      [
        ['KT', 5],
        ['LO', 5],
      ],
      10,
    )
    const fewer = release(
      '2023-09-27T00:00:00.000Z',
      [
        ['KT', 4],
        ['LO', 5],
      ],
      9,
    )
    const too_little = release('2023-09-27T00:00:00.000Z', [['KT', 6]], 8)
    expect(() => completeMoments([first, fewer])).toThrow('departures are not replayed')
    expect(() => completeMoments([first, too_little])).toThrow('no possible share')
  })
})

describe('the shelters', () => {
  test('start with exactly 40,000 places, in proportion to the regions of 1 October, morning', () => {
    expect(plan.shelters.reduce((sum, shelter) => sum + shelter.places, 0)).toBe(40_000)
    const starting = startingPlaces(plan.moments)
    for (const [region, places] of starting) {
      const morning = data.releases.find(({ as_of }) => as_of === '2023-10-01T06:00:00.000Z')
      const exact = (40_000 * (morning?.regions.get(region) ?? 0)) / 37_749
      expect(Math.abs(places - exact)).toBeLessThan(1)
      const opened = plan.shelters.filter((shelter) => shelter.region === region)
      expect(opened.length).toBeGreaterThanOrEqual(4)
      expect(opened.reduce((sum, shelter) => sum + shelter.places, 0)).toBe(places)
    }
  })

  test('have codes of their own, a name that says what they are, and lie in their region', () => {
    for (const { code, name, region, latitude, longitude, places } of plan.shelters) {
      const place = regionOf(region)
      if (place === undefined) throw new Error(`${region} is no region`)
      expect(code).toMatch(new RegExp(`^${region}-9\\d{3}$`))
      expect(name).toMatch(new RegExp(`^Replay [a-z ]+ \\d+, ${place.names.en}$`))
      expect(insideBox({ latitude, longitude }, place)).toBe(true)
      expect(places).toBeGreaterThan(0)
    }
    expect(shelter_by_code.size).toBe(plan.shelters.length)
  })
})

describe('the arrivals', () => {
  test('are households of 1 to 7 people, most of them 2 to 6, after the beginning and up to the last moment', () => {
    const mostly = plan.arrivals.filter(({ people }) => people >= 2 && people <= 6).length
    expect(mostly / plan.arrivals.length).toBeGreaterThan(0.8)
    for (const { people, occurred_at } of plan.arrivals) {
      expect(Number.isInteger(people) && people >= 1 && people <= 7).toBe(true)
      expect(occurred_at > plan.begins_at && occurred_at <= '2023-10-01T19:59:00.000Z').toBe(true)
    }
  })

  test('meet every figure of every region at every published moment, posted in order', () => {
    for (const moment of plan.moments) {
      const { regions, occupied } = readingAt(moment.as_of)
      for (const { region, people } of moment.regions)
        expect([region, regions.get(region)]).toEqual([region, people])
      expect(occupied).toBe(moment.people)
    }
  })

  test('come by overflow only when no shelter of the region has room for the household, and then need it', () => {
    const balances = balancesAt(plan.begins_at)
    let overflows = 0
    for (const { shelter, people, overflow } of plan.arrivals) {
      if (overflow) {
        overflows += 1
        const region = regionOfShelter(shelter)
        for (const [code, { places, occupied }] of balances) {
          if (regionOfShelter(code) === region) expect(places - occupied).toBeLessThan(people)
        }
      }
      const change = takeIn(balances.get(shelter) ?? EMPTY, people, overflow)
      if (change === null) throw new Error(`${shelter} is full`)
      expect(change.emergency > 0).toBe(overflow)
      balances.set(shelter, shift(balances.get(shelter) ?? EMPTY, change))
    }
    expect(overflows).toBeGreaterThan(0)
  })

  test('are spread over all shelters of a region', () => {
    const used = new Set(plan.arrivals.map(({ shelter }) => shelter))
    expect(used.size).toBe(plan.shelters.length)
  })

  test('carry keys of 8 to 128 printable characters, no two alike', () => {
    const keys = [...plan.shelters, ...plan.arrivals].map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key).toMatch(/^[\x21-\x7e]{8,128}$/)
  })

  test('are the same on every run', () => {
    expect(planReplay(readReplayData())).toEqual(plan)
  })
})

describe('the report', () => {
  const momentOf = (as_of: Instant) => {
    const moment = plan.moments.find((candidate) => candidate.as_of === as_of)
    if (moment === undefined) throw new Error(`nothing was published at ${as_of}`)
    return moment
  }

  test('28 September is right although its total is 300 away, for its own regions are', () => {
    const moment = momentOf('2023-09-28T16:00:00.000Z')
    const comparison = compareMoment(moment, readingAt(moment.as_of))
    expect(comparison).toMatchObject({ difference: -300, explained: -300, ok: true })
    expect(formatComparison(comparison)).toContain(
      '  total stated     17,153    16,853        −300  its own regions add up to 16,853',
    )
  })

  test('a single person too many in a listed region is a difference', () => {
    const moment = momentOf('2023-09-27T04:00:00.000Z')
    const reading = readingAt(moment.as_of)
    expect(compareMoment(moment, reading).ok).toBe(true)
    const regions = new Map(reading.regions).set('AM-KT', 21)
    expect(compareMoment(moment, { ...reading, regions }).ok).toBe(false)
    const wrong = compareMoment(moment, { ...reading, regions, occupied: reading.occupied + 1 })
    expect(wrong.ok).toBe(false)
    expect(formatComparison(wrong)).toContain(
      '  Kotayk               20        21          +1  NOT EXPLAINED',
    )
  })

  test('people where nothing says that anybody was housed show in the total', () => {
    const moment = momentOf('2023-09-29T16:00:00.000Z')
    const reading = readingAt(moment.as_of)
    expect(compareMoment(moment, { ...reading, occupied: reading.occupied + 4 }).ok).toBe(false)
  })

  test('an unlisted region is shown as unknown and shared out, with nothing to differ from', () => {
    const moment = momentOf('2023-10-01T11:00:00.000Z')
    const lines = formatComparison(compareMoment(moment, readingAt(moment.as_of))).split('\n')
    expect(lines.filter((line) => line.endsWith('shared out'))).toHaveLength(3)
    expect(lines.find((line) => line.includes('Ararat'))).toMatch(/unknown +12,151 +shared out$/)
  })

  const hourly = (occupied: number[], places = 1_000): Reading[] =>
    occupied.map((people, hour) => {
      const emergency = Math.max(0, people - places)
      const as_of = instantOf(epochOf('2023-09-26T00:00:00.000Z') + hour * 3_600_000)
      return { as_of, places: places + emergency, emergency, occupied: people, regions: new Map() }
    })

  test('the warning comes in the first hour in which the places left last less than 24 hours at the pace of 12', () => {
    // 30 people an hour from hour 12 on. At hour 23: 670 places left, 27.5 an hour, 24.4 hours. At 24: 640, 30, 21.3.
    const steady = Array.from({ length: 60 }, (_, hour) => Math.max(0, hour - PACE_HOURS) * 30)
    expect(findWarning(hourly(steady))).toMatchObject({
      warned_at: '2023-09-27T00:00:00.000Z',
      passed_at: '2023-09-27T22:00:00.000Z',
    })
  })

  test('exactly 24 hours left is no warning, and emergency places do not put it off', () => {
    const flat = Array.from({ length: 13 }, (_, hour) => hour * 10)
    expect(findWarning(hourly(flat, 120 + 240)).warned_at).toBeNull()
    expect(findWarning(hourly(flat, 120 + 239)).warned_at).not.toBeNull()
    const crowded = hourly(flat, 120 + 239).map((reading) => ({
      ...reading,
      places: reading.places + 500,
      emergency: reading.emergency + 500,
    }))
    expect(findWarning(crowded).warned_at).not.toBeNull()
  })

  test('on the real days it comes at 02:00 on 1 October, nine hours before the 40,000 were passed', () => {
    const first_ms = epochOf(plan.begins_at) - PACE_HOURS * 3_600_000
    const readings = Array.from({ length: 157 }, (_, hour) =>
      readingAt(instantOf(first_ms + hour * 3_600_000)),
    )
    const warning = findWarning(readings)
    expect(warning).toMatchObject({
      warned_at: '2023-09-30T22:00:00.000Z',
      passed_at: '2023-10-01T08:00:00.000Z',
    })
    const at_the_minute = { ...warning, passed_at: '2023-10-01T07:11:00.000Z' }
    expect(formatWarning(at_the_minute)).toBe(
      'The service would have warned on 1 October 2023 at 02:00 (Asia/Yerevan), 9 hours before the 40,000 were ' +
        'passed (1 October 2023 at 11:11).',
    )
  })
})
