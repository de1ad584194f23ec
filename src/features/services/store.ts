import { and, asc, eq, gt } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import { health_services, meal_services } from '../../database/tables/services.ts'
import type { HealthServiceKind } from '../../domain/services.ts'

export const readMealServices = (
  database: Database,
  query: { shelter?: string | undefined; region?: string | undefined },
  after: string | undefined,
  limit: number,
) =>
  database
    .select()
    .from(meal_services)
    .where(
      and(
        query.shelter === undefined ? undefined : eq(meal_services.shelter, query.shelter),
        query.region === undefined ? undefined : eq(meal_services.region, query.region),
        after === undefined ? undefined : gt(meal_services.id, after),
      ),
    )
    .orderBy(asc(meal_services.id))
    .limit(limit)

export const readHealthServices = (
  database: Database,
  query: { kind?: HealthServiceKind | undefined },
  after: string | undefined,
  limit: number,
) =>
  database
    .select()
    .from(health_services)
    .where(
      and(
        query.kind === undefined ? undefined : eq(health_services.kind, query.kind),
        after === undefined ? undefined : gt(health_services.id, after),
      ),
    )
    .orderBy(asc(health_services.id))
    .limit(limit)

/** The id of a shelter by id or code. */
export async function readShelterId(database: Database, name: string): Promise<string | undefined> {
  const [found] = await database
    .select({ id: shelters.id })
    .from(shelters)
    .where(name.startsWith('AM-') ? eq(shelters.code, name) : eq(shelters.id, name))
  return found?.id
}
