import { customType } from 'drizzle-orm/pg-core'
import type { Instant } from '../../domain/instant.ts'

/**
 * PostgreSQL's text of a `timestamptz` in a session whose TimeZone is UTC (`2023-09-26 10:00:00.12+00`) as an
 * `Instant`. By slicing, because every row of every answer passes here; what comes as an Instant stays one.
 * Digits beyond the milliseconds are cut off, not rounded: a moment must not move into the future.
 */
export function instantFromText(text: string): Instant {
  if (text.length === 24 && text[23] === 'Z') return text
  // Also refuses `infinity`, years before Christ or after 9999, and a session that is not in UTC.
  if (text[10] !== ' ' || !text.endsWith('+00'))
    throw new TypeError('not a moment in UTC, as PostgreSQL writes it')
  const milliseconds = text.slice(20, -3).padEnd(3, '0').slice(0, 3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${milliseconds}Z`
}

/*
 * drizzle's node-postgres session hands timestamps over as PostgreSQL wrote them, whatever type parsers the pool
 * has; so the column converts for itself.
 */
const instantColumn = customType<{ data: Instant; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  fromDriver: instantFromText,
})

/** A moment: `timestamptz(3)` in the database, an `Instant` in the program. */
export const instant = (name: string) => instantColumn(name)

const byteaColumn = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })

/** Bytes: hashes, salts. */
export const bytea = (name: string) => byteaColumn(name)
