import { integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type {
  CheckpointStatus,
  ConsignmentCancellation,
  ConsignmentStatus,
  VehicleKind,
} from '../../domain/consignments.ts'
import { instant } from './columns.ts'

/** One item of a consignment, in thousandths of its unit: what was announced, and what came of it. */
export type ConsignmentLine = {
  item: string
  lot: string | null
  expires_on: string | null
  quantity: number
  /** of the item, which never change */
  decimals: number
  received: number
  damaged: number
  lost: number
}

export type Vehicle = { kind: VehicleKind; plate?: string | undefined }

export type Checkpoint = {
  name: string
  status: CheckpointStatus
  note?: string | undefined
  occurred_at: string
}

/** Aid cargo on its way to a store. Place names stand as their sources give them. */
export const consignments = pgTable('consignments', {
  id: uuid('id').primaryKey(),
  reference: text('reference').notNull(),
  sender: text('sender').notNull(),
  origin: text('origin').notNull(),
  corridor: text('corridor'),
  store: uuid('store').notNull(),
  /** the shelter whose store it is, if it is one */
  shelter: uuid('shelter'),
  region: text('region').notNull(),
  expected_at: instant('expected_at'),
  vehicles: jsonb('vehicles').$type<Vehicle[]>().notNull(),
  gross_weight_kg: integer('gross_weight_kg'),
  lines: jsonb('lines').$type<ConsignmentLine[]>().notNull(),
  status: text('status').$type<ConsignmentStatus>().notNull(),
  checkpoints: jsonb('checkpoints').$type<Checkpoint[]>().notNull(),
  announced_at: instant('announced_at').notNull(),
  dispatched_at: instant('dispatched_at'),
  received_at: instant('received_at'),
  cancelled_at: instant('cancelled_at'),
  cancellation: text('cancellation').$type<ConsignmentCancellation>(),
  note: text('note'),
})

export type ConsignmentRow = typeof consignments.$inferSelect
