import { getTableColumns, getTableName, type Table } from 'drizzle-orm'

/** A prepared statement: the name is its identity on a connection, so one name always stands for one text. */
export type Statement = { name: string; text: string }

const columnNames = (table: Table): string[] =>
  Object.values(getTableColumns(table)).map((column) => column.name)

/*
 * Rows travel as one JSON array per statement and are taken apart by the table's own row type: one parameter
 * whatever the number of rows or columns, and field names that are the column names.
 */
const rowsFrom = (table: Table): string => {
  const name = getTableName(table)
  const columns = columnNames(table).join(', ')
  return `insert into ${name} (${columns})\nselect ${columns}\nfrom json_populate_recordset(null::${name}, $1::json)`
}

/** `insert` of many rows at once; $1 is the JSON array of rows. */
export const insertRows = (table: Table): Statement => ({
  name: `insert_${getTableName(table)}`,
  text: rowsFrom(table),
})

/** The same, where a row that stands already is replaced; no key may come twice in one statement. */
export function upsertRows(table: Table, ...keys: string[]): Statement {
  const replaced = columnNames(table).filter((name) => !keys.includes(name))
  const name = `upsert_${getTableName(table)}`
  const assignments = replaced.map((column) => `${column} = excluded.${column}`).join(', ')
  return { name, text: `${rowsFrom(table)}\non conflict (${keys.join(', ')}) do update\nset ${assignments}` }
}

/**
 * Adds rows of figures to the rows that stand: summed by their keys first, in the keys' order. `source` gives the
 * keys where they are not columns of the rows themselves.
 */
export function addRows(table: Table, source: { rows_of: Table; keys: Record<string, string> }): Statement {
  const name = getTableName(table)
  const keys = Object.keys(source.keys)
  const summed = columnNames(table).filter((column) => !keys.includes(column))
  return {
    name: `add_${name}`,
    text: `insert into ${name} (${[...keys, ...summed].join(', ')})
select ${[...Object.values(source.keys), ...summed.map((column) => `sum(${column})`)].join(', ')}
from json_populate_recordset(null::${getTableName(source.rows_of)}, $1::json)
group by ${keys.map((_, index) => index + 1).join(', ')}
order by ${keys.map((_, index) => index + 1).join(', ')}
on conflict (${keys.join(', ')}) do update
set ${summed.map((column) => `${column} = ${name}.${column} + excluded.${column}`).join(', ')}`,
  }
}

/** Rows as the JSON that these statements take: bytes in PostgreSQL's hexadecimal form. */
export const jsonRows = (rows: readonly object[]): string =>
  JSON.stringify(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value,
        ]),
      ),
    ),
  )
