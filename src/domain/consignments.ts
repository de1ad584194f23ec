/** The words of aid cargo on its way to a store. */

export const consignment_statuses = [
  'announced',
  'dispatched',
  'held',
  'partly_received',
  'received',
  'cancelled',
] as const
export const vehicle_kinds = ['truck', 'car', 'bus', 'other'] as const
export const checkpoint_statuses = ['cleared', 'held'] as const
export const consignment_cancellations = ['withdrawn', 'blocked', 'duplicate', 'other'] as const

export const VEHICLES_MAX = 500

export type ConsignmentStatus = (typeof consignment_statuses)[number]
export type VehicleKind = (typeof vehicle_kinds)[number]
export type CheckpointStatus = (typeof checkpoint_statuses)[number]
export type ConsignmentCancellation = (typeof consignment_cancellations)[number]
