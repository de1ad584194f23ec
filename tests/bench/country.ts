import { itself } from '../../src/access/itself.ts'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { regions } from '../../src/domain/regions.ts'
import { composition_groups } from '../../src/domain/stays.ts'
import type { Kept } from './database.ts'

/* The country that is posted into, and the households that are posted: the same ones in every run. */

const SHELTERS = 500
/** The most the API allows in one shelter. */
const PLACES = 20_000
/** More than the API allows: a minute at full speed must not fill it, for a refusal is cheaper than an arrival. */
const HOT_PLACES = 100_000_000
const HOT_CODE = 'AM-ER-9000'
const PEOPLE_MAX = 7

export type Country = {
  /** an API key with the role `shelter_staff`, for all regions */
  key: string
  /** codes of the shelters that share the arrivals evenly */
  uniform: string[]
  /** the code of the one that gets them all */
  hot: string
}

/** Registers the shelters and issues the key, by the service's own way of a write. */
export async function prepareCountry(url: string): Promise<Country> {
  const config = readConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATABASE_URL: url })
  const service = await buildApp({ ...config, DATABASE_URL: url })
  try {
    const operator = itself('command-line:bench')
    const uniform: string[] = []
    for (let index = 0; index < SHELTERS; index++) {
      const region = regions[index % regions.length] ?? regions[0]
      uniform.push(`${region.code}-${String(index + 1).padStart(4, '0')}`)
    }
    const planned = [...uniform.map((code) => [code, PLACES] as const), [HOT_CODE, HOT_PLACES] as const]
    const outcomes = await Promise.all(
      planned.map(([code, places]) => service.registerShelter(operator, code, shelterOf(code, places))),
    )
    const issued = await service.issueKey(operator, {
      name: 'Bench',
      role: 'shelter_staff',
      kind: 'device',
      regions: regions.map(({ code }) => code),
      shelters: [],
      overflow: false,
      expires_at: null,
    })
    for (const outcome of [...outcomes, issued]) {
      if ('refused' in outcome) throw new Error(outcome.refused.detail)
    }
    if ('refused' in issued) throw new Error(issued.refused.detail)
    return { key: issued.key, uniform, hot: HOT_CODE }
  } finally {
    await service.app.close()
  }
}

function shelterOf(code: string, places: number) {
  const region = regions.find((one) => code.startsWith(one.code)) ?? regions[0]
  return {
    code,
    name: `Bench school ${code}`,
    kind: 'school',
    region: region.code,
    ...region.centre,
    status: 'open',
    places,
  } as const
}

export type Posts = {
  /** the body of the next post, as JSON in ASCII */
  next(): string
  /** what all posts so far leave behind if each of them was carried out once */
  expected: Omit<Kept, 'entries'>
}

/** Households of 1 to 7 people; every third has a reference, and every third of each kind a composition. */
export function postsInto(shelters: readonly string[]): Posts {
  const random = randomNumbers(20_230_922)
  const expected = { stays: 0, people: 0, references: 0, details: 0 }
  return {
    expected,
    next() {
      const ordinal = expected.stays++
      const people = 1 + random(PEOPLE_MAX)
      const has_reference = ordinal % 3 === 0
      const has_composition = Math.floor(ordinal / 3) % 3 === 0
      expected.people += people
      if (has_reference) expected.references += 1
      if (has_composition) expected.details += 1
      return JSON.stringify({
        shelter: shelters[ordinal % shelters.length],
        household: {
          ...(has_reference && { reference: `AR-${String(ordinal).padStart(7, '0')}` }),
          people,
          ...(has_composition && { composition: compositionOf(people, random) }),
        },
      })
    },
  }
}

function compositionOf(people: number, random: (below: number) => number): Record<string, number> {
  const composition: Record<string, number> = {}
  for (let person = 0; person < people; person++) {
    const group = composition_groups[random(composition_groups.length)] ?? composition_groups[0]
    composition[group] = (composition[group] ?? 0) + 1
  }
  return composition
}

/** Whole numbers from 0, below a limit: the same sequence for the same seed (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
