import { z } from 'zod'
import {
  fact_answers,
  location_accuracies,
  operator_kinds,
  PLACES_MAX,
  shelter_facts,
  shelter_kinds,
  shelter_statuses,
} from '../../domain/shelters.ts'
import {
  anyUuid,
  count,
  freeText,
  instant,
  latitude,
  longitude,
  pageQuery,
  queryBoolean,
  queryInteger,
  regionCode,
  shelterCode,
  shelterName,
  uuid7,
} from '../../http/wire.ts'
import { shown_balance } from '../../ledgers/places/wire.ts'

const facts = z
  .strictObject({
    step_free: z.enum(fact_answers).optional(),
    heated: z.enum(fact_answers).optional(),
    kitchen: z.enum(fact_answers).optional(),
    medical_room: z.enum(fact_answers).optional(),
    infant_corner: z.enum(fact_answers).optional(),
    pets: z.enum(fact_answers).optional(),
  } satisfies Record<(typeof shelter_facts)[number], unknown>)
  .meta({
    id: 'ShelterFacts',
    description: 'What families ask about a building; what nobody looked at is unknown',
  })

/** What may be left out, and taken back by `null` in a PATCH. */
const optional_fields = {
  community: freeText(200),
  address: freeText(500),
  location_accuracy: z.enum(location_accuracies),
  operator: freeText(200),
  operator_kind: z.enum(operator_kinds),
  contact: freeText(500).meta({ description: 'Shown only inside the remit' }),
  available_until: instant.meta({ description: 'A forecast: nothing closes by itself' }),
}

const named = {
  name: freeText(200),
  kind: z.enum(shelter_kinds),
  latitude,
  longitude,
  status: z.enum(shelter_statuses),
}

export const new_shelter = z
  .strictObject({
    id: uuid7.optional(),
    code: shelterCode,
    region: regionCode,
    ...named,
    places: count(PLACES_MAX),
    ...z.object(optional_fields).partial().shape,
    facts: facts.optional(),
    public_listing: z
      .boolean()
      .optional()
      .meta({ description: 'May stand in lists for everybody; false if left out' }),
    occurred_at: instant.optional().meta({ description: 'From when the places count; now, if left out' }),
  })
  .meta({
    id: 'NewShelter',
    example: {
      code: 'AM-KT-0007',
      name: 'Abovyan school 7',
      kind: 'school',
      region: 'AM-KT',
      latitude: 40.274,
      longitude: 44.633,
      status: 'open',
      places: 120,
      facts: { heated: 'yes', step_free: 'no' },
    },
  })

const nullable = <Shape extends z.ZodType>(schema: Shape) => schema.nullable().optional()

export const shelter_patch = z
  .strictObject({
    ...z.object(named).partial().shape,
    community: nullable(optional_fields.community),
    address: nullable(optional_fields.address),
    location_accuracy: nullable(optional_fields.location_accuracy),
    operator: nullable(optional_fields.operator),
    operator_kind: nullable(optional_fields.operator_kind),
    contact: nullable(optional_fields.contact),
    available_until: nullable(optional_fields.available_until),
    facts: z.partialRecord(z.enum(shelter_facts), z.enum(fact_answers).nullable()).optional(),
    public_listing: z.boolean().optional(),
  })
  .meta({
    id: 'ShelterPatch',
    description:
      'RFC 7396: what is named is replaced, null takes back; code, region and places are not changed here',
    example: { address: 'Hatis street 7', facts: { heated: 'yes' } },
  })

const shelter_fields = {
  id: anyUuid,
  code: shelterCode,
  name: z.string(),
  kind: z.enum(shelter_kinds),
  region: regionCode,
  latitude,
  longitude,
  status: z.enum(shelter_statuses),
  community: z.string().nullable(),
  address: z.string().nullable(),
  location_accuracy: z.enum(location_accuracies).nullable(),
  facts,
  operator: z.string().nullable(),
  operator_kind: z.enum(operator_kinds).nullable(),
  available_until: instant.nullable(),
  public_listing: z.boolean(),
  created_at: instant,
  updated_at: instant,
}

/** The register part: what answers to a write show. */
export const shelter_register = z.strictObject(shelter_fields).meta({ id: 'ShelterRegister' })

export const shelter = z
  .strictObject({
    ...shelter_fields,
    contact: z.string().nullable().optional().meta({ description: 'Present only inside the remit' }),
    balance: shown_balance,
    seq: z.int().meta({ description: 'The journal entry that made the balance so' }),
    overdue: z.boolean().meta({ description: '`available_until` has passed; nothing closes by itself' }),
    distance_km: z.number().optional().meta({ description: 'From `near`, as the crow flies' }),
  })
  .meta({ id: 'Shelter', description: 'A building or site with places' })

const warning = z
  .strictObject({ code: z.enum(['outside_region_box']), detail: z.string() })
  .meta({ id: 'Warning' })

export const shelter_changed = z
  .strictObject({
    shelter: shelter_register,
    balance: shown_balance,
    seq: z.int(),
    warnings: z.array(warning).optional().meta({ description: 'What looks wrong, though it was taken' }),
  })
  .meta({ id: 'ShelterChanged' })

/** `lat,lon` in a query string. */
const near = z
  .codec(z.string(), z.strictObject({ latitude, longitude }), {
    decode: (text, context) => {
      const [, north, east] = /^(-?\d{1,2}(?:\.\d{1,10})?),(-?\d{1,3}(?:\.\d{1,10})?)$/.exec(text) ?? []
      if (north !== undefined && east !== undefined)
        return { latitude: Number(north), longitude: Number(east) }
      context.issues.push({
        code: 'invalid_format',
        format: 'position',
        input: text,
        message: 'Must be latitude and longitude in degrees, 40.38,44.69 for instance.',
      })
      return z.NEVER
    },
    encode: (position) => `${position.latitude},${position.longitude}`,
  })
  .meta({
    override: { type: 'string', examples: ['40.38,44.69'] },
    description: 'Nearest first, with `distance_km`',
  })

/** `heated:yes,step_free:yes` in a query string: all of them must hold. */
const asked_facts = z
  .codec(z.string(), z.array(z.strictObject({ fact: z.enum(shelter_facts), answer: z.enum(fact_answers) })), {
    decode: (text, context) => {
      const read = text
        .split(',')
        .map((part) => z.tuple([z.enum(shelter_facts), z.enum(fact_answers)]).safeParse(part.split(':')))
      if (read.every((one) => one.success)) return read.map(({ data: [fact, answer] }) => ({ fact, answer }))
      context.issues.push({
        code: 'invalid_format',
        format: 'facts',
        input: text,
        message: `Must be facts and answers, heated:yes,pets:unknown for instance. Facts: ${shelter_facts.join(', ')}.`,
      })
      return z.NEVER
    },
    encode: (facts) => facts.map(({ fact, answer }) => `${fact}:${answer}`).join(','),
  })
  .meta({
    override: { type: 'string', examples: ['heated:yes'] },
    description: 'Facts that must hold, all of them',
  })

const sort_orders = ['code', 'name', 'free', 'places', 'created_at'] as const

/** `free`, or `-free` for the most first. */
const sort = z
  .codec(z.string(), z.strictObject({ by: z.enum(sort_orders), descending: z.boolean() }), {
    decode: (text, context) => {
      const by = z.enum(sort_orders).safeParse(text.replace(/^-/, ''))
      if (by.success) return { by: by.data, descending: text.startsWith('-') }
      context.issues.push({
        code: 'invalid_format',
        format: 'sort',
        input: text,
        message: `Must be one of ${sort_orders.join(', ')}, with - before it for the reverse.`,
      })
      return z.NEVER
    },
    encode: ({ by, descending }) => `${descending ? '-' : ''}${by}`,
  })
  .meta({
    override: { type: 'string', enum: sort_orders.flatMap((order) => [order, `-${order}`]), default: 'code' },
  })

export const shelters_query = z.strictObject({
  cursor: pageQuery.shape.cursor,
  limit: queryInteger(1, 500).optional().meta({
    description: 'How many at most: 50 if left out, in JSON; csv, geojson and ndjson stream all of them',
  }),
  region: regionCode.optional(),
  kind: z.enum(shelter_kinds).optional(),
  status: z.enum(shelter_statuses).optional(),
  min_free: queryInteger(0, PLACES_MAX).optional(),
  facts: asked_facts.optional(),
  q: freeText(100).optional().meta({ description: 'Part of the code, name, community or address' }),
  near: near.optional(),
  sort: sort.prefault('code').meta({ description: 'Not with `near`; ties by code' }),
  format: z.enum(['json', 'csv', 'geojson', 'ndjson']).optional().meta({ description: 'Wins over Accept' }),
  hxl: queryBoolean.optional().meta({ description: 'csv: with the row of HXL 1.1 tags' }),
})

export const shelters_page = z
  .strictObject({ items: z.array(shelter), next_cursor: z.string().nullable() })
  .meta({ id: 'SheltersPage' })

export const shelter_params = z.strictObject({ shelter: shelterName })

export const regions_list = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          code: regionCode,
          names: z.strictObject({ hy: z.string(), ru: z.string(), en: z.string() }),
          centre: z.strictObject({ latitude, longitude }),
          box: z.strictObject({ west: longitude, south: latitude, east: longitude, north: latitude }),
        })
        .meta({ id: 'Region' }),
    ),
  })
  .meta({ id: 'Regions' })

export type NewShelter = z.output<typeof new_shelter>
export type ShelterPatch = z.output<typeof shelter_patch>
export type ShelterShown = z.output<typeof shelter>
export type ShelterChanged = z.output<typeof shelter_changed>
export type SheltersQuery = z.output<typeof shelters_query>
