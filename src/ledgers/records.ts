import { getTableName } from 'drizzle-orm'
import type { Send } from '../database/flights.ts'
import { type RowsStatement, rowValues, type Statement, upsertRows } from '../database/sql.ts'
import { api_keys, principals } from '../database/tables/access.ts'
import { alert_acknowledgements, alerts } from '../database/tables/alerts.ts'
import { consignments } from '../database/tables/consignments.ts'
import { health_services, meal_services } from '../database/tables/services.ts'
import { standards } from '../database/tables/standards.ts'
import { items, needs, warehouses } from '../database/tables/supplies.ts'
import type { Ledger } from '../journal/ledger.ts'

/*
 * The ledger of plain rows: things that have an id or a code and no arithmetic. A feature that keeps such rows adds its
 * table here, and its changes go the one way of a write like everything else.
 */
const record_tables = {
  principals: { table: principals, key: 'id', key_type: 'uuid' },
  api_keys: { table: api_keys, key: 'id', key_type: 'text' },
  items: { table: items, key: 'code', key_type: 'text' },
  needs: { table: needs, key: 'code', key_type: 'text' },
  standards: { table: standards, key: 'code', key_type: 'text' },
  warehouses: { table: warehouses, key: 'id', key_type: 'uuid' },
  meal_services: { table: meal_services, key: 'id', key_type: 'uuid' },
  health_services: { table: health_services, key: 'id', key_type: 'uuid' },
  consignments: { table: consignments, key: 'id', key_type: 'uuid' },
  // Looked at here, and written by the alerts feature.
  alerts: { table: alerts, key: 'id', key_type: 'uuid' },
  alert_acknowledgements: { table: alert_acknowledgements, key: 'alert', key_type: 'uuid' },
} as const

type Tables = typeof record_tables
type RecordName = keyof Tables
type RowOf<Name extends RecordName> = Tables[Name]['table']['$inferSelect']

/** Ids or codes, by table. */
export type RecordsNeeds = { [Name in RecordName]?: string[] }
/** New rows, whole, by table. */
export type RecordsChanges = { [Name in RecordName]?: RowOf<Name>[] }
export type RecordsFacts = {
  row<Name extends RecordName>(table: Name, id: string): RowOf<Name> | undefined
  apply(changes: RecordsChanges): void
}

const names = Object.keys(record_tables) as RecordName[]

const keyOf = (name: RecordName, row: object): string =>
  String((row as Record<string, unknown>)[record_tables[name].key])

const statements = Object.fromEntries(
  names.map((name) => {
    const { table, key, key_type } = record_tables[name]
    const find: Statement = {
      name: `load_${name}`,
      text: `select t.*
from unnest($1::${key_type}[]) k (key)
cross join lateral (select * from ${getTableName(table)} where ${key} = k.key limit 1) t`,
    }
    return [name, { find, upsert: upsertRows(table, key) }]
  }),
) as Record<RecordName, { find: Statement; upsert: RowsStatement }>

export const records_ledger: Ledger<RecordsNeeds, RecordsFacts, RecordsChanges> = {
  async load(send: Send, needs: RecordsNeeds[]): Promise<RecordsFacts> {
    const rows = new Map<string, unknown>()
    const remember = (name: RecordName, row: object): void =>
      void rows.set(`${name} ${keyOf(name, row)}`, row)
    await Promise.all(
      names.map(async (name) => {
        const ids = new Set(needs.flatMap((need) => need[name] ?? []))
        if (ids.size === 0) return
        const found = await send(statements[name].find, [[...ids]])
        for (const row of found.rows) remember(name, row)
      }),
    )
    return {
      // The rows were put in under their table's name, so they have its shape.
      row: <Name extends RecordName>(name: Name, id: string) =>
        rows.get(`${name} ${id}`) as RowOf<Name> | undefined,
      apply(changes) {
        for (const name of names) for (const row of changes[name] ?? []) remember(name, row)
      },
    }
  },
  apply: (facts, changes) => facts.apply(changes),
  write(send: Send, _facts: RecordsFacts, changes: RecordsChanges[]): Promise<unknown>[] {
    return names.flatMap((name) => {
      const latest = new Map<string, object>()
      for (const change of changes) for (const row of change[name] ?? []) latest.set(keyOf(name, row), row)
      const { upsert } = statements[name]
      return latest.size === 0 ? [] : [send(upsert, rowValues(upsert, [...latest.values()]))]
    })
  },
}
