import { and, asc, eq, gt, ilike, or, type SQL, sql } from 'drizzle-orm'
import type { Remit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import {
  type ItemRow,
  items,
  type MovementRow,
  needs,
  stock,
  stock_effects,
  stock_movements,
  warehouses,
} from '../../database/tables/supplies.ts'
import type { Instant } from '../../domain/instant.ts'
import { thousandthsOf } from '../../domain/quantities.ts'
import type { MovementKind } from '../../domain/supplies.ts'
import { default_items, default_needs } from './catalogue.ts'
import type { StoresQuery } from './schemas.ts'

/** Makes sure that the default catalogue is there; what was changed since stays changed. */
export async function ensureCatalogue(database: Database): Promise<void> {
  const at = new Date().toISOString()
  await database
    .insert(items)
    .values(default_items.map((item) => ({ ...item, version: 1, created_at: at, updated_at: at })))
    .onConflictDoNothing()
  await database
    .insert(needs)
    .values(
      default_needs.map(({ daily_quantity, ...need }) => ({
        ...need,
        daily: daily_quantity === null ? null : thousandthsOf(daily_quantity),
        updated_at: at,
      })),
    )
    .onConflictDoNothing()
}

const contains = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`

export const readItems = (
  database: Database,
  query: { category?: ItemRow['category'] | undefined; q?: string | undefined },
  after: string | undefined,
  limit: number,
): Promise<ItemRow[]> =>
  database
    .select()
    .from(items)
    .where(
      and(
        query.category && eq(items.category, query.category),
        query.q === undefined
          ? undefined
          : or(ilike(items.code, contains(query.q)), sql`${items.names}::text ilike ${contains(query.q)}`),
        after === undefined ? undefined : gt(items.code, after),
      ),
    )
    .orderBy(asc(items.code))
    .limit(limit)

export async function readItem(database: Database, code: string): Promise<ItemRow | undefined> {
  const [row] = await database.select().from(items).where(eq(items.code, code))
  return row
}

export const readNeeds = (database: Database) => database.select().from(needs).orderBy(asc(needs.code))

export type StoreFound = {
  id: string
  code: string | null
  name: string
  region: string
  latitude: number | null
  longitude: number | null
  shelter: string | null
}

const all_stores = sql`(
  select id, code, name, region, latitude, longitude, id as shelter from ${shelters}
  union all
  select id, code, name, region, latitude, longitude, null from ${warehouses}
) s`

const is_id = /^[0-9a-f]{8}-[0-9a-f]{4}-/

/** A shelter's store or a warehouse, by id or code. */
export async function readStore(database: Database, name: string): Promise<StoreFound | undefined> {
  const result = await database.execute<StoreFound>(
    sql`select * from ${all_stores} where ${is_id.test(name) ? sql`id = ${name}::uuid` : sql`code = ${name}`}`,
  )
  return result.rows[0]
}

export async function readStores(
  database: Database,
  { region, kind }: StoresQuery,
  after: string | undefined,
  limit: number,
): Promise<StoreFound[]> {
  const conditions: SQL[] = [sql`true`]
  if (region !== undefined) conditions.push(sql`region = ${region}`)
  if (kind !== undefined)
    conditions.push(kind === 'shelter' ? sql`shelter is not null` : sql`shelter is null`)
  if (after !== undefined) conditions.push(sql`id > ${after}::uuid`)
  const result = await database.execute<StoreFound>(
    sql`select * from ${all_stores} where ${sql.join(conditions, sql` and `)} order by id limit ${limit}`,
  )
  return result.rows
}

export type StockFound = {
  item: string
  unit: string
  lot: string
  expires_on: string
  usable: number
  quarantined: number
}

/** The database's clock, and the lots of a store: of now, or as the effects up to a moment add up. */
export async function readStock(
  database: Database,
  store: string,
  { as_of, item }: { as_of?: Instant | undefined; item?: string | undefined },
): Promise<{ clock: Instant; lots: StockFound[] }> {
  const of_item = item === undefined ? sql`` : sql`and item = ${item}`
  const lots =
    as_of === undefined
      ? sql`select item, lot, expires_on, usable, quarantined from ${stock} where store = ${store} ${of_item}`
      : sql`select item, lot, expires_on, sum(usable)::bigint as usable, sum(quarantined)::bigint as quarantined
          from ${stock_effects} where store = ${store} and at <= ${as_of}::timestamptz ${of_item}
          group by item, lot, expires_on`
  const result = await database.execute<{
    clock: string
    lots: StockFound[] | null
  }>(sql`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as clock,
      (
        select json_agg(l order by l.item, l.expires_on, l.lot)
        from (
          select l.item, i.unit, l.lot, l.expires_on::text, l.usable, l.quarantined
          from (${lots}) l
          join ${items} i on i.code = l.item
          where l.usable <> 0 or l.quarantined <> 0
        ) l
      ) as lots`)
  const [row] = result.rows
  if (row === undefined) throw new Error('the database has no clock')
  return { clock: row.clock, lots: row.lots ?? [] }
}

/** Movements of stores inside the remit, in the order in which they were made. */
export function readMovements(
  database: Database,
  remit: Remit,
  query: { store?: string | undefined; kind?: MovementKind | undefined },
  after: string | undefined,
  limit: number,
): Promise<MovementRow[]> {
  const inside = remit.everywhere
    ? undefined
    : or(
        ...remit.regions.map((region) => eq(stock_movements.region, region)),
        ...remit.shelters.flatMap((shelter) => [
          eq(stock_movements.store, shelter),
          eq(stock_movements.to_store, shelter),
        ]),
        sql`false`,
      )
  return database
    .select()
    .from(stock_movements)
    .where(
      and(
        inside,
        query.store === undefined
          ? undefined
          : or(eq(stock_movements.store, query.store), eq(stock_movements.to_store, query.store)),
        query.kind && eq(stock_movements.kind, query.kind),
        after === undefined ? undefined : gt(stock_movements.id, after),
      ),
    )
    .orderBy(asc(stock_movements.id))
    .limit(limit)
}

export async function readMovement(database: Database, id: string): Promise<MovementRow | undefined> {
  const [row] = await database.select().from(stock_movements).where(eq(stock_movements.id, id))
  return row
}
