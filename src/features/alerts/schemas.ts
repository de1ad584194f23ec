import { z } from 'zod'
import { alert_kinds, severities } from '../../domain/alerts.ts'
import { anyUuid, instant, pageQuery, regionCode, shelterName } from '../../http/wire.ts'

export const alert = z
  .strictObject({
    id: anyUuid,
    kind: z.enum(alert_kinds),
    severity: z.enum(severities),
    shelter: anyUuid.nullable(),
    shelter_code: z.string().nullable(),
    region: regionCode.nullable().meta({ description: 'null: it concerns the nation' }),
    about: z
      .record(z.string(), z.union([z.string(), z.number(), z.null()]))
      .meta({ description: 'Figures and codes that say how it stands' }),
    since: instant,
    closed_at: instant.nullable(),
    acknowledged_at: instant.nullable(),
  })
  .meta({
    id: 'Alert',
    description: 'What the service warns of; opened and closed by the facts, not by hand',
  })

export const alerts_query = z.strictObject({
  ...pageQuery.shape,
  status: z.enum(['open', 'closed']).optional().meta({ description: 'open, if left out' }),
  kind: z.enum(alert_kinds).optional(),
  severity: z.enum(severities).optional().meta({ description: 'Of this severity' }),
  region: regionCode.optional(),
  shelter: shelterName.optional(),
})
export const alerts_page = z
  .strictObject({ items: z.array(alert), next_cursor: z.string().nullable() })
  .meta({ id: 'AlertsPage' })
export const alert_params = z.strictObject({ alert: anyUuid })
export const acknowledgement = z
  .strictObject({ alert: z.strictObject({ id: anyUuid, acknowledged_at: instant }) })
  .meta({ id: 'AlertAcknowledged' })

export type AlertShown = z.output<typeof alert>
export type AlertsQuery = z.output<typeof alerts_query>
export type Acknowledged = z.output<typeof acknowledgement>
