import { newId } from '../http/ids.ts'
import type { Principal } from './principal.ts'
import { roles } from './scopes.ts'

/**
 * The service acting for itself, where there is nobody with a key: the writer that settles a hold which has come
 * due, a job, the person at the command line, who has the database anyway. `part` says which, in the seal.
 */
export const itself = (part: string): { principal: Principal; request_id: string } => ({
  principal: {
    id: '00000000-0000-0000-0000-000000000000',
    name: 'the service itself',
    kind: 'device',
    role: 'admin',
    scopes: roles.admin.scopes,
    remit: { everywhere: true },
    overflow: true,
    key_id: part,
  },
  request_id: newId(),
})
