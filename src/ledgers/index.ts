import { places_ledger } from './places/ledger.ts'
import { records_ledger } from './records.ts'
import { stock_ledger } from './stock/ledger.ts'

/** All ledgers of the service, as the writer takes them. */
export const ledgers = { places: places_ledger, records: records_ledger, stock: stock_ledger }

export type ServiceLedgers = typeof ledgers
