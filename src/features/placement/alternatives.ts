import type { Database } from '../../database/client.ts'
import { distanceKm, type Position } from '../../domain/geography.ts'
import type { Refusal } from '../../http/problem.ts'
import { type OpenShelter, readOpenShelters, readPosition } from './store.ts'

export type Alternative = {
  shelter: string
  code: string
  name: string
  region: string
  free: number
  distance_km: number
}

const ALTERNATIVES_MAX = 3

/** The open shelters nearest to `from` that have room for `people`; distances as the crow flies, in km to 100 m. */
export function nearestWithRoom(
  from: Position & { id: string },
  people: number,
  picture: readonly OpenShelter[],
): Alternative[] {
  return picture
    .filter((shelter) => shelter.room >= people && shelter.id !== from.id)
    .map((shelter) => ({ shelter, km: distanceKm(from, shelter) }))
    .sort((a, b) => a.km - b.km || (a.shelter.code < b.shelter.code ? -1 : 1))
    .slice(0, ALTERNATIVES_MAX)
    .map(({ shelter, km }) => ({
      shelter: shelter.id,
      code: shelter.code,
      name: shelter.name,
      region: shelter.region,
      free: shelter.room,
      distance_km: Math.round(km * 10) / 10,
    }))
}

export type WithAlternatives = (refusal: Refusal, shelter: string, people: number) => Promise<Refusal>

/**
 * Adds to a refusal where there is room instead: advice, worked out after the decision and outside of the lock, from a
 * picture that may be `max_age_ms` old.
 */
export function alternatives(database: Database, max_age_ms: number): WithAlternatives {
  const openShelters = picture(() => readOpenShelters(database), max_age_ms)
  return async (refusal, shelter, people) => {
    if (refusal.code !== 'shelter_full') return refusal
    const [position, shelters] = await Promise.all([readPosition(database, shelter), openShelters()])
    if (position === undefined) return refusal
    return {
      ...refusal,
      members: { ...refusal.members, alternatives: nearestWithRoom(position, people, shelters) },
    }
  }
}

/**
 * Keeps what `read` gives for `max_age_ms`, and reads once for all who ask meanwhile. Advice may be a second old;
 * a crowd before a full school must not become a crowd of table scans.
 */
export function picture<Value>(read: () => Promise<Value>, max_age_ms: number): () => Promise<Value> {
  let taken_at = Number.NEGATIVE_INFINITY
  let value: Promise<Value> | undefined
  return () => {
    const now = performance.now()
    if (value === undefined || now - taken_at > max_age_ms) {
      taken_at = now
      value = read()
      value.catch(() => {
        value = undefined
      })
    }
    return value
  }
}
