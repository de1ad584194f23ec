import { and, asc, desc, eq, gt, or, type SQL, sql } from 'drizzle-orm'
import type { Remit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { blocks, type HoldRow, headcounts, holds } from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import type { HoldsQuery } from './schemas.ts'

const BLOCKS_MAX = 500

const is_due = sql`${holds.status} = 'live' and ${holds.expires_at} <= clock_timestamp()`

/** Holds as they are now: one that is due has expired, though nobody has written so yet. */
const selectHolds = (database: Database) =>
  database.select({ hold: holds, due: sql<boolean>`${is_due}` }).from(holds)

const asOfNow = ({ hold, due }: { hold: HoldRow; due: boolean }): HoldRow =>
  due ? { ...hold, status: 'expired', remaining: 0 } : hold

/** What a remit lets through, over the columns of a table that names shelter and region. */
function inside(remit: Remit, columns: { shelter: SQL; region: SQL }): SQL | undefined {
  if (remit.everywhere) return undefined
  const regions = remit.regions.map((region) => sql`${columns.region} = ${region}`)
  const own = remit.shelters.map((shelter) => sql`${columns.shelter} = ${shelter}`)
  return or(...regions, ...own) ?? sql`false`
}

export async function readHold(database: Database, id: string): Promise<HoldRow | undefined> {
  const [row] = await selectHolds(database).where(eq(holds.id, id))
  return row && asOfNow(row)
}

export async function readHolds(
  database: Database,
  remit: Remit,
  query: HoldsQuery,
  after: string | undefined,
  limit: number,
): Promise<HoldRow[]> {
  const { shelter, region, status } = query
  const rows = await selectHolds(database)
    .where(
      and(
        inside(remit, { shelter: sql`${holds.shelter}`, region: sql`${holds.region}` }),
        shelter === undefined ? undefined : eq(holds.shelter, shelter),
        region && eq(holds.region, region),
        status && sql`case when ${is_due} then 'expired' else ${holds.status} end = ${status}`,
        after === undefined ? undefined : gt(holds.id, after),
      ),
    )
    .orderBy(asc(holds.id))
    .limit(limit)
  return rows.map(asOfNow)
}

/** Shelters that have a hold whose end has come, for the job that tidies up. */
export async function readSheltersWithDueHolds(database: Database, most: number): Promise<string[]> {
  const rows = await database.selectDistinct({ shelter: holds.shelter }).from(holds).where(is_due).limit(most)
  return rows.map((row) => row.shelter)
}

export const readBlocks = (database: Database, shelter: string) =>
  database
    .select()
    .from(blocks)
    .where(eq(blocks.shelter, shelter))
    .orderBy(sql`${blocks.lifted_at} is not null`, desc(blocks.blocked_at), asc(blocks.id))
    .limit(BLOCKS_MAX)

/** The last one first; `before` is where the page before ended. */
export const readHeadcounts = (
  database: Database,
  shelter: string,
  before: readonly [counted_at: string, id: string] | undefined,
  limit: number,
) =>
  database
    .select()
    .from(headcounts)
    .where(
      and(
        eq(headcounts.shelter, shelter),
        before &&
          sql`(${headcounts.counted_at}, ${headcounts.id}) < (${before[0]}::timestamptz, ${before[1]}::uuid)`,
      ),
    )
    .orderBy(desc(headcounts.counted_at), desc(headcounts.id))
    .limit(limit)

/** The last count of each shelter inside the remit by code, and the sum of all that are not settled. */
export async function readLastHeadcounts(
  database: Database,
  remit: Remit,
  page: { region?: string; after?: string; limit: number },
) {
  const last = database
    .selectDistinctOn([headcounts.shelter])
    .from(headcounts)
    .where(
      and(
        inside(remit, { shelter: sql`${headcounts.shelter}`, region: sql`${headcounts.region}` }),
        page.region === undefined ? undefined : eq(headcounts.region, page.region),
      ),
    )
    .orderBy(headcounts.shelter, desc(headcounts.counted_at), desc(headcounts.id))
    .as('last')
  const open = sql<number>`coalesce(sum(${last.people} - ${last.occupied}) filter (where ${last.settled_at} is null), 0)::int`
  const [total] = await database.select({ difference: open }).from(last)
  const rows = await database
    .select({
      shelter_code: shelters.code,
      region: shelters.region,
      age_hours: sql<number>`round(extract(epoch from clock_timestamp() - ${last.counted_at}) / 3600, 1)::float8`,
      id: last.id,
    })
    .from(last)
    .innerJoin(shelters, eq(shelters.id, last.shelter))
    .where(page.after === undefined ? undefined : gt(shelters.code, page.after))
    .orderBy(asc(shelters.code))
    .limit(page.limit)
  const counts = await database
    .select()
    .from(headcounts)
    .where(sql`${headcounts.id} = any(${sql.param(rows.map((row) => row.id))}::uuid[])`)
  const by_id = new Map(counts.map((count) => [count.id, count]))
  return {
    difference: total?.difference ?? 0,
    rows: rows.flatMap(({ id, ...row }) => {
      const count = by_id.get(id)
      return count === undefined ? [] : [{ ...row, count }]
    }),
  }
}
