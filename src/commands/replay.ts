import { Presets, SingleBar } from 'cli-progress'
import { epochOf, type Instant, instantOf, later } from '../domain/instant.ts'
import { readReplayData } from './replay/data.ts'
import { planReplay, type ReplayPlan } from './replay/plan.ts'
import { postPlan } from './replay/post.ts'
import { readBack } from './replay/read.ts'
import {
  assumptions,
  compareMoment,
  findWarning,
  firstPast,
  formatComparison,
  formatPlaces,
  formatPosted,
  formatWarning,
  PACE_HOURS,
} from './replay/report.ts'
import { mapAtOnce, type Service, ServiceRefused } from './replay/service.ts'
import { formatSupplies, planSupplies, postSupplies, stockedKcal } from './replay/supplies.ts'

export { readReplayData } from './replay/data.ts'
export { planReplay } from './replay/plan.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/**
 * Replays who was housed by the state from 26 September to 1 October 2023, as the Government of Armenia
 * released it (replay/data/SOURCES.md), against a service that is reached by HTTP alone; `key` is a national
 * coordinator's. Then reads every published moment back and prints published, stored and difference, region
 * by region.
 *
 * `ok` is false if anything differs that the source itself does not explain, or if the service refused. Safe
 * to run twice with the same key: every post carries the same Idempotency-Key again.
 */
export async function replay(options: {
  url: string
  key: string
  /** of logistics or an admin, for the supply side; without it nobody is fed */
  supplies_key?: string | undefined
  out?: NodeJS.WritableStream
}): Promise<{ ok: boolean }> {
  const { url, key, supplies_key, out = process.stdout } = options
  const service: Service = { url, key }
  const say = (text: string) => out.write(`${text}\n`)
  try {
    const plan = planReplay(readReplayData())
    say(assumptions(plan.begins_at))
    const supplies = supplies_key === undefined ? undefined : { url, key: supplies_key }
    const cargo = planSupplies(plan.shelters)
    if (supplies !== undefined) await postSupplies(supplies, cargo)
    say(await postAll(service, plan, out))
    const ok = await report(service, plan, say)
    if (supplies !== undefined) {
      const moments = []
      for (const { as_of, people } of plan.moments)
        moments.push({ as_of, people, kcal: await stockedKcal(supplies, cargo, as_of) })
      say(formatSupplies(moments))
    }
    return { ok }
  } catch (reason) {
    if (!(reason instanceof ServiceRefused)) throw reason
    say(`The replay stopped: ${reason.message}`)
    return { ok: false }
  }
}

async function postAll(service: Service, plan: ReplayPlan, out: NodeJS.WritableStream): Promise<string> {
  const began_ms = performance.now()
  const all = plan.shelters.length + plan.arrivals.length
  const bar =
    'isTTY' in out && out.isTTY === true
      ? new SingleBar(
          { stream: out, format: '{bar} {value} of {total} posts, {eta_formatted} left' },
          Presets.shades_classic,
        )
      : undefined
  bar?.start(all, 0)
  try {
    const { replayed } = await postPlan(service, plan, (posted) => bar?.update(posted))
    return formatPosted(plan, replayed, (performance.now() - began_ms) / 1000)
  } finally {
    bar?.stop()
  }
}

async function report(service: Service, plan: ReplayPlan, say: (text: string) => void): Promise<boolean> {
  const read = await readBack(service)

  const comparisons = await mapAtOnce(plan.moments, async (moment, signal) =>
    compareMoment(moment, await read(moment.as_of, signal)),
  )
  for (const comparison of comparisons) say(formatComparison(comparison))

  const hourly = await mapAtOnce(hoursOf(plan), read)
  const last = hourly.at(-1)
  if (last) say(formatPlaces(last))
  const warning = findWarning(hourly)
  const passed_at = warning.passed_at && firstPast(await mapAtOnce(minutesUpTo(warning.passed_at), read))
  say(formatWarning({ ...warning, passed_at }))
  return comparisons.every((comparison) => comparison.ok)
}

/** Every full hour from twelve before the first household until the last published moment has passed. */
function hoursOf(plan: ReplayPlan): Instant[] {
  const last_ms = epochOf(plan.moments.at(-1)?.as_of ?? plan.begins_at)
  const first_ms = epochOf(plan.begins_at) - PACE_HOURS * HOUR_MS
  const hours = Math.ceil((last_ms - first_ms) / HOUR_MS)
  return Array.from({ length: hours + 1 }, (_, hour) => instantOf(first_ms + hour * HOUR_MS))
}

/** The sixty minutes of the hour that ends at a moment. */
const minutesUpTo = (moment: Instant): Instant[] =>
  Array.from({ length: 60 }, (_, minute) => later(moment, (minute - 59) * MINUTE_MS))
