import { withinRemit } from '../../../access/remit.ts'
import { type Refusal, refuse } from '../../../http/problem.ts'
import type { Caller, Decision } from '../../../journal/ledger.ts'
import type { ServiceLedgers } from '../../../ledgers/index.ts'
import type { RecordsFacts } from '../../../ledgers/records.ts'
import type { StockFacts, Store } from '../../../ledgers/stock/facts.ts'

export type Facts = { records: RecordsFacts; stock: StockFacts }
export type Decided<Answer> = Decision<Answer, ServiceLedgers>

/** A store that the caller may act for: `store_not_found`, then `outside_remit`. A warehouse belongs to its region. */
export function storeFor(
  { stock }: Pick<Facts, 'stock'>,
  name: string,
  caller: Caller,
): { refused: Refusal } | { store: Store } {
  const store = stock.store(name)
  if (store === undefined) return { refused: refuse('store_not_found', `No store is called ${name}.`) }
  return withinRemit(caller.principal.remit, store)
    ? { store }
    : { refused: refuse('outside_remit', `${store.name} is outside what this key may act for.`) }
}
