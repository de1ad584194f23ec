import { bodyErrors } from '../../http/schema.ts'
import type { Column, ImportKind } from './columns.ts'
import { type CsvFile, delimiter_names, openCsv, type Row, UnreadableCsv } from './csv.ts'

/* From the cells of a file to what is posted, or to what is wrong with it, by line and column. */

/** Never repeats what stands in the cell, which may be personal. */
export type Fault = { line: number; column?: { index: number; name: string }; detail: string }

export type GoodLine<Content> = {
  line: number
  /** as JSON has it */
  body: Record<string, unknown>
  /** as the program has it */
  content: Content
}
export type ReadLine<Content> = GoodLine<Content> | { line: number; faults: Fault[] }

export type ReadFile<Content> = {
  /** how the file is written, for people */
  about: string
  /** what is wrong with its first line; then nothing more is read */
  header_faults: Fault[]
  batches: AsyncGenerator<{ lines: ReadLine<Content>[]; bytes: number }>
}

/** A column of the kind, where it stands in this file. */
type Placed = { column: Column; index: number }

/** Reads a file of a kind, from its beginning. A file that cannot be read at all is a fault of its header. */
export async function readFile<Content>(path: string, kind: ImportKind<Content>): Promise<ReadFile<Content>> {
  let file: CsvFile
  try {
    file = await openCsv(path, new Set(kind.columns.map(({ name }) => name)))
  } catch (error) {
    if (!(error instanceof UnreadableCsv)) throw error
    return {
      about: 'not read',
      header_faults: [{ line: error.line, detail: error.message }],
      batches: nothing(),
    }
  }
  const { placed, faults } = readHeader(file.header, kind)
  if (faults.length > 0) file.close()
  return {
    about: `${file.encoding.toUpperCase()}, ${delimiter_names[file.delimiter]}`,
    header_faults: faults,
    batches: faults.length > 0 ? nothing() : readRows(file, placed, kind),
  }
}

async function* nothing(): AsyncGenerator<never> {}

function readHeader<Content>(
  { line, cells }: Row,
  kind: ImportKind<Content>,
): { placed: Placed[]; faults: Fault[] } {
  const faults: Fault[] = []
  const indexes = new Map<string, number>()
  cells.forEach((cell, index) => {
    const name = cell.trim()
    // Excel keeps empty columns at the end; their cells must be empty too.
    if (name === '') return
    const say = (detail: string) => faults.push({ line, column: { index, name }, detail })
    const refused = kind.refused(name)
    if (refused !== undefined) say(refused)
    else if (!kind.columns.some((column) => column.name === name))
      say(`This column is not known. Known are ${kind.columns.map((column) => column.name).join(', ')}.`)
    else if (indexes.has(name)) say('This column is there twice.')
    else indexes.set(name, index)
  })
  const missing = kind.required.filter((name) => !indexes.has(name))
  if (missing.length > 0) faults.push({ line, detail: `Missing columns: ${missing.join(', ')}.` })
  const placed = kind.columns.flatMap((column) => {
    const index = indexes.get(column.name)
    return index === undefined ? [] : [{ column, index }]
  })
  return { placed, faults }
}

async function* readRows<Content>(
  file: CsvFile,
  placed: readonly Placed[],
  kind: ImportKind<Content>,
): AsyncGenerator<{ lines: ReadLine<Content>[]; bytes: number }> {
  const spelling = { decimal_comma: file.delimiter !== ',' }
  const of_header = new Set(placed.map(({ index }) => index))

  function readRow({ line, cells }: Row): ReadLine<Content> | undefined {
    if (cells.every((cell) => cell.trim() === '')) return undefined
    const faults: Fault[] = []
    const at = ({ column, index }: Placed) => ({ index, name: column.name })
    const body = kind.bare()
    for (const place of placed) {
      // A line break in a cell is one character in the service, whoever wrote the file.
      const cell = cells[place.index]?.trim().replaceAll('\r\n', '\n') ?? ''
      if (cell === '') continue
      const reading = cell.includes('\ufffd')
        ? { wrong: 'Has characters that cannot be read: save the file as “CSV UTF-8”.' }
        : place.column.read(cell, spelling)
      if ('wrong' in reading) faults.push({ line, column: at(place), detail: reading.wrong })
      else put(body, place.column.path, reading.value)
    }
    cells.forEach((cell, index) => {
      if (cell.trim() !== '' && !of_header.has(index))
        faults.push({
          line,
          column: { index, name: '' },
          detail: 'This column has no name.',
        })
    })
    const parsed = kind.schema.safeParse(body)
    if (!parsed.success) {
      for (const { pointer = '', detail } of bodyErrors(parsed.error, body)) {
        const place = columnAt(pointer, placed)
        // Of a cell that could not be read, the schema only knows that it is missing.
        if (place !== undefined && faults.some((fault) => fault.column?.name === place.column.name)) continue
        faults.push({ line, ...(place !== undefined && { column: at(place) }), detail })
      }
    }
    if (!parsed.success || faults.length > 0) return { line, faults: faults.toSorted(fromLeft) }
    return { line, body, content: parsed.data }
  }

  try {
    for await (const { rows, bytes } of file.rows) {
      const lines: ReadLine<Content>[] = []
      for (const row of rows) {
        const read = readRow(row)
        if (read !== undefined) lines.push(read)
      }
      yield { lines, bytes }
    }
  } catch (error) {
    if (!(error instanceof UnreadableCsv)) throw error
    const detail = `${error.message} Nothing after it was read.`
    yield { lines: [{ line: error.line, faults: [{ line: error.line, detail }] }], bytes: 0 }
  }
}

const fromLeft = (one: Fault, other: Fault): number => (one.column?.index ?? 0) - (other.column?.index ?? 0)

/** Puts a value where its path says. */
function put(body: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [step = '', ...rest] = path
  if (rest.length === 0) {
    body[step] = value
    return
  }
  const inner = (body[step] ?? {}) as Record<string, unknown>
  body[step] = inner
  put(inner, rest, value)
}

/** The column that a pointer of the schema's means: what it stands in, or the first of what stands in it. */
function columnAt(pointer: string, placed: readonly Placed[]): Placed | undefined {
  const pointerOf = ({ column }: Placed) => `/${column.path.join('/')}`
  return (
    placed.find((place) => `${pointer}/`.startsWith(`${pointerOf(place)}/`)) ??
    placed.find((place) => pointerOf(place).startsWith(`${pointer}/`))
  )
}
