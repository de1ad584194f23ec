import { parseArgs } from 'node:util'
import { import_help, importCommand } from './commands/import.ts'
import { keys, keys_help } from './commands/keys.ts'
import { migrateDatabase } from './commands/migrate.ts'
import { writeOpenapi } from './commands/openapi.ts'
import { replay_help, replayCommand } from './commands/replay-command.ts'
import { serve } from './commands/serve.ts'
import { verify } from './commands/verify.ts'

const help = `npm start [-- --demo]      the service; --demo adds 400 made-up shelters
npm run migrate            brings the database to the newest migration
npm run keys               who may call
npm run import             shelters or stays from a CSV file
npm run replay             September 2023 once more, through HTTP
npm run verify             recomputes everything that is kept
npm run openapi            writes openapi/v1.json`

const commands: Record<string, { help: string; run(words: string[]): Promise<void> }> = {
  serve: {
    help,
    async run(words) {
      const { values } = parseArgs({ args: words, options: { demo: { type: 'boolean', default: false } } })
      await serve(values)
    },
  },
  migrate: {
    help: 'Brings the database of DATABASE_URL (or DATA_DIR) to the newest migration.',
    run: migrateDatabase,
  },
  keys: { help: keys_help, run: keys },
  import: { help: import_help, run: importCommand },
  replay: { help: replay_help, run: replayCommand },
  verify: {
    help: 'Recomputes balances, totals, day sums, chain and seals from the journal. Exit 1 on a difference. Works beside a running service.',
    run: verify,
  },
  openapi: { help: 'Writes openapi/v1.json; with --check only compares.', run: writeOpenapi },
}

const [name = 'serve', ...words] = process.argv.slice(2)
const command = commands[name]
if (command === undefined || words.includes('--help')) {
  console.log(command?.help ?? help)
  process.exitCode = command === undefined ? 2 : 0
} else {
  // Without a listener a signal ends the process at once, and its exit handlers do not look after the embedded database.
  if (name !== 'serve') {
    process.once('SIGINT', () => process.exit(130))
    process.once('SIGTERM', () => process.exit(143))
  }
  command.run(words).catch((error: unknown) => {
    // People read this line; the stack is for those who ask for it.
    console.error(error instanceof Error ? error.message : error)
    if (process.env.DEBUG !== undefined) console.error(error)
    // Not the exit code alone: what is still open (pools, an embedded database's lease) would keep the process for ever.
    process.exit(1)
  })
}
