import { z } from 'zod'
import { DECIMALS_MAX, QUANTITY_MAX } from '../../domain/quantities.ts'
import {
  item_categories,
  LINES_MAX,
  movement_kinds,
  stock_reasons,
  stock_statuses,
  storages,
} from '../../domain/supplies.ts'
import {
  anyUuid,
  codeWord,
  count,
  day,
  freeText,
  instant,
  latitude,
  longitude,
  pageQuery,
  positiveQuantity,
  quantity,
  regionCode,
  shelterCode,
  signedQuantity,
  storeName,
  uuid7,
} from '../../http/wire.ts'

/** Kilocalories in one unit of the richest thing there is: fat, by the hundredweight. */
const KCAL_MAX = 900_000

export const names = z
  .strictObject({ hy: freeText(200), ru: freeText(200), en: freeText(200) })
  .meta({ id: 'Names', description: 'In Armenian, Russian and English' })

const item_fields = {
  names,
  category: z.enum(item_categories),
  unit: freeText(20).meta({ description: 'What a quantity of 1 is', example: 'kg' }),
  decimals: z.int().min(0).max(DECIMALS_MAX).meta({ description: 'How many decimals a quantity may have' }),
  storage: z.enum(storages).meta({ description: 'cool_2_8: between 2 and 8 °C' }),
  controlled: z.boolean().meta({ description: 'Under the law on narcotic and psychotropic substances' }),
}
const kcal_per_unit = count(KCAL_MAX).meta({ description: 'Energy in one unit, kcal; null: nobody eats it' })
const atc_code = z
  .string()
  .regex(/^[A-Z][0-9]{2}[A-Z]{1,2}[0-9]{0,2}$/, 'Must be an ATC code of WHO, A10BA02 for instance.')
  .meta({ example: 'A10BA02' })

export const new_item = z
  .strictObject({
    code: codeWord,
    ...item_fields,
    kcal_per_unit: kcal_per_unit.optional(),
    atc_code: atc_code.optional(),
  })
  .meta({
    id: 'NewItem',
    example: {
      code: 'wheat_flour',
      names: { hy: 'Ցորենի ալյուր', ru: 'Пшеничная мука', en: 'Wheat flour' },
      category: 'food',
      unit: 'kg',
      decimals: 3,
      kcal_per_unit: 3640,
      storage: 'ambient',
      controlled: false,
    },
  })

export const item_patch = z
  .strictObject({
    names: names.optional(),
    category: item_fields.category.optional(),
    kcal_per_unit: kcal_per_unit.nullable().optional(),
    atc_code: atc_code.nullable().optional(),
    storage: item_fields.storage.optional(),
    controlled: item_fields.controlled.optional(),
  })
  .meta({
    id: 'ItemPatch',
    description: 'RFC 7396. Code, unit and decimals never change: quantities that were posted rely on them.',
    example: { kcal_per_unit: 3640 },
  })

export const item = z
  .strictObject({
    code: codeWord,
    ...item_fields,
    kcal_per_unit: kcal_per_unit.nullable(),
    atc_code: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Item', description: 'Something that stock is kept of' })

export const items_query = z.strictObject({
  ...pageQuery.shape,
  category: item_fields.category.optional(),
  q: freeText(100).optional().meta({ description: 'Part of the code or of a name' }),
})
export const items_page = z
  .strictObject({ items: z.array(item), next_cursor: z.string().nullable() })
  .meta({ id: 'ItemsPage' })
export const item_changed = z.strictObject({ item, seq: z.int() }).meta({ id: 'ItemChanged' })
export const item_params = z.strictObject({ item: codeWord })

export const need_body = z
  .strictObject({
    names,
    item: codeWord.optional().meta({ description: 'The medicine; left out where the need is none' }),
    daily_quantity: positiveQuantity
      .optional()
      .meta({ description: 'What one person takes in a day, in the unit of the item' }),
    source: freeText(300).optional().meta({ description: 'Where the quantity comes from' }),
  })
  .refine((need) => need.daily_quantity === undefined || need.item !== undefined, {
    path: ['daily_quantity'],
    error: 'A daily quantity is of an item.',
    params: { code: 'item_missing' },
  })
  .meta({
    id: 'NeedBody',
    example: {
      names: { hy: 'Ինսուլին', ru: 'Инсулин', en: 'Insulin' },
      item: 'insulin',
      daily_quantity: '40',
      source: 'WHO ATC/DDD index, A10A',
    },
  })

export const need = z
  .strictObject({
    code: codeWord,
    names,
    item: codeWord.nullable(),
    daily_quantity: quantity.nullable(),
    source: z.string().nullable(),
    updated_at: instant,
  })
  .meta({
    id: 'Need',
    description:
      'What a household may need. A daily quantity taken from the WHO index is a unit of measure, not a prescription.',
  })
export const needs_list = z.strictObject({ items: z.array(need) }).meta({ id: 'Needs' })
export const need_changed = z.strictObject({ need, seq: z.int() }).meta({ id: 'NeedChanged' })
export const need_params = z.strictObject({ need: codeWord })

const WAREHOUSE_CODE = /^[A-Z0-9][A-Z0-9-]{1,30}[A-Z0-9]$/

export const new_store = z
  .strictObject({
    id: uuid7.optional(),
    code: z
      .string()
      .regex(WAREHOUSE_CODE, 'Must be 3 to 32 capitals, digits and hyphens.')
      .refine((code) => !shelterCode.safeParse(code).success, 'Must not look like the code of a shelter.')
      .optional()
      .meta({ example: 'WH-GORIS' }),
    name: freeText(200),
    region: regionCode,
    latitude: latitude.optional(),
    longitude: longitude.optional(),
  })
  .refine((store) => (store.latitude === undefined) === (store.longitude === undefined), {
    path: ['longitude'],
    error: 'A position is latitude and longitude.',
    params: { code: 'missing' },
  })
  .meta({
    id: 'NewStore',
    description: 'A warehouse. Shelters have a store of their own already, under their own id and code.',
    example: {
      code: 'WH-GORIS',
      name: 'Goris sports hall, store',
      region: 'AM-SU',
      latitude: 39.51,
      longitude: 46.34,
    },
  })

export const store = z
  .strictObject({
    id: anyUuid,
    code: z.string().nullable(),
    name: z.string(),
    kind: z.enum(['shelter', 'warehouse']),
    shelter: anyUuid.nullable(),
    region: regionCode,
    latitude: latitude.nullable(),
    longitude: longitude.nullable(),
  })
  .meta({ id: 'Store', description: 'Where stock lies: each shelter has one, under its own id and code' })
export const store_changed = z.strictObject({ store, seq: z.int() }).meta({ id: 'StoreChanged' })
export const stores_query = z.strictObject({
  ...pageQuery.shape,
  region: regionCode.optional(),
  kind: z.enum(['shelter', 'warehouse']).optional(),
})
export const stores_page = z
  .strictObject({ items: z.array(store), next_cursor: z.string().nullable() })
  .meta({ id: 'StoresPage' })
export const store_params = z.strictObject({ store: storeName })

const lot = freeText(100).meta({ description: 'The batch number' })

export const stock_query = z.strictObject({
  as_of: instant.optional().meta({ description: 'The stock of that moment, as known now; now, if left out' }),
  item: codeWord.optional(),
  status: z.enum(stock_statuses).optional(),
})
export const stock_list = z
  .strictObject({
    store: anyUuid,
    as_of: instant,
    items: z.array(
      z
        .strictObject({
          item: codeWord,
          lot: z.string().nullable().meta({ description: 'null: it has no batch number' }),
          expires_on: day.nullable().meta({ description: 'The last day on which it may be used' }),
          quantity: signedQuantity,
          unit: z.string(),
          status: z.enum(stock_statuses),
        })
        .meta({ id: 'StockLine' }),
    ),
  })
  .meta({ id: 'Stock', description: 'Stock by lot, those that expire first first' })

export const line = z
  .strictObject({
    item: codeWord,
    lot: lot.optional(),
    expires_on: day.optional().meta({ description: 'The last day on which it may be used' }),
    quantity: signedQuantity.meta({
      description: `In the item’s unit, above 0 and at most ${QUANTITY_MAX}; an adjustment may be below 0`,
    }),
  })
  .meta({
    id: 'MovementLine',
    example: { item: 'insulin', lot: 'B-204', expires_on: '2026-12-31', quantity: '400' },
  })

export const new_movement = z
  .strictObject({
    id: uuid7.optional(),
    kind: z.enum(movement_kinds),
    store: storeName,
    to_store: storeName.optional().meta({ description: 'Of a transfer, and only of that' }),
    lines: z.array(line).min(1).max(LINES_MAX),
    reason: z
      .enum(stock_reasons)
      .optional()
      .meta({ description: 'Of an adjustment and a disposal it must be said' }),
    note: freeText(500).optional(),
    occurred_at: instant.optional(),
  })
  .superRefine((movement, context) => {
    const { kind, to_store, reason, lines } = movement
    const wrong = (path: (string | number)[], code: string, message: string) =>
      context.addIssue({ code: 'custom', path, message, params: { code } })
    if (kind === 'transfer' && to_store === undefined)
      wrong(['to_store'], 'missing', 'A transfer names the store that it goes to.')
    if (kind !== 'transfer' && to_store !== undefined)
      wrong(['to_store'], 'does_not_fit', `A movement of kind ${kind} has one store.`)
    if ((kind === 'adjustment' || kind === 'disposal') && reason === undefined)
      wrong(['reason'], 'missing', `An ${kind} says why.`)
    for (const [index, { quantity: text }] of lines.entries()) {
      const value = Number(text)
      const path = ['lines', index, 'quantity']
      if (value === 0) wrong(path, 'too_small', 'Must not be 0.')
      else if (value < 0 && kind !== 'adjustment') wrong(path, 'too_small', 'Must be above 0.')
      else if (Math.abs(value) > QUANTITY_MAX) wrong(path, 'too_large', `Must be at most ${QUANTITY_MAX}.`)
    }
  })
  .meta({
    id: 'NewMovement',
    description:
      'All lines or none. An issue without `lot` takes first-expired-first-out, and never an expired or quarantined lot.',
    example: {
      kind: 'receipt',
      store: 'AM-KT-0007',
      lines: [{ item: 'insulin', lot: 'B-204', expires_on: '2026-12-31', quantity: '4000' }],
    },
  })

export const movement = z
  .strictObject({
    id: anyUuid,
    kind: z.enum(movement_kinds),
    store: anyUuid,
    to_store: anyUuid.nullable(),
    lines: z.array(
      z.strictObject({
        item: codeWord,
        lot: z.string().nullable(),
        expires_on: day.nullable(),
        quantity: signedQuantity,
      }),
    ),
    reason: z.enum(stock_reasons).nullable(),
    consignment: anyUuid.nullable(),
    occurred_at: instant,
    recorded_at: instant,
    reversed_at: instant.nullable(),
  })
  .meta({ id: 'Movement', description: 'What was moved of which lot' })

export const movement_answer = z
  .strictObject({ movement, seq: z.int().meta({ description: 'The journal entry that says so' }) })
  .meta({ id: 'MovementAnswer' })
export const movements_query = z.strictObject({
  ...pageQuery.shape,
  store: storeName.optional(),
  kind: z.enum(movement_kinds).optional(),
})
export const movements_page = z
  .strictObject({
    items: z.array(movement.extend({ note: z.string().nullable() }).meta({ id: 'MovementWithNote' })),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'MovementsPage' })
export const movement_params = z.strictObject({ movement: anyUuid })

export type NewItem = z.output<typeof new_item>
export type ItemPatch = z.output<typeof item_patch>
export type ItemChanged = z.output<typeof item_changed>
export type ItemShown = z.output<typeof item>
export type NeedBody = z.output<typeof need_body>
export type NeedChanged = z.output<typeof need_changed>
export type NewStore = z.output<typeof new_store>
export type StoreShown = z.output<typeof store>
export type StoreChanged = z.output<typeof store_changed>
export type StoresQuery = z.output<typeof stores_query>
export type NewMovement = z.output<typeof new_movement>
export type MovementLine = z.output<typeof line>
export type MovementShown = z.output<typeof movement>
export type MovementAnswer = z.output<typeof movement_answer>
