import { composition_groups } from '../../domain/stays.ts'
import type { Column } from '../../http/tables.ts'
import type { Stay } from './schemas.ts'

/** Stays as a spreadsheet has them: they carry references, so each export is recorded. */
export const stay_columns: readonly Column<Stay>[] = [
  { name: 'id', hxl: '#meta+id', value: (row) => row.id },
  { name: 'shelter', hxl: '#loc+id', value: (row) => row.shelter },
  { name: 'region', hxl: '#adm1+code', value: (row) => row.region },
  { name: 'household', hxl: '#meta+household', value: (row) => row.household },
  { name: 'reference', hxl: '#meta+reference', value: (row) => row.reference },
  { name: 'people', hxl: '#affected+refugees', value: (row) => row.people },
  { name: 'people_arrived', hxl: '#affected+refugees+arrived', value: (row) => row.people_arrived },
  { name: 'status', hxl: '#status+code', value: (row) => row.status },
  { name: 'arrived_at', hxl: '#date+occurred', value: (row) => row.arrived_at },
  { name: 'departed_at', hxl: '#date+departed', value: (row) => row.departed_at },
  ...composition_groups.map((group) => ({
    name: group,
    hxl: `#affected+${group.replaceAll('_', '+')}`,
    value: (row: Stay) => row.composition?.[group],
  })),
  {
    name: 'needs',
    hxl: '#inneed',
    value: (row) => row.needs?.map(({ need, people }) => `${need}:${people}`).join('|'),
  },
]
