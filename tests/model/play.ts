import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from 'uuidv7'
import { freshDatabase } from '../setup/database.ts'
import { openProcesses } from '../setup/processes.ts'
import { type Answer, aShelter, callerTo, serviceOn } from '../setup/service.ts'
import type { Asked, Body } from './ask.ts'
import { emptyWorld, type Said, type World } from './model.ts'
import type { Command, Deed, When } from './story.ts'

/*
 * The stage: two services on one database, and a story told to them, round by round.
 */

/** What a post is, whoever sends it again. */
export type Post = {
  key: string
  said: Said
  operation: string
  method: 'POST' | 'PATCH'
  path: string
  body: Record<string, unknown>
  params: Record<string, string>
  /** what was answered first, once it was done */
  done?: { status: number; text: string; seq: number }
}

/** One answer to a post, and the moments between which it was decided. */
export type Told = {
  command: Command
  post: Post
  status: number
  body: Body
  /** not known of a line of a batch */
  replayed: boolean | undefined
  sent_at: number
  told_at: number
}

export type Round = { told: Told[]; asked: Asked[]; began_at: number; ended_at: number }

export const shelters_of_a_story = [
  { code: 'AM-KT-0001', places: 12 },
  { code: 'AM-KT-0002', places: 30 },
  { code: 'AM-SU-0001', places: 6 },
  { code: 'AM-SU-0002', places: 40 },
  { code: 'AM-LO-0001', places: 0 },
] as const

const DAY_MS = 86_400_000
const YEREVAN_MS = 4 * 3_600_000

export type Stage = Awaited<ReturnType<typeof openStage>>

export async function openStage() {
  const database = await freshDatabase()
  const processes = openProcesses()
  const one = await serviceOn(database.url)
  // The other one is a process of its own, as in production.
  const other = { call: callerTo((await processes.serve({ DATABASE_URL: database.url })).base) }
  const key = await one.issue('national_coordinator')
  const auditor = await one.issue('auditor')
  const world: World = emptyWorld()
  const ids = new Map<string, string>()
  const posts = new Map<number, Post>()
  const now = Date.now()
  const day = Math.floor((now + YEREVAN_MS) / DAY_MS) * DAY_MS - YEREVAN_MS

  const serviceAt = (index: 0 | 1) => (index === 0 ? one : other)
  const call = (service: 0 | 1, method: string, path: string, more: object = {}): Promise<Answer> =>
    serviceAt(service).call(method, path, { key, ...more })

  let head = 0
  for (const { code, places } of shelters_of_a_story) {
    const at = day - 3 * DAY_MS
    const occurred_at = new Date(at).toISOString()
    const made = await call(0, 'POST', '/v1/shelters', {
      body: aShelter(code, places, {
        occurred_at,
        ...(code.startsWith('AM-SU') && { latitude: 39.51, longitude: 46.34 }),
        ...(code.startsWith('AM-LO') && { latitude: 40.81, longitude: 44.48 }),
      }),
    })
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    const region = code.slice(0, 5)
    const figures = { places, blocked: 0, occupied: 0, held: 0, emergency: 0 }
    world.shelters.set(code, { code, region, status: 'open', gone: 0, ...figures })
    world.effects.push({ shelter: code, at, seq: made.body.seq, ...figures })
    ids.set(code, made.body.shelter.id)
    head = made.body.seq
  }

  /** The id of a thing of the story; one that nobody made yet gets one too, so that it can be asked for. */
  function idOf(name: string): string {
    const known = ids.get(name)
    if (known !== undefined) return known
    const id = uuidv7()
    ids.set(name, id)
    return id
  }

  function momentOf(when: When | undefined): number | undefined {
    if (when === undefined) return undefined
    return 'ahead' in when ? Date.now() + when.ahead : day + when.day_plus
  }

  function postOf(number: number, deed: Deed): Post | undefined {
    const at = 'when' in deed ? momentOf(deed.when) : undefined
    const time = at === undefined ? {} : { occurred_at: new Date(at).toISOString() }
    const when = at === undefined ? {} : { at }
    const hold = 'hold' in deed && deed.hold !== undefined ? `hold ${deed.hold}` : undefined
    const overflow = 'overflow' in deed && deed.overflow === true
    const beside = {
      ...time,
      ...(hold !== undefined && { hold: idOf(hold) }),
      ...(overflow && { overflow }),
    }
    const by = { ...when, ...(hold !== undefined && { hold }), overflow }
    const make = (
      operation: string,
      path: string,
      said: Said,
      body: Record<string, unknown>,
      params: Record<string, string> = {},
    ): Post => ({ key: `story-${number}-of-it`, said, operation, method: 'POST', path, body, params })
    const ofStay = (operation: string, action: string, stay: number, said: Said, body: object): Post => {
      const id = idOf(`stay ${stay}`)
      return make(operation, `/v1/stays/${id}/${action}`, said, { ...body }, { stay: id })
    }
    switch (deed.do) {
      case 'arrive': {
        const stay = `stay ${number}`
        const { shelter, people, reference, moved = false } = deed
        return make(
          'postArrival',
          '/v1/arrivals',
          {
            do: 'arrive',
            stay,
            shelter,
            people,
            ...(reference !== undefined && { reference }),
            moved,
            ...by,
          },
          {
            id: idOf(stay),
            shelter,
            household: { people, ...(reference !== undefined && { reference }) },
            ...(moved && { moved }),
            ...beside,
          },
        )
      }
      case 'add': {
        const { people } = deed
        const said: Said = { do: 'add', stay: `stay ${deed.stay}`, people, ...by }
        return ofStay('postAddition', 'additions', deed.stay, said, { people, reason: 'joined', ...beside })
      }
      case 'depart': {
        const some = deed.people === undefined ? {} : { people: deed.people }
        const said: Said = { do: 'depart', stay: `stay ${deed.stay}`, ...some, ...when }
        return ofStay('postDeparture', 'departure', deed.stay, said, {
          ...some,
          destination: 'relatives',
          ...time,
        })
      }
      case 'transfer': {
        const some = deed.people === undefined ? {} : { people: deed.people }
        const { to } = deed
        const new_stay = `stay ${number}`
        const said: Said = { do: 'transfer', stay: `stay ${deed.stay}`, new_stay, to, ...some, ...by }
        return ofStay('postTransfer', 'transfer', deed.stay, said, {
          id: idOf(new_stay),
          to,
          ...some,
          ...beside,
        })
      }
      case 'correct': {
        const { people } = deed
        const said: Said = { do: 'correct', stay: `stay ${deed.stay}`, people, overflow }
        return ofStay('postCorrection', 'correction', deed.stay, said, {
          people,
          reason: 'miscounted',
          ...(overflow && { overflow }),
        })
      }
      case 'cancel': {
        const said: Said = { do: 'cancel', stay: `stay ${deed.stay}` }
        return ofStay('postCancellation', 'cancellation', deed.stay, said, { reason: 'never_arrived' })
      }
      case 'hold': {
        const name = `hold ${number}`
        const { shelter, people } = deed
        const expires_at = Date.now() + deed.lasts
        return make(
          'placeHold',
          '/v1/holds',
          { do: 'hold', hold: name, shelter, people, expires_at },
          {
            id: idOf(name),
            shelter,
            people,
            party: `Bus ${number}`,
            expires_at: new Date(expires_at).toISOString(),
          },
        )
      }
      case 'release': {
        const name = `hold ${deed.hold}`
        return make('releaseHold', `/v1/holds/${idOf(name)}/release`, { do: 'release', hold: name }, {})
      }
      case 'block': {
        const name = `block ${number}`
        const { shelter, places } = deed
        return make(
          'blockPlaces',
          `/v1/shelters/${shelter}/blocks`,
          { do: 'block', block: name, shelter, places, ...when },
          { id: idOf(name), places, reason: 'no_heating', ...time },
        )
      }
      case 'lift': {
        const { shelter } = deed
        const name = `block ${deed.block}`
        const path = `/v1/shelters/${shelter}/blocks/${idOf(name)}/lift`
        return make('liftBlock', path, { do: 'lift', block: name, shelter }, {})
      }
      case 'change': {
        const { shelter, change } = deed
        const reason = change > 0 ? 'expanded' : 'reduced'
        const said: Said = { do: 'change', shelter, change, ...when }
        return make('changePlaces', `/v1/shelters/${shelter}/places`, said, { change, reason, ...time })
      }
      case 'set places': {
        const { shelter, places, expected } = deed
        const said: Said = {
          do: 'set places',
          shelter,
          places,
          ...(expected !== undefined && { expected }),
          ...when,
        }
        return make('changePlaces', `/v1/shelters/${shelter}/places`, said, {
          places,
          ...(expected !== undefined && { expected_places: expected }),
          reason: 'correction',
          ...time,
        })
      }
      case 'keep emergency': {
        const { shelter, keep } = deed
        const said: Said = { do: 'keep emergency', shelter, keep, ...when }
        const body = { keep_emergency: keep, reason: 'expanded', ...time }
        return make('changePlaces', `/v1/shelters/${shelter}/places`, said, body)
      }
      case 'count': {
        const name = `headcount ${number}`
        const { shelter, people } = deed
        return make(
          'postHeadcount',
          `/v1/shelters/${shelter}/headcounts`,
          { do: 'count', headcount: name, shelter, people, ...when },
          { id: idOf(name), people, method: 'headcount', ...time },
          { shelter },
        )
      }
      case 'settle': {
        const { shelter } = deed
        const name = `headcount ${deed.headcount}`
        const headcount = idOf(name)
        return make(
          'settleHeadcount',
          `/v1/shelters/${shelter}/headcounts/${headcount}/settlement`,
          { do: 'settle', headcount: name, shelter, group: `stay ${number}` },
          {},
          { shelter, headcount },
        )
      }
      case 'set status': {
        const { shelter, status } = deed
        const said: Said = { do: 'set status', shelter, status }
        return { ...make('', `/v1/shelters/${shelter}`, said, { status }), method: 'PATCH' }
      }
      default:
        return undefined
    }
  }

  async function send(command: Command, post: Post, service: 0 | 1): Promise<Told> {
    const sent_at = Date.now()
    const { method, path, body, key: idempotency_key } = post
    const answer = await call(service, method, path, {
      body,
      ...(method === 'POST' ? { idempotency_key } : { headers: { 'if-match': '*' } }),
    })
    return {
      command,
      post,
      status: answer.status,
      body: answer.body,
      replayed: answer.headers['idempotency-replayed'] === 'true',
      sent_at,
      told_at: Date.now(),
    }
  }

  async function sendBatch(lines: { command: Command; post: Post }[]): Promise<Told[]> {
    const [first] = lines
    if (first === undefined) return []
    const sent_at = Date.now()
    const answer = await call(first.command.service, 'POST', '/v1/batch', {
      idempotency_key: null,
      body: {
        items: lines.map(({ post }) => ({
          key: post.key,
          operation: post.operation,
          body: { ...post.body, ...post.params },
        })),
      },
    })
    const told_at = Date.now()
    if (answer.status !== 200) throw new Error(`a batch was answered ${JSON.stringify(answer.body)}`)
    return lines.map(({ command, post }, index) => {
      const { status, body } = answer.body.items[index]
      return { command, post, status, body, replayed: undefined, sent_at, told_at }
    })
  }

  async function ask(command: Command, deed: Deed & { do: 'ask' }): Promise<Asked> {
    const as_of = momentOf(deed.as_of)
    const known = deed.known_of === undefined ? undefined : posts.get(deed.known_of)?.done?.seq
    const query = new URLSearchParams()
    if (as_of !== undefined) query.set('as_of', new Date(as_of).toISOString())
    if (known !== undefined) query.set('known_seq', String(known))
    const path = deed.shelter === undefined ? `/v1/capacity?${query}` : `/v1/shelters/${deed.shelter}`
    const sent_at = Date.now()
    const { status, body } = await call(command.service, 'GET', path)
    return { command, shelter: deed.shelter, as_of, known, path, status, body, sent_at, told_at: Date.now() }
  }

  /** Sends all commands of a round at once and waits for all answers. */
  async function perform(commands: readonly Command[]): Promise<Round> {
    const began_at = Date.now()
    const told: Promise<Told[]>[] = []
    const asked: Promise<Asked>[] = []
    const lines: { command: Command; post: Post }[] = []
    for (const command of commands) {
      const { deed, number, service } = command
      if (deed.do === 'wait') await pause(deed.ms)
      else if (deed.do === 'ask') asked.push(ask(command, deed))
      else {
        const post = deed.do === 'again' ? posts.get(deed.command) : postOf(number, deed)
        if (post === undefined) continue
        if (deed.do !== 'again' && deed.do !== 'set status') posts.set(number, post)
        if (command.line) lines.push({ command, post })
        else told.push(send(command, post, service).then((one) => [one]))
        if (command.twice) told.push(send(command, post, service === 0 ? 1 : 0).then((one) => [one]))
      }
    }
    if (lines.length > 0) told.push(sendBatch(lines))
    return {
      told: (await Promise.all(told)).flat(),
      asked: await Promise.all(asked),
      began_at,
      ended_at: Date.now(),
    }
  }

  return {
    world,
    ids,
    posts,
    day,
    database_url: database.url,
    base: one.base,
    auditor,
    /** the last entry before the story */
    head,
    call,
    idOf,
    perform,
    /** Sends a post again as it was. */
    repeat: (post: Post, service: 0 | 1) =>
      send({ number: 0, deed: { do: 'again', command: 0 }, service }, post, service),
    async close() {
      await one.close()
      await processes.close()
      await database.drop()
    },
  }
}
