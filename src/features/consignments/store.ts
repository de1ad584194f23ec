import { and, asc, eq, gt, or, sql } from 'drizzle-orm'
import type { Remit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { type ConsignmentRow, consignments } from '../../database/tables/consignments.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import { warehouses } from '../../database/tables/supplies.ts'
import type { ConsignmentStatus } from '../../domain/consignments.ts'

export async function readConsignment(database: Database, id: string): Promise<ConsignmentRow | undefined> {
  const [row] = await database.select().from(consignments).where(eq(consignments.id, id))
  return row
}

/** Consignments to stores inside the remit, in the order in which they were announced. */
export function readConsignments(
  database: Database,
  remit: Remit,
  query: {
    status?: ConsignmentStatus | undefined
    region?: string | undefined
    destination?: string | undefined
  },
  after: string | undefined,
  limit: number,
): Promise<ConsignmentRow[]> {
  const inside = remit.everywhere
    ? undefined
    : or(
        ...remit.regions.map((region) => eq(consignments.region, region)),
        ...remit.shelters.map((shelter) => eq(consignments.store, shelter)),
        sql`false`,
      )
  const { status, region, destination } = query
  return database
    .select()
    .from(consignments)
    .where(
      and(
        inside,
        status && eq(consignments.status, status),
        region === undefined ? undefined : eq(consignments.region, region),
        destination === undefined
          ? undefined
          : sql`${consignments.store} in (
              select id from ${shelters} where id::text = ${destination} or code = ${destination}
              union all
              select id from ${warehouses} where id::text = ${destination} or code = ${destination}
            )`,
        after === undefined ? undefined : gt(consignments.id, after),
      ),
    )
    .orderBy(asc(consignments.id))
    .limit(limit)
}
