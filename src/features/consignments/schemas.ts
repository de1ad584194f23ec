import { z } from 'zod'
import {
  checkpoint_statuses,
  consignment_cancellations,
  consignment_statuses,
  VEHICLES_MAX,
  vehicle_kinds,
} from '../../domain/consignments.ts'
import { LINES_MAX } from '../../domain/supplies.ts'
import {
  anyUuid,
  codeWord,
  count,
  day,
  freeText,
  instant,
  pageQuery,
  positiveQuantity,
  quantity,
  regionCode,
  storeName,
  uuid7,
} from '../../http/wire.ts'

/** A thousand tonnes: more comes in further consignments. */
const WEIGHT_KG_MAX = 999_999

const vehicle = z
  .strictObject({ kind: z.enum(vehicle_kinds), plate: freeText(20).optional() })
  .meta({ id: 'Vehicle' })

const cargo = z
  .strictObject({
    item: codeWord,
    lot: freeText(100).optional(),
    expires_on: day.optional(),
    quantity: positiveQuantity,
  })
  .meta({ id: 'CargoLine' })

export const new_consignment = z
  .strictObject({
    id: uuid7.optional(),
    reference: freeText(100).meta({ description: 'The sender’s own number' }),
    sender: freeText(200),
    origin: freeText(200).meta({ description: 'As the source names the place' }),
    corridor: freeText(200).optional().meta({ description: 'The road, as the source names it' }),
    destination: storeName,
    expected_at: instant.optional(),
    vehicles: z.array(vehicle).max(VEHICLES_MAX).optional(),
    gross_weight_kg: count(WEIGHT_KG_MAX).optional(),
    lines: z.array(cargo).min(1).max(LINES_MAX),
    note: freeText(500).optional(),
    occurred_at: instant.optional(),
  })
  .meta({
    id: 'NewConsignment',
    description: 'Aid cargo on its way. Place names stand as the source gives them; no position on status.',
    example: {
      reference: 'RC-2023-09-12',
      sender: 'Red Cross',
      origin: 'Aghdam',
      corridor: 'Aghdam–Khankendi road',
      destination: 'WH-GORIS',
      expected_at: '2023-09-12T12:00:00+04:00',
      vehicles: [{ kind: 'truck' }],
      gross_weight_kg: 20000,
      lines: [{ item: 'wheat_flour', quantity: '1000' }],
    },
  })

export const consignment = z
  .strictObject({
    id: anyUuid,
    reference: z.string(),
    sender: z.string(),
    origin: z.string(),
    corridor: z.string().nullable(),
    store: anyUuid,
    shelter: anyUuid.nullable(),
    region: regionCode,
    expected_at: instant.nullable(),
    overdue: z.boolean().meta({ description: 'Expected before now, and not there' }),
    vehicles: z.array(vehicle),
    gross_weight_kg: z.int().nullable(),
    lines: z.array(
      z
        .strictObject({
          item: codeWord,
          lot: z.string().nullable(),
          expires_on: day.nullable(),
          quantity: quantity.meta({ description: 'Announced' }),
          received: quantity.meta({ description: 'Came, is usable, and was booked into the store' }),
          damaged: quantity.meta({ description: 'Came, and was not booked' }),
          lost: quantity.meta({ description: 'Did not come' }),
        })
        .meta({ id: 'ConsignmentLine' }),
    ),
    status: z.enum(consignment_statuses),
    checkpoints: z.array(
      z
        .strictObject({
          name: z.string(),
          status: z.enum(checkpoint_statuses),
          note: z.string().optional(),
          occurred_at: instant,
        })
        .meta({ id: 'CheckpointPassed' }),
    ),
    announced_at: instant,
    dispatched_at: instant.nullable(),
    received_at: instant.nullable(),
    cancelled_at: instant.nullable(),
    cancellation: z.enum(consignment_cancellations).nullable(),
  })
  .meta({ id: 'Consignment', description: 'Aid cargo on its way to a store' })

/** What answers to a write show: without words that people wrote, for answers are kept. */
export const consignment_summary = consignment
  .pick({ id: true, store: true, shelter: true, region: true, status: true, lines: true })
  .meta({ id: 'ConsignmentSummary' })

export const consignment_answer = z
  .strictObject({ consignment: consignment_summary, seq: z.int() })
  .meta({ id: 'ConsignmentAnswer' })

export const receipt_answer = z
  .strictObject({
    consignment: consignment_summary,
    movement: anyUuid
      .nullable()
      .meta({ description: 'The receipt of stock; null where all was damaged or lost' }),
    seq: z.int(),
  })
  .meta({ id: 'ConsignmentReceived' })

export const dispatch_body = z
  .strictObject({ occurred_at: instant.optional() })
  .meta({ id: 'ConsignmentDispatch', example: {} })

export const checkpoint_body = z
  .strictObject({
    name: freeText(200),
    status: z.enum(checkpoint_statuses),
    note: freeText(500).optional(),
    occurred_at: instant.optional(),
  })
  .meta({ id: 'Checkpoint', example: { name: 'Lachin corridor checkpoint', status: 'held' } })

export const receipt_body = z
  .strictObject({
    lines: z
      .array(
        z
          .strictObject({
            line: count(LINES_MAX - 1).meta({ description: 'Which line of the consignment, from 0' }),
            received: quantity.meta({ description: 'Usable: booked into the store' }),
            damaged: quantity.optional().meta({ description: 'Came, and is not booked' }),
            lot: freeText(100).optional().meta({ description: 'If it is not the one that was announced' }),
            expires_on: day.optional(),
          })
          .meta({ id: 'ReceiptLine' }),
      )
      .min(1)
      .max(LINES_MAX),
    partial: z
      .boolean()
      .optional()
      .meta({ description: 'More is to come; otherwise what is missing counts as lost' }),
    note: freeText(500).optional(),
    occurred_at: instant.optional(),
  })
  .meta({
    id: 'ConsignmentReceipt',
    example: { lines: [{ line: 0, received: '960', damaged: '40' }] },
  })

export const cancellation_body = z
  .strictObject({ reason: z.enum(consignment_cancellations), note: freeText(500).optional() })
  .meta({ id: 'ConsignmentCancellation', example: { reason: 'blocked' } })

export const consignment_params = z.strictObject({ consignment: anyUuid })
export const consignments_query = z.strictObject({
  ...pageQuery.shape,
  status: z.enum(consignment_statuses).optional(),
  region: regionCode.optional(),
  destination: storeName.optional(),
})
export const consignments_page = z
  .strictObject({ items: z.array(consignment), next_cursor: z.string().nullable() })
  .meta({ id: 'ConsignmentsPage' })

export type NewConsignment = z.output<typeof new_consignment>
export type ConsignmentShown = z.output<typeof consignment>
export type ConsignmentAnswer = z.output<typeof consignment_answer>
export type ReceiptAnswer = z.output<typeof receipt_answer>
export type Dispatch = z.output<typeof dispatch_body> & { consignment: string }
export type CheckpointPosted = z.output<typeof checkpoint_body> & { consignment: string }
export type Receipt = z.output<typeof receipt_body> & { consignment: string }
export type Cancellation = z.output<typeof cancellation_body> & { consignment: string }
