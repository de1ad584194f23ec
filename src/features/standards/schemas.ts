import { z } from 'zod'
import { standard_codes } from '../../domain/standards.ts'
import { freeText, instant } from '../../http/wire.ts'

const VALUE_MAX = 999_999

export const standard = z
  .strictObject({
    code: z.enum(standard_codes),
    title: z.string(),
    value: z.number(),
    unit: z.string(),
    source: z.string(),
    default_value: z.number(),
    updated_at: instant.nullable().meta({ description: 'null: nobody has changed it' }),
  })
  .meta({ id: 'Standard', description: 'A threshold with its unit and its source' })

export const standards_list = z.strictObject({ items: z.array(standard) }).meta({ id: 'Standards' })
export const standard_params = z.strictObject({ standard: z.enum(standard_codes) })
export const standard_body = z
  .strictObject({
    value: z.number().min(0).max(VALUE_MAX).meta({ description: 'In the unit of the standard' }),
    source: freeText(500).meta({ description: 'Where the number comes from' }),
  })
  .meta({
    id: 'StandardBody',
    example: { value: 10, source: 'Decision of the coordination meeting of 30 September 2023' },
  })
export const standard_changed = z.strictObject({ standard, seq: z.int() }).meta({ id: 'StandardChanged' })

export type StandardShown = z.output<typeof standard>
export type StandardBody = z.output<typeof standard_body>
export type StandardChanged = z.output<typeof standard_changed>
