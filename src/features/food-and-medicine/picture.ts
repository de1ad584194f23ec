import type { Database } from '../../database/client.ts'
import type { Instant } from '../../domain/instant.ts'
import { type Standards, standardsWith } from '../../domain/standards.ts'
import { type FactsRead, readFacts, readNow } from './store.ts'

/** A lot, or lots that expire on the same day: what is usable of it. */
export type Lot = { expires_on: string; amount: number }

/** What access to food and medicine follows from, in one shelter. A new object whenever any of it may have changed. */
export type ShelterFacts = {
  id: string
  code: string
  name: string
  region: string
  latitude: number
  longitude: number
  /** people who are in the building */
  occupied: number
  /** people on the road, whose places are held */
  holds: { people: number; expected_at: Instant | null; expires_at: Instant }[]
  /** portions a day */
  meals: { portions: number; starts_on: string; ends_on: string | null }[]
  /** energy, in thousandths × kcal */
  food: Lot[]
  /** thousandths of each item */
  medicine: Map<string, Lot[]>
  /** people present who have the need */
  needs: Map<string, number>
}

export type Need = { code: string; item: string | null; daily: number | null }

/** Everything at one entry of the journal. */
export type Picture = {
  seq: number
  shelters: ReadonlyMap<string, ShelterFacts>
  needs: readonly Need[]
  units: ReadonlyMap<string, string>
  standards: Standards
  health_services: FactsRead['health_services']
}

/**
 * The facts in memory, and never older than the question: each asks first how far the journal has come, and what has
 * changed since is read again, shelter by shelter. A nation of 400 shelters and 20,000 lots costs one small statement
 * while nothing changes, and as much as changed otherwise.
 */
export function openPicture(database: Database): {
  current(): Promise<{ picture: Picture; now: Instant }>
} {
  let picture: Picture | undefined
  let refreshing: Promise<Picture> | undefined

  async function refresh(): Promise<Picture> {
    const since = picture?.seq
    const changes = await readFacts(database, since)
    const read = changes ?? (await readFacts(database, undefined))
    if (read === null) throw new Error('a whole reading is never refused')
    const next: Picture = {
      seq: read.seq,
      shelters: merged(read.changed === null ? undefined : picture?.shelters, read),
      needs: read.needs,
      units: new Map(read.items.map(({ code, unit }) => [code, unit])),
      standards: standardsWith(read.standards),
      health_services: read.health_services,
    }
    picture = next
    return next
  }

  return {
    async current() {
      const { seq, clock } = await readNow(database)
      // Whoever asked before may have begun to read before this entry was there.
      while (picture === undefined || picture.seq < seq) {
        refreshing ??= refresh().finally(() => {
          refreshing = undefined
        })
        await refreshing
      }
      return { picture, now: clock }
    },
  }
}

function merged(
  before: ReadonlyMap<string, ShelterFacts> | undefined,
  read: FactsRead,
): ReadonlyMap<string, ShelterFacts> {
  const shelters = new Map(before)
  for (const id of read.changed ?? []) shelters.delete(id)
  const of = new Map<string, ShelterFacts>()
  for (const shelter of read.shelters) {
    const facts = { ...shelter, holds: [], meals: [], food: [], medicine: new Map(), needs: new Map() }
    of.set(shelter.id, facts)
    shelters.set(shelter.id, facts)
  }
  for (const { shelter, ...hold } of read.holds) of.get(shelter)?.holds.push(hold)
  for (const { shelter, ...meal } of read.meals) of.get(shelter)?.meals.push(meal)
  for (const { store, item, ...lot } of read.lots) {
    const facts = of.get(store)
    if (facts === undefined) continue
    if (item === null) facts.food.push(lot)
    else facts.medicine.set(item, [...(facts.medicine.get(item) ?? []), lot])
  }
  for (const { shelter, need, people } of read.needs_present) of.get(shelter)?.needs.set(need, people)
  return shelters
}
