import { z } from 'zod'

export const ITEMS_MAX = 500

/** What is wrong with one item is answered in its place; only the list as a whole is checked here. */
const items = z.array(z.looseObject({})).min(1).max(ITEMS_MAX)

export const arrivals_batch = z
  .strictObject({ items: items.meta({ description: 'Arrivals, each with its own `key`' }) })
  .meta({
    id: 'ArrivalsBatch',
    example: { items: [{ key: 'phone-7-0001', shelter: 'AM-KT-0007', household: { people: 5 } }] },
  })

export const batch = z
  .strictObject({
    items: items.meta({ description: '`{key, operation, body}`: path parameters stand in `body`' }),
  })
  .meta({
    id: 'Batch',
    example: {
      items: [
        {
          key: 'phone-7-0002',
          operation: 'postDeparture',
          body: { stay: '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10', destination: 'relatives' },
        },
      ],
    },
  })

export const batch_answers = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          key: z.string().nullable().meta({ description: 'null where the line had none that can be used' }),
          status: z.int(),
          body: z.looseObject({}).meta({ description: 'What the single call would have answered' }),
        })
        .meta({ id: 'BatchAnswer' }),
    ),
  })
  .meta({ id: 'BatchAnswers', description: 'In the order of the items' })

export type LineAnswer = z.output<typeof batch_answers>['items'][number]
