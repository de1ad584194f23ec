import { database as openDatabase, openPool } from '../database/client.ts'
import { readHead } from '../journal/read.ts'
import { journalFaults } from '../journal/verify.ts'
import { placesFaults } from '../ledgers/places/verify.ts'
import { stockFaults } from '../ledgers/stock/verify.ts'
import { openEnvironment } from './environment.ts'

const STATEMENT_MS_MAX = 60_000
const FAULTS_SHOWN_MAX = 50

/** Recomputes everything that is kept from the journal, beside a running service too. Exit 1 on any difference. */
export async function verify(): Promise<void> {
  const environment = await openEnvironment()
  const url = environment.config.DATABASE_URL
  const pool = openPool({
    url,
    max: 2,
    application_name: 'shelter verify',
    statement_timeout_ms: STATEMENT_MS_MAX,
  })
  try {
    const faults = await verifyDatabase(openDatabase(pool))
    if (faults.length > 0) process.exitCode = 1
    for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) console.log(`WRONG  ${fault}`)
    if (faults.length > FAULTS_SHOWN_MAX) console.log(`… and ${faults.length - FAULTS_SHOWN_MAX} more`)
  } finally {
    await pool.end()
    await environment.close()
  }
}

/** All faults of a database, in sentences; what was looked at is told on standard output. */
export async function verifyDatabase(database: ReturnType<typeof openDatabase>): Promise<string[]> {
  const head = await readHead(database)
  const faults: string[] = []
  for await (const fault of journalFaults(database, head.seq)) faults.push(fault)
  console.log(
    `${head.seq} journal entries: numbers, chain, seals and effects ${faults.length === 0 ? 'right' : 'WRONG'}`,
  )
  const before = faults.length
  for await (const fault of placesFaults(database)) faults.push(fault)
  console.log(`balances, totals and day sums ${faults.length === before ? 'right' : 'WRONG'}`)
  const before_stock = faults.length
  for await (const fault of stockFaults(database, head.seq)) faults.push(fault)
  console.log(`stock, lot by lot ${faults.length === before_stock ? 'right' : 'WRONG'}`)
  return faults
}
