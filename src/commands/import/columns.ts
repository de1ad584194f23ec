import type { z } from 'zod'
import { shelter_facts } from '../../domain/shelters.ts'
import { composition_groups } from '../../domain/stays.ts'
import { type Arrival, arrival } from '../../features/placement/schemas.ts'
import { type NewShelter, new_shelter } from '../../features/regions-and-shelters/schemas.ts'
import { readInstant } from '../../http/wire.ts'

/*
 * Which columns a file may have, and what their cells say. A column is named as its field is in JSON; a cell that is
 * empty leaves the field out. What a field may be, its schema says, the same as for a single post.
 */

export type Reading = { value: unknown } | { wrong: string }
export type Spelling = { decimal_comma: boolean }

export type Column = {
  name: string
  /** where in the body its value stands */
  path: readonly [string, ...string[]]
  read(cell: string, spelling: Spelling): Reading
}

/** A kind of file: what a line of it is, and how the service takes it. */
export type ImportKind<Content> = {
  name: 'shelters' | 'stays'
  /** Their order is part of each line's key: new ones go to the end. */
  columns: readonly Column[]
  required: readonly string[]
  /** what every body has, however empty its line, so that what is missing is told of its column */
  bare(): Record<string, unknown>
  /** columns that are refused with a reason of their own */
  refused(name: string): string | undefined
  schema: z.ZodType<Content>
}

const text = (cell: string): Reading => ({ value: cell })

const wholeNumber = (cell: string): Reading =>
  /^\d{1,9}$/.test(cell) ? { value: Number(cell) } : { wrong: 'Must be a whole number, in digits.' }

function yesOrNo(cell: string): Reading {
  const word = cell.toLowerCase()
  return word === 'true' || word === 'false'
    ? { value: word === 'true' }
    : { wrong: 'Must be true or false.' }
}

/** With a decimal comma where the comma parts no cells: what Excel writes in most of Europe. */
function degrees(cell: string, { decimal_comma }: Spelling): Reading {
  const [whole, sign] = /^-?\d{1,3}(?:([.,])\d{1,15})?$/.exec(cell) ?? []
  if (whole === undefined || (sign === ',' && !decimal_comma))
    return { wrong: 'Must be degrees, 40.274 for instance.' }
  return { value: Number(cell.replace(',', '.')) }
}

/** In UTC at once, so that a moment has one spelling and a line one key; what is none, the schema refuses. */
const moment = (cell: string): Reading => ({ value: readInstant(cell) ?? cell })

/** `insulin:1|wheelchair:2` */
function needs(cell: string): Reading {
  const parts = cell.split('|').map((part) => /^\s*([^:\s]+)\s*:\s*(\d{1,9})\s*$/.exec(part))
  const read = parts.flatMap((part) => (part === null ? [] : [{ need: part[1], people: Number(part[2]) }]))
  return read.length === parts.length
    ? { value: read }
    : { wrong: 'Must be needs, each with how many people have it: insulin:1|wheelchair:2.' }
}

const column = (name: string, read: Column['read'] = text, ...path: string[]): Column => ({
  name,
  read,
  path: [path[0] ?? name, ...path.slice(1)],
})

const name_words = [
  'name',
  'names',
  'surname',
  'first_name',
  'last_name',
  'given_name',
  'family_name',
  'middle_name',
  'full_name',
  'patronymic',
  'firstname',
  'lastname',
  'fullname',
  'անուն',
  'ազգանուն',
  'հայրանուն',
  'имя',
  'фамилия',
  'отчество',
  'фио',
]

export const stays: ImportKind<Arrival> = {
  name: 'stays',
  columns: [
    column('id'),
    column('shelter'),
    column('reference', text, 'household', 'reference'),
    column('people', wholeNumber, 'household', 'people'),
    ...composition_groups.map((group) => column(group, wholeNumber, 'household', 'composition', group)),
    column('needs', needs, 'household', 'needs'),
    column('occurred_at', moment),
    column('overflow', yesOrNo),
  ],
  required: ['shelter', 'people'],
  bare: () => ({ household: {} }),
  refused: (name) =>
    name_words.includes(name.toLowerCase().replace(/[\s-]+/g, '_'))
      ? 'People’s names do not belong here: this service keeps none, so that none can leak; they live in the state registry. Take the column out of the file and keep the number on the registration card, as `reference`.'
      : undefined,
  schema: arrival,
}

export const shelters: ImportKind<NewShelter> = {
  name: 'shelters',
  columns: [
    column('id'),
    column('code'),
    column('name'),
    column('kind'),
    column('region'),
    column('latitude', degrees),
    column('longitude', degrees),
    column('status'),
    column('places', wholeNumber),
    column('community'),
    column('address'),
    column('location_accuracy'),
    ...shelter_facts.map((fact) => column(fact, text, 'facts', fact)),
    column('operator'),
    column('operator_kind'),
    column('contact'),
    column('available_until', moment),
    column('public_listing', yesOrNo),
    column('occurred_at', moment),
  ],
  required: ['code', 'name', 'kind', 'region', 'latitude', 'longitude', 'status', 'places'],
  bare: () => ({}),
  refused: () => undefined,
  schema: new_shelter,
}
