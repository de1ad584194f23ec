import { createReadStream, type ReadStream } from 'node:fs'
import { parse } from 'csv-parse'

/*
 * CSV as spreadsheets write it: comma, semicolon or tab, UTF-8 with or without a mark at its beginning, UTF-16 with
 * one, any line ends. Read as a stream: the longest file needs no more memory than its longest chunk.
 */

const CHUNK_BYTES = 65_536
/** Of one record, in bytes. A quote that is never closed must not take the whole file for one cell. */
const RECORD_BYTES_MAX = 65_536
/** Characters of the first line, which names the columns. */
const HEADER_MAX = 16_384

export type Delimiter = ',' | ';' | '\t'
const delimiters: readonly Delimiter[] = [',', ';', '\t']
export const delimiter_names: Readonly<Record<Delimiter, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
}

/** One record, and the line of the file on which it begins: a cell may hold line breaks. */
export type Row = { line: number; cells: string[] }

export type CsvFile = {
  delimiter: Delimiter
  encoding: string
  header: Row
  /** What follows the header, chunk by chunk, with the bytes read so far. May be read once. */
  rows: AsyncGenerator<{ rows: Row[]; bytes: number }>
  /** Where the rows are not read to their end. */
  close(): void
}

/** The file is no CSV from this line on. Says what and where, and never what stands there. */
export class UnreadableCsv extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** Opens a file and reads its header. `known` are the column names by which the delimiter is told. */
export async function openCsv(path: string, known: ReadonlySet<string>): Promise<CsvFile> {
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  try {
    return await openStream(stream, known)
  } catch (error) {
    stream.destroy()
    throw error
  }
}

async function openStream(stream: ReadStream, known: ReadonlySet<string>): Promise<CsvFile> {
  const bytes = { read: 0 }
  const { encoding, texts } = await decoded(counted(stream, bytes))

  let beginning = ''
  while (!/[\r\n]./s.test(beginning)) {
    const more = await texts.next()
    if (more.done === true) break
    beginning += more.value
    if (beginning.length > HEADER_MAX) break
  }
  // Excel's own hint, a line before the header that it never shows: sep=;
  const [hint, named] = /^sep=([,;\t])(?:\r\n|\r|\n)/i.exec(beginning) ?? []
  const text = hint === undefined ? beginning : beginning.slice(hint.length)
  const delimiter =
    delimiters.find((one) => one === named) ?? delimiterOf(/^[^\r\n]*/.exec(text)?.[0] ?? '', known)

  async function* all(): AsyncGenerator<string> {
    yield text
    yield* texts
  }
  const records = recordsOf(all(), delimiter, hint === undefined ? 1 : 2)
  const first = await records.next()
  const header = first.done === true ? undefined : first.value.shift()
  if (header === undefined) throw new UnreadableCsv(1, 'The file is empty: the first line names the columns.')

  async function* rows(): AsyncGenerator<{ rows: Row[]; bytes: number }> {
    if (first.done !== true) yield { rows: first.value, bytes: bytes.read }
    for await (const batch of records) yield { rows: batch, bytes: bytes.read }
  }
  return { delimiter, encoding, header, rows: rows(), close: () => void stream.destroy() }
}

async function* counted(chunks: AsyncIterable<Buffer>, bytes: { read: number }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    bytes.read += chunk.length
    yield chunk
  }
}

/** The text of the bytes, by the mark at their beginning; without one they are UTF-8. What is none becomes U+FFFD. */
async function decoded(
  chunks: AsyncGenerator<Buffer>,
): Promise<{ encoding: string; texts: AsyncGenerator<string> }> {
  const first = await chunks.next()
  const beginning = first.done === true ? Buffer.alloc(0) : first.value
  const encoding = encodingOf(beginning)
  const decoder = new TextDecoder(encoding)
  async function* texts(): AsyncGenerator<string> {
    yield decoder.decode(beginning, { stream: true })
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  }
  return { encoding, texts: texts() }
}

function encodingOf(beginning: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [one, two] = beginning
  if (one === 0xff && two === 0xfe) return 'utf-16le'
  if (one === 0xfe && two === 0xff) return 'utf-16be'
  const instead = 'Save it as “CSV UTF-8”.'
  if (beginning.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004')
    throw new UnreadableCsv(1, `This is a workbook and no CSV. ${instead}`)
  if (beginning.subarray(0, 4).includes(0))
    throw new UnreadableCsv(1, `This is neither UTF-8, nor UTF-16 with a mark at its beginning. ${instead}`)
  return 'utf-8'
}

/** The delimiter that finds most of the column names; of equals, the one that is there more often. */
function delimiterOf(header: string, known: ReadonlySet<string>): Delimiter {
  const found = (delimiter: Delimiter): number => {
    const names = header.split(delimiter)
    const recognised = names.filter((name) => known.has(name.replaceAll('"', '').trim())).length
    return recognised * HEADER_MAX + names.length
  }
  return delimiters.toSorted((one, other) => found(other) - found(one))[0] ?? ','
}

const faults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'A quote is opened here and never closed.',
  CSV_MAX_RECORD_SIZE: `Longer than ${RECORD_BYTES_MAX} bytes, which no line is. Is a quote open?`,
  INVALID_OPENING_QUOTE: 'A quote in the middle of a cell: a cell with quotes is quoted as a whole.',
  CSV_INVALID_CLOSING_QUOTE: 'After a closing quote something else than a delimiter follows.',
}

/** Records of a text, one array for each of its chunks that completed any. */
async function* recordsOf(
  texts: AsyncIterable<string>,
  delimiter: Delimiter,
  first_line: number,
): AsyncGenerator<Row[]> {
  let line = first_line
  let ready: Row[] = []
  const parser = parse({
    delimiter,
    // Cells are fewer where Excel leaves out empty ones at the end of a line; too many are found by the reader.
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: RECORD_BYTES_MAX,
    // Taken here and let through to nobody: a stream of records would lose those before an error.
    on_record(cells: string[]) {
      ready.push({ line, cells })
      // Its own count takes CRLF in a cell for two lines.
      line += 1 + cells.reduce((breaks, cell) => breaks + breaksIn(cell), 0)
      return null
    },
  })
  parser.on('error', () => undefined).resume()
  const done = (step: (settle: (error?: Error | null) => void) => void) =>
    new Promise<Error | undefined>((resolve) => step((error) => resolve(error ?? undefined)))

  let failure: Error | undefined
  for await (const text of texts) {
    failure = await done((settle) => parser.write(text, settle))
    if (failure !== undefined) break
    if (ready.length > 0) yield ready
    ready = []
  }
  failure ??= await done((settle) => parser.end(settle))
  if (ready.length > 0) yield ready
  if (failure !== undefined) {
    const code = 'code' in failure ? String(failure.code) : ''
    throw new UnreadableCsv(line, faults[code] ?? `This is no CSV (${code}).`)
  }
}

const breaksIn = (cell: string): number =>
  cell.includes('\n') || cell.includes('\r') ? (cell.match(/\r\n|\r|\n/g)?.length ?? 0) : 0
