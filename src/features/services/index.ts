import type { Database } from '../../database/client.ts'
import { newId } from '../../http/ids.ts'
import type { App } from '../../http/server.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { type ServicesCommands, servicesRoutes } from './routes.ts'
import {
  decideHealthService,
  decideHealthServiceEnd,
  decideMealService,
  decideMealServiceEnd,
} from './rules.ts'
import type { NewHealthService, NewMealService, ServiceEnd } from './schemas.ts'

/**
 * Who comes to the people: kitchens that bring portions to a shelter, pharmacies and teams where medicine can be had.
 *
 * Invariant: a service counts from its first day through its last, in Asia/Yerevan, and nothing ends by itself but
 * by its last day.
 */
export function services(
  app: App,
  { database, writer }: { database: Database; writer: Writer<ServiceLedgers> },
): ServicesCommands {
  const fresh = () => ({ service: newId() })
  const nothing = () => undefined
  const commands: ServicesCommands = {
    startMeals: writer.command({
      operation: 'startMealService',
      fresh,
      needs: ({ content }: { content: NewMealService }) => ({
        stock: { stores: [content.shelter] },
        ...(content.id !== undefined && { records: { meal_services: [content.id] } }),
      }),
      decide: decideMealService,
    }),
    endMeals: writer.command({
      operation: 'endMealService',
      fresh: nothing,
      needs: ({ content }: { content: ServiceEnd }) => ({ records: { meal_services: [content.service] } }),
      decide: decideMealServiceEnd,
    }),
    startHealth: writer.command({
      operation: 'startHealthService',
      fresh,
      needs: ({ content }: { content: NewHealthService }) => ({
        ...(content.shelter !== undefined && { stock: { stores: [content.shelter] } }),
        ...(content.id !== undefined && { records: { health_services: [content.id] } }),
      }),
      decide: decideHealthService,
    }),
    endHealth: writer.command({
      operation: 'endHealthService',
      fresh: nothing,
      needs: ({ content }: { content: ServiceEnd }) => ({
        records: { health_services: [content.service] },
      }),
      decide: decideHealthServiceEnd,
    }),
  }
  servicesRoutes(app, { database, commands })
  return commands
}
