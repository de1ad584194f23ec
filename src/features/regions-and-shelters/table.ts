import { regionOf } from '../../domain/regions.ts'
import type { Column } from '../../http/tables.ts'
import type { ShelterShown } from './schemas.ts'

/** Shelters as a spreadsheet has them, with HXL 1.1 tags. There is no tag for occupancy of its own. */
export const shelter_columns: readonly Column<ShelterShown>[] = [
  { name: 'id', hxl: '#meta+id', value: (row) => row.id },
  { name: 'code', hxl: '#loc+code', value: (row) => row.code },
  { name: 'name', hxl: '#loc+name', value: (row) => row.name },
  { name: 'kind', hxl: '#loc+type', value: (row) => row.kind },
  { name: 'status', hxl: '#status+code', value: (row) => row.status },
  { name: 'region', hxl: '#adm1+code', value: (row) => row.region },
  { name: 'region_name', hxl: '#adm1+name+i_en', value: (row) => regionOf(row.region)?.names.en },
  { name: 'latitude', hxl: '#geo+lat', value: (row) => row.latitude },
  { name: 'longitude', hxl: '#geo+lon', value: (row) => row.longitude },
  { name: 'places', hxl: '#capacity+places+num', value: (row) => row.balance.places },
  { name: 'blocked', hxl: '#indicator+blocked+num', value: (row) => row.balance.blocked },
  { name: 'occupied', hxl: '#population+incamp+refugees+ind', value: (row) => row.balance.occupied },
  { name: 'held', hxl: '#indicator+held+num', value: (row) => row.balance.held },
  { name: 'emergency', hxl: '#indicator+emergency+num', value: (row) => row.balance.emergency },
  { name: 'free', hxl: '#indicator+free+num', value: (row) => row.balance.free },
  { name: 'available_until', hxl: '#date+until', value: (row) => row.available_until },
]
