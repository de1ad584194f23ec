import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Presets, SingleBar } from 'cli-progress'
import type { ImportKind } from './columns.ts'
import { lineKeys } from './keys.ts'
import { type Fault, readFile } from './lines.ts'
import type { KeyedLine, Posted, Poster } from './post.ts'

/*
 * A file is read twice. The first time every line is checked and nothing is changed; only if all of them are good
 * does the second time post them. In between stands no list of lines, so that memory does not grow with the file.
 */

/** Lines that wait for their answer: several commits' worth, and less than the writer's queue takes. */
export const LINES_UNDER_WAY_MAX = 2_000

/** A line that found the service overloaded, or its database away, is posted again so often, after these pauses. */
const pauses_ms = [200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]

export type ImportOptions<Content> = {
  kind: ImportKind<Content>
  path: string
  /** Opened only once the whole file has been found good. Without it, this is a dry run. */
  open?: () => Promise<Poster<Content>>
  /** one line of the report; awaited, so that a slow reader of a long report costs no memory */
  say(line: string): Promise<void> | void
  /** a terminal for the progress bar */
  terminal?: NodeJS.WritableStream
}

export type ImportReport = {
  lines: number
  /** lines that are wrong in themselves; with any, nothing was posted */
  wrong: number
  posted: number
  /** of those posted: there already, from an earlier run. Over HTTP that is not told. */
  before: number
  refused: number
}

/** Checks a file and, where it is opened for that, posts it. Throws only where it cannot go on. */
export async function runImport<Content>(options: ImportOptions<Content>): Promise<ImportReport> {
  const { kind, path, say, open } = options
  const nothing = { posted: 0, before: 0, refused: 0 }
  const state = await stateOf(path)
  const { lines, wrong, about } = await check(options, state.size)
  const counted = `${numbered(lines, kind.name)} in ${basename(path)} (${about})`
  if (wrong > 0) {
    await say(`${counted}; ${numbered(wrong, 'lines')} wrong. Nothing was changed.`)
    return { lines, wrong, ...nothing }
  }
  if (open === undefined) {
    await say(`${counted}; every line is good. Nothing was changed: this was a dry run, --apply posts them.`)
    return { lines, wrong, ...nothing }
  }
  const report = { lines, wrong, ...(await apply(options, await open(), { lines, state: state.text })) }
  const before = report.before > 0 ? `, ${report.before} of them on an earlier run` : ''
  await say(`${counted}; ${report.posted} are posted${before}; ${report.refused} refused.`)
  return report
}

const changed = (path: string) =>
  `${basename(path)} was changed while it was read. Run the same command again: nothing happens twice.`
const numbered = (count: number, noun: string): string =>
  `${count} ${count === 1 ? noun.replace(/s$/, '') : noun}`

async function stateOf(path: string): Promise<{ size: number; text: string }> {
  const { size, mtimeMs, ino } = await stat(path)
  return { size, text: `${size} ${mtimeMs} ${ino}` }
}

/** Spreadsheet letters: A, B … Z, AA. */
function letterOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter
}

function faultText({ line, column, detail }: Fault): string {
  if (column === undefined) return `line ${line}: ${detail}`
  const name = column.name === '' ? '' : ` (${column.name})`
  return `line ${line}, column ${letterOf(column.index)}${name}: ${detail}`
}

/** The first reading: every line, and what is wrong with it. */
async function check<Content>(
  { kind, path, say, terminal }: ImportOptions<Content>,
  size: number,
): Promise<{ lines: number; wrong: number; about: string }> {
  const file = await readFile(path, kind)
  const bar = openBar(terminal, 'Checking {bar} {percentage} %', size)
  const count = { lines: 0, wrong: 0, about: file.about }
  try {
    for (const fault of file.header_faults) await say(faultText(fault))
    if (file.header_faults.length > 0) count.wrong += 1
    for await (const { lines, bytes } of file.batches) {
      count.lines += lines.length
      for (const line of lines) {
        if (!('faults' in line)) continue
        count.wrong += 1
        for (const fault of line.faults) await say(faultText(fault))
      }
      bar?.update(bytes)
    }
    return count
  } finally {
    bar?.stop()
  }
}

/** The second reading: posts line after line, so many under way at once, and reports refusals in their order. */
async function apply<Content>(
  { kind, path, say, terminal }: ImportOptions<Content>,
  poster: Poster<Content>,
  checked: { lines: number; state: string },
): Promise<{ posted: number; before: number; refused: number }> {
  const count = { posted: 0, before: 0, refused: 0 }
  const keyOf = lineKeys(kind.name)
  const under_way: { line: number; outcome: Promise<Posted | { failed: unknown }> }[] = []
  const bar = openBar(terminal, 'Posting {bar} {value} of {total}, {eta_formatted} left', checked.lines)

  async function settleOldest(): Promise<void> {
    const oldest = under_way.shift()
    if (oldest === undefined) return
    const { line } = oldest
    const outcome = await oldest.outcome
    if ('failed' in outcome) {
      const why = outcome.failed instanceof Error ? outcome.failed.message : String(outcome.failed)
      throw new Error(`Stopped at line ${line}, ${count.posted} posted before it. ${why}`)
    }
    if ('refused' in outcome) {
      count.refused += 1
      const { status, code, detail } = outcome.refused
      await say(`line ${line}: ${status} ${code}: ${detail}`)
    } else {
      count.posted += 1
      if (outcome.before === true) count.before += 1
    }
    bar?.update(count.posted + count.refused)
  }

  try {
    // What is posted must be what was checked.
    if ((await stateOf(path)).text !== checked.state) throw new Error(changed(path))
    const { batches } = await readFile(path, kind)
    for await (const { lines } of batches) {
      for (const line of lines) {
        if ('faults' in line) throw new Error(changed(path))
        under_way.push({
          line: line.line,
          outcome: postPatiently(poster, { ...line, key: keyOf(line.body) }),
        })
        while (under_way.length >= LINES_UNDER_WAY_MAX) await settleOldest()
      }
    }
    while (under_way.length > 0) await settleOldest()
    return count
  } finally {
    bar?.stop()
    // Whatever stopped us: what is on its way arrives.
    await poster.close()
    await Promise.all(under_way.map(({ outcome }) => outcome))
  }
}

/** Posts a line, and again where the service has no time just now; the same key, so it happens once. Never rejects. */
async function postPatiently<Content>(
  poster: Poster<Content>,
  line: KeyedLine<Content>,
): Promise<Posted | { failed: unknown }> {
  try {
    for (const pause_ms of pauses_ms) {
      const posted = await poster.post(line)
      if (!('refused' in posted) || posted.refused.status !== 503) return posted
      await pause(pause_ms)
    }
    return await poster.post(line)
  } catch (error) {
    return { failed: error }
  }
}

function openBar(terminal: NodeJS.WritableStream | undefined, format: string, total: number) {
  if (terminal === undefined || !('isTTY' in terminal) || terminal.isTTY !== true) return undefined
  const bar = new SingleBar({ stream: terminal, format, clearOnComplete: true }, Presets.shades_classic)
  bar.start(total, 0)
  return bar
}
