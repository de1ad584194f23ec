import type { Database } from '../../database/client.ts'
import { decodeCursor, pageOf } from '../../http/cursor.ts'
import { refuse, sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { refusals } from '../../http/wire.ts'
import { no_params, operation } from '../../journal/operation.ts'
import type { Submit } from '../../journal/writer.ts'
import { shownHealthService, shownMealService } from './rules.ts'
import {
  type HealthServiceAnswer,
  health_service_answer,
  health_services_page,
  health_services_query,
  type MealServiceAnswer,
  meal_service_answer,
  meal_services_page,
  meal_services_query,
  type NewHealthService,
  type NewMealService,
  new_health_service,
  new_meal_service,
  type ServiceEnd,
  service_end,
  service_params,
} from './schemas.ts'
import { readHealthServices, readMealServices, readShelterId } from './store.ts'

export type ServicesCommands = {
  startMeals: Submit<NewMealService, { service: string }, MealServiceAnswer>
  endMeals: Submit<ServiceEnd, undefined, MealServiceAnswer>
  startHealth: Submit<NewHealthService, { service: string }, HealthServiceAnswer>
  endHealth: Submit<ServiceEnd, undefined, HealthServiceAnswer>
}

export function servicesRoutes(
  app: App,
  { database, commands }: { database: Database; commands: ServicesCommands },
): void {
  app.route({
    method: 'GET',
    url: '/v1/meal-services',
    config: { scope: 'supplies:read' },
    schema: {
      operationId: 'listMealServices',
      tags: ['Services'],
      summary: 'Who brings portions to which shelter',
      description: 'Past, present and agreed ones.',
      querystring: meal_services_query,
      response: { 200: meal_services_page, ...refusals('shelter_not_found') },
    },
    async handler(request, reply) {
      const { cursor, limit, shelter, region } = request.query
      const id = shelter === undefined ? undefined : await readShelterId(database, shelter)
      if (shelter !== undefined && id === undefined)
        return sendProblem(reply, refuse('shelter_not_found', `No shelter is called ${shelter}.`))
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const rows = await readMealServices(database, { shelter: id, region }, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.id])
      return reply.send({ items: page.map(shownMealService), next_cursor })
    },
  })

  operation(app, {
    operationId: 'startMealService',
    scope: 'supplies:write',
    url: '/v1/meal-services',
    tags: ['Services'],
    summary: 'Somebody brings portions to a shelter',
    description: 'From its first day through its last; portions in all, of which three are a person’s day.',
    params: no_params,
    body: new_meal_service,
    status: 201,
    answer: meal_service_answer,
    refusals: ['shelter_not_found', 'outside_remit', 'id_taken'],
    submit: commands.startMeals,
    content: (_params, body) => body,
  })
  operation(app, {
    operationId: 'endMealService',
    scope: 'supplies:write',
    url: '/v1/meal-services/:service/end',
    tags: ['Services'],
    summary: 'A meal service ends',
    description: 'With its last day; today, if none is named.',
    params: service_params,
    body: service_end,
    status: 200,
    answer: meal_service_answer,
    refusals: ['service_not_found', 'outside_remit', 'service_ended', 'before_start'],
    submit: commands.endMeals,
    content: ({ service }, body) => ({ ...body, service }),
  })

  app.route({
    method: 'GET',
    url: '/v1/health-services',
    config: { scope: 'supplies:read' },
    schema: {
      operationId: 'listHealthServices',
      tags: ['Services'],
      summary: 'Where medicine can be had',
      description: 'Pharmacies, clinics, hospitals and mobile teams; past, present and agreed ones.',
      querystring: health_services_query,
      response: { 200: health_services_page },
    },
    async handler(request, reply) {
      const { cursor, limit } = request.query
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const rows = await readHealthServices(database, request.query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.id])
      return reply.send({ items: page.map(shownHealthService), next_cursor })
    },
  })

  operation(app, {
    operationId: 'startHealthService',
    scope: 'supplies:write',
    url: '/v1/health-services',
    tags: ['Services'],
    summary: 'A place where medicine can be had',
    description: 'In a shelter, or at a position of its own; on some weekdays, or every day.',
    params: no_params,
    body: new_health_service,
    status: 201,
    answer: health_service_answer,
    refusals: ['shelter_not_found', 'outside_remit', 'id_taken'],
    submit: commands.startHealth,
    content: (_params, body) => body,
  })
  operation(app, {
    operationId: 'endHealthService',
    scope: 'supplies:write',
    url: '/v1/health-services/:service/end',
    tags: ['Services'],
    summary: 'A health service ends',
    description: 'With its last day; today, if none is named.',
    params: service_params,
    body: service_end,
    status: 200,
    answer: health_service_answer,
    refusals: ['service_not_found', 'service_ended', 'before_start'],
    submit: commands.endHealth,
    content: ({ service }, body) => ({ ...body, service }),
  })
}
