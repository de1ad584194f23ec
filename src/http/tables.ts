import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import type { FastifyReply } from 'fastify'
import type { Position } from '../domain/geography.ts'
import { media_types } from './formats.ts'

/*
 * Lists as other programs want them: a spreadsheet, a map, lines. They stream page by page, so that the longest
 * list needs no more memory than one page, and no transaction stays open while a slow reader reads.
 */

/** A column of a CSV, with its HXL 1.1 tag. */
export type Column<Row> = {
  name: string
  hxl: string
  value: (row: Row) => string | number | boolean | null | undefined
}

export type TableFormat = 'csv' | 'geojson' | 'ndjson'

export type Table<Row> = {
  columns: readonly Column<Row>[]
  /** page after page, until there are no more */
  pages: AsyncIterable<readonly Row[]>
  /** a row as JSON has it */
  shown: (row: Row) => object
  /** for geojson */
  position?: (row: Row) => Position
}

/** RFC 4180: comma, CRLF, quotes where needed. What a spreadsheet would run as a formula gets an apostrophe before it. */
const csvLines = (rows: readonly (readonly unknown[])[]): string =>
  stringify([...rows], { record_delimiter: 'windows', escape_formulas: true, cast: { boolean: String } })

async function* csv<Row>({ columns, pages }: Table<Row>, hxl: boolean): AsyncGenerator<string> {
  // The tags begin with #, which is no formula; names and tags are ours.
  yield csvLines([
    columns.map((column) => column.name),
    ...(hxl ? [columns.map((column) => column.hxl)] : []),
  ])
  for await (const page of pages)
    yield csvLines(page.map((row) => columns.map((column) => column.value(row))))
}

async function* ndjson<Row>({ pages, shown }: Table<Row>): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((row) => `${JSON.stringify(shown(row))}\n`).join('')
}

/** RFC 7946: longitude first. */
async function* geojson<Row>({ pages, shown, position }: Table<Row>): AsyncGenerator<string> {
  yield '{"type":"FeatureCollection","features":['
  let separator = ''
  for await (const page of pages) {
    const features = page.map((row) => {
      const at = position?.(row)
      const geometry = at === undefined ? null : { type: 'Point', coordinates: [at.longitude, at.latitude] }
      return JSON.stringify({ type: 'Feature', geometry, properties: shown(row) })
    })
    yield `${separator}${features.join(',')}`
    separator = ','
  }
  yield ']}'
}

/**
 * Streams the table in a format. The first page is read before the answer begins, so that a database which is away
 * is a 503 and not half a file.
 */
export async function sendTable<Row>(
  replying: { raw: FastifyReply['raw'] },
  table: Table<Row>,
  options: { format: TableFormat; hxl?: boolean; file_name: string },
): Promise<void> {
  // A boundary: the typed replies of the routes are one and the same object to Fastify.
  const reply = replying as unknown as FastifyReply
  const { format, hxl = false, file_name } = options
  const lines = format === 'csv' ? csv(table, hxl) : format === 'ndjson' ? ndjson(table) : geojson(table)
  const first = await lines.next()
  const second = first.done === true ? first : await lines.next()
  async function* all(): AsyncGenerator<string> {
    if (first.done !== true) yield first.value
    if (second.done !== true) yield second.value
    yield* lines
  }
  if (format === 'csv') reply.header('content-disposition', `attachment; filename="${file_name}.csv"`)
  await reply.type(`${media_types[format]}; charset=utf-8`).send(Readable.from(all(), { objectMode: false }))
}

/** Pages by keyset: `read` is asked for what comes after the last row, until a page is not full. */
export async function* pagesOf<Row>(
  read: (after: Row | undefined, limit: number) => Promise<readonly Row[]>,
  options: { page: number; most?: number },
): AsyncGenerator<readonly Row[]> {
  const { page, most = Number.POSITIVE_INFINITY } = options
  let after: Row | undefined
  for (let left = most; left > 0; ) {
    const limit = Math.min(page, left)
    const rows = await read(after, limit)
    if (rows.length > 0) yield rows
    if (rows.length < limit) return
    left -= rows.length
    after = rows.at(-1)
  }
}

/** A table that is in memory already. */
export async function* onePage<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  yield rows
}
