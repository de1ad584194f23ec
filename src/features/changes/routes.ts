import type { Database } from '../../database/client.ts'
import type { App } from '../../http/server.ts'
import { refusals } from '../../http/wire.ts'
import { auditor_types } from '../../journal/entry.ts'
import { readEntries, readHead, servedEntry, veiledEntry } from '../../journal/read.ts'
import { changes_page, changes_query } from './schemas.ts'

export function changesRoutes(app: App, { database }: { database: Database }): void {
  app.route({
    method: 'GET',
    url: '/v1/changes',
    config: { scope: 'changes:read' },
    schema: {
      operationId: 'listChanges',
      tags: ['Changes'],
      summary: 'Follow everything that changes',
      description:
        'The journal after entry `after`. `seq` has no gaps and follows commit order: a reader that goes on at `next` misses nothing. An empty page answers `next` = `after`.',
      querystring: changes_query,
      response: {
        200: changes_page,
        ...refusals('invalid_parameters', 'unauthenticated', 'forbidden_scope'),
      },
    },
    async handler(request, reply) {
      const { after = 0, limit } = request.query
      // The head first: entries that commit between the two statements are then more than it says, never fewer.
      const head = await readHead(database)
      const entries = await readEntries(database, after, limit)
      const auditor = request.principal.scopes.has('journal:audit')
      const items = entries.map((entry) =>
        !auditor && auditor_types.has(entry.type) ? veiledEntry(entry) : servedEntry(entry),
      )
      const next = entries.at(-1)?.seq ?? after
      // Text put together from text: the bytes served are the bytes hashed, so nothing may write them anew.
      return reply
        .type('application/json; charset=utf-8')
        .serializer((text) => text as string)
        .send(`{"items":[${items.join(',')}],"next":${next},"head":${Math.max(head.seq, next)}}` as never)
    },
  })
}
