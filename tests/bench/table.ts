import type { Load } from './load.ts'
import type { Measure, Run } from './run.ts'

/* What was measured, for people and for programs. Figures are medians over the rounds. */

export type Summary = {
  measure: Measure
  connections: number
  load: Load
  phases: Run['phases']
  /** answers per second of each round, in order */
  rounds: number[]
}

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** Each figure's median by itself, in the order in which measures first came. */
export function summarise(runs: readonly Run[]): Summary[] {
  const groups = Map.groupBy(runs, ({ measure, connections }) => `${measure} ${connections}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const of = (name: keyof Load): number => median(group.map(({ load }) => load[name]))
    const phases = group.flatMap((one) => (one.phases === null ? [] : [one.phases]))
    const phase = (name: keyof NonNullable<Run['phases']>): number => median(phases.map((one) => one[name]))
    return [
      {
        measure: first.measure,
        connections: first.connections,
        load: {
          per_second: of('per_second'),
          p50_ms: of('p50_ms'),
          p99_ms: of('p99_ms'),
          first_fifth_per_second: of('first_fifth_per_second'),
          last_fifth_per_second: of('last_fifth_per_second'),
        },
        phases:
          phases.length === 0
            ? null
            : {
                commits: phase('commits'),
                commands: phase('commands'),
                lock_ms: phase('lock_ms'),
                load_ms: phase('load_ms'),
                decide_ms: phase('decide_ms'),
                build_ms: phase('build_ms'),
                write_ms: phase('write_ms'),
                commit_ms: phase('commit_ms'),
              },
        rounds: group.map(({ load }) => load.per_second),
      },
    ]
  })
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

/** One JSON object on a line of its own for each measure. */
export const jsonLines = (summaries: readonly Summary[]): string[] =>
  summaries.map(({ measure, connections, load }) =>
    JSON.stringify({
      measure,
      connections,
      per_second: round(load.per_second, 1),
      p50_ms: round(load.p50_ms, 2),
      p99_ms: round(load.p99_ms, 2),
      ...(measure === 'arrivals_hot_long' && {
        first_fifth_per_second: round(load.first_fifth_per_second, 1),
        last_fifth_per_second: round(load.last_fifth_per_second, 1),
      }),
    }),
  )

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const fixed = (value: number, digits: number): string => value.toFixed(digits)

/** Columns as wide as their widest cell: the first to the left, all others to the right. */
function columns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, index) =>
        index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

export function speedTable(summaries: readonly Summary[]): string[] {
  return columns([
    ['measure', 'connections', 'per second', 'p50 ms', 'p99 ms', 'rounds'],
    ...summaries.map(({ measure, connections, load, rounds }) => [
      measure,
      String(connections),
      whole(load.per_second),
      fixed(load.p50_ms, 2),
      fixed(load.p99_ms, 2),
      rounds.map(whole).join(' '),
    ]),
  ])
}

/** What the project promises (the issue that asked for this bench), as least ratios of the medians. */
const promises: { of: Measure; to: Measure; at_least: Record<number, number> }[] = [
  { of: 'arrivals_hot', to: 'baseline_hot', at_least: { 32: 10, 128: 14 } },
  { of: 'arrivals_uniform', to: 'baseline_uniform', at_least: {} },
  { of: 'arrivals_hot', to: 'null', at_least: { 128: 0.25 } },
]
const LAST_TO_FIRST_AT_LEAST = 0.85

export function ratioTable(summaries: readonly Summary[]): string[] {
  const find = (measure: Measure, connections: number) =>
    summaries.find((one) => one.measure === measure && one.connections === connections)?.load.per_second
  const rows: string[][] = []
  const add = (name: string, connections: number, ratio: number, least: number | undefined): void => {
    const verdict = least === undefined ? '' : `${ratio >= least ? 'holds' : 'MISSED'} (at least ${least})`
    rows.push([name, String(connections), fixed(ratio, 2), verdict])
  }
  for (const { of, to, at_least } of promises) {
    for (const connections of new Set(summaries.map((one) => one.connections))) {
      const [above, below] = [find(of, connections), find(to, connections)]
      if (above !== undefined && below !== undefined)
        add(`${of} / ${to}`, connections, above / below, at_least[connections])
    }
  }
  for (const { measure, connections, load } of summaries) {
    if (measure !== 'arrivals_hot_long') continue
    const ratio = load.last_fifth_per_second / load.first_fifth_per_second
    add(`${measure}: last fifth / first fifth`, connections, ratio, LAST_TO_FIRST_AT_LEAST)
  }
  return rows.length === 0 ? [] : columns([['ratio', 'connections', '', 'promised'], ...rows])
}

/** Where the time of one commit goes. */
export function phaseTable(summaries: readonly Summary[]): string[] {
  const rows = summaries.flatMap(({ measure, connections, phases }) => {
    if (phases === null) return []
    const { commands, lock_ms, load_ms, decide_ms, build_ms, write_ms, commit_ms } = phases
    const parts = [lock_ms, load_ms, decide_ms, build_ms, write_ms, commit_ms]
    return [[measure, String(connections), String(commands), ...parts.map((ms) => fixed(ms, 2))]]
  })
  if (rows.length === 0) return []
  const names = ['lock', 'load', 'decide', 'build', 'write', 'commit']
  return columns([['ms of one commit', 'connections', 'batch', ...names], ...rows])
}
