/*
 * A story: rounds of commands, those of one round sent at once. Whatever a command makes bears the command's number,
 * so that a story from which commands were taken out still means the same.
 */

/** When a thing happened: so many milliseconds after the day of the story began in Yerevan, or ahead of the sending. */
export type When = { day_plus: number } | { ahead: number }

type Coming = { when?: When; hold?: number; overflow?: true }

export type Deed =
  | ({
      do: 'arrive'
      shelter: string
      people: number
      reference?: string
      moved?: true
    } & Coming)
  | ({ do: 'add'; stay: number; people: number } & Coming)
  | { do: 'depart'; stay: number; people?: number; when?: When }
  | ({ do: 'transfer'; stay: number; to: string; people?: number } & Coming)
  | { do: 'correct'; stay: number; people: number; overflow?: true }
  | { do: 'cancel'; stay: number }
  | { do: 'hold'; shelter: string; people: number; lasts: number }
  | { do: 'release'; hold: number }
  | { do: 'block'; shelter: string; places: number; when?: When }
  | { do: 'lift'; block: number; shelter: string }
  | { do: 'change'; shelter: string; change: number; when?: When }
  | { do: 'set places'; shelter: string; places: number; expected?: number; when?: When }
  | { do: 'keep emergency'; shelter: string; keep: number; when?: When }
  | { do: 'count'; shelter: string; people: number; when?: When }
  | { do: 'settle'; shelter: string; headcount: number }
  | { do: 'set status'; shelter: string; status: Status }
  | { do: 'again'; command: number }
  | { do: 'ask'; as_of?: When; known_of?: number; shelter?: string }
  | { do: 'wait'; ms: number }

export type Status = 'planned' | 'open' | 'paused' | 'closed'

export type Command = {
  number: number
  deed: Deed
  /** which of the services is asked */
  service: 0 | 1
  /** the same post to the other service at the same time */
  twice?: true
  /** as a line of a batch, with the others of its round that are lines */
  line?: true
}

export type Story = Command[][]

/** What a command does to the shelters of a story, if it is sent as it stands. */
export const isPost = ({ deed }: Command): boolean =>
  deed.do !== 'ask' && deed.do !== 'wait' && deed.do !== 'again' && deed.do !== 'set status'

const day_ms = 86_400_000

function shownWhen(when: When | undefined): string {
  if (when === undefined) return ''
  if ('ahead' in when) return `, ${when.ahead / 1000} s ahead of the clock`
  const days = Math.floor(when.day_plus / day_ms)
  const clock = new Date(when.day_plus - days * day_ms).toISOString().slice(11, 23)
  const day = days === 0 ? 'today' : days === -1 ? 'yesterday' : days > 0 ? 'tomorrow' : `${-days} days ago`
  return `, ${day} at ${clock} in Yerevan`
}

const shownComing = ({ when, hold, overflow }: Coming): string =>
  `${hold === undefined ? '' : ` with hold ${hold}`}${overflow ? ', overflow' : ''}${shownWhen(when)}`

const some = (people: number | undefined): string => (people === undefined ? 'all' : String(people))

function shownDeed(deed: Deed): string {
  switch (deed.do) {
    case 'arrive': {
      const who = deed.reference === undefined ? '' : ` of ${JSON.stringify(deed.reference)}`
      return `${deed.people} people${who} ${deed.moved ? 'move' : 'arrive'} in ${deed.shelter}${shownComing(deed)}`
    }
    case 'add':
      return `${deed.people} people join stay ${deed.stay}${shownComing(deed)}`
    case 'depart':
      return `${some(deed.people)} of stay ${deed.stay} depart${shownWhen(deed.when)}`
    case 'transfer':
      return `${some(deed.people)} of stay ${deed.stay} go to ${deed.to}${shownComing(deed)}`
    case 'correct':
      return `stay ${deed.stay} is corrected to ${deed.people} people${deed.overflow ? ', overflow' : ''}`
    case 'cancel':
      return `stay ${deed.stay} is cancelled`
    case 'hold':
      return `${deed.people} places of ${deed.shelter} are held for ${deed.lasts} ms`
    case 'release':
      return `hold ${deed.hold} is released`
    case 'block':
      return `${deed.places} places of ${deed.shelter} are blocked${shownWhen(deed.when)}`
    case 'lift':
      return `block ${deed.block} of ${deed.shelter} is lifted`
    case 'change':
      return `places of ${deed.shelter} change by ${deed.change}${shownWhen(deed.when)}`
    case 'set places': {
      const expected = deed.expected === undefined ? '' : ` if they are ${deed.expected}`
      return `places of ${deed.shelter} become ${deed.places}${expected}${shownWhen(deed.when)}`
    }
    case 'keep emergency':
      return `${deed.keep} emergency places of ${deed.shelter} are kept${shownWhen(deed.when)}`
    case 'count':
      return `${deed.people} people are counted in ${deed.shelter}${shownWhen(deed.when)}`
    case 'settle':
      return `headcount ${deed.headcount} of ${deed.shelter} is settled`
    case 'set status':
      return `${deed.shelter} becomes ${deed.status}`
    case 'again':
      return `command ${deed.command} is sent again`
    case 'ask': {
      const what = deed.shelter === undefined ? 'all capacity' : deed.shelter
      const known = deed.known_of === undefined ? '' : `, as known after command ${deed.known_of}`
      return `somebody asks for ${what}${shownWhen(deed.as_of)}${known}`
    }
    case 'wait':
      return `${deed.ms} ms pass`
  }
}

/** One command as a line: `17 · 3 people arrive in AM-KT-0001, overflow`. */
export function shownCommand({ number, deed, service, twice, line }: Command): string {
  const how = `${twice ? ' (to both services)' : service === 1 ? ' (to the other service)' : ''}${line ? ' (in a batch)' : ''}`
  return `${number} · ${shownDeed(deed)}${deed.do === 'wait' ? '' : how}`
}

/** The story as people read it; what is sent at once stands behind one another with a bar before. */
export const shownStory = (story: Story): string =>
  story
    .map((round) => round.map((command) => `${round.length > 1 ? '  | ' : '  '}${shownCommand(command)}`))
    .map((lines) => lines.join('\n'))
    .join('\n')
