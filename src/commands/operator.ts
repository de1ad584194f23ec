import { uuidv7 } from 'uuidv7'
import { roles } from '../access/scopes.ts'
import type { Caller } from '../journal/ledger.ts'

/** Who acts where there is nobody with a key: the person at the command line, who has the database anyway. */
export const operatorAt = (command: string): Caller => ({
  principal: {
    id: '00000000-0000-0000-0000-000000000000',
    name: 'command line',
    kind: 'person',
    role: 'admin',
    scopes: roles.admin.scopes,
    remit: { everywhere: true },
    overflow: true,
    key_id: `command-line:${command}`,
  },
  request_id: uuidv7(),
})
