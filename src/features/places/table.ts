import { regionOf } from '../../domain/regions.ts'
import type { Column } from '../../http/tables.ts'
import type { Capacity } from './schemas.ts'

export type CapacityRow = Capacity['regions'][number] & Pick<Capacity, 'as_of' | 'known_at'>

/** Capacity as a spreadsheet has it: a row for each region, so that its columns add up to the nation. */
export const capacity_columns: readonly Column<CapacityRow>[] = [
  { name: 'as_of', hxl: '#date+occurred', value: (row) => row.as_of },
  { name: 'known_at', hxl: '#date+reported', value: (row) => row.known_at },
  { name: 'region', hxl: '#adm1+code', value: (row) => row.region },
  { name: 'name_hy', hxl: '#adm1+name+i_hy', value: (row) => regionOf(row.region)?.names.hy },
  { name: 'name_ru', hxl: '#adm1+name+i_ru', value: (row) => regionOf(row.region)?.names.ru },
  { name: 'name_en', hxl: '#adm1+name+i_en', value: (row) => row.name },
  { name: 'places', hxl: '#capacity+places+num', value: (row) => row.places },
  { name: 'blocked', hxl: '#indicator+blocked+num', value: (row) => row.blocked },
  { name: 'occupied', hxl: '#population+incamp+refugees+ind', value: (row) => row.occupied },
  { name: 'held', hxl: '#indicator+held+num', value: (row) => row.held },
  { name: 'emergency', hxl: '#indicator+emergency+num', value: (row) => row.emergency },
  { name: 'free', hxl: '#indicator+free+num', value: (row) => row.free },
  { name: 'shelters', hxl: '#indicator+shelters+num', value: (row) => row.shelters },
]
