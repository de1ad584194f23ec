import type { Column } from '../../http/tables.ts'
import type { FoodOfShelter, MedicineOfShelter } from './schemas.ts'

type Of = FoodOfShelter | MedicineOfShelter

const of_shelter = [
  { name: 'code', hxl: '#loc+code', value: (row: Of) => row.code },
  { name: 'name', hxl: '#loc+name', value: (row: Of) => row.name },
  { name: 'region', hxl: '#adm1+code', value: (row: Of) => row.region },
] as const
const judged = [
  { name: 'people', hxl: '#affected+refugees', value: (row: Of) => row.people },
  { name: 'people_ensured', hxl: '#reached', value: (row: Of) => row.people_ensured },
  { name: 'days_of_cover', hxl: '#indicator+days+num', value: (row: Of) => row.days_of_cover },
  { name: 'runs_out_on', hxl: '#date+runs_out', value: (row: Of) => row.runs_out_on },
  { name: 'status', hxl: '#status+code', value: (row: Of) => row.status },
] as const

/** A row for each shelter. */
export const food_columns: readonly Column<FoodOfShelter>[] = [
  ...of_shelter,
  ...judged,
  { name: 'limited_by', hxl: '#status+reason', value: (row) => row.limited_by },
  { name: 'portions', hxl: '#indicator+portions+num', value: (row) => row.portions },
  { name: 'stocked_kcal', hxl: '#indicator+stocked_kcal+num', value: (row) => row.stocked_kcal },
  { name: 'needed_kcal', hxl: '#indicator+needed_kcal+num', value: (row) => row.needed_kcal },
]

export type MedicineRow = { of: MedicineOfShelter; item: MedicineOfShelter['items'][number] | undefined }

/** A row for each medicine of each shelter; one row where a shelter needs none. */
export const medicineRows = (shelters: readonly MedicineOfShelter[]): MedicineRow[] =>
  shelters.flatMap((of): MedicineRow[] =>
    of.items.length === 0 ? [{ of, item: undefined }] : of.items.map((item) => ({ of, item })),
  )

export const medicine_columns: readonly Column<MedicineRow>[] = [
  ...of_shelter.map((column) => ({ ...column, value: ({ of }: MedicineRow) => column.value(of) })),
  { name: 'item', hxl: '#item+code', value: ({ item }) => item?.item },
  { name: 'unit', hxl: '#item+unit', value: ({ item }) => item?.unit },
  { name: 'daily_quantity', hxl: '#inneed+daily+num', value: ({ item }) => item?.daily_quantity },
  { name: 'usable', hxl: '#indicator+usable+num', value: ({ item }) => item?.usable },
  { name: 'people', hxl: '#affected+refugees', value: ({ of, item }) => (item ?? of).people },
  { name: 'people_ensured', hxl: '#reached', value: ({ of, item }) => (item ?? of).people_ensured },
  { name: 'days_of_cover', hxl: '#indicator+days+num', value: ({ of, item }) => (item ?? of).days_of_cover },
  { name: 'runs_out_on', hxl: '#date+runs_out', value: ({ of, item }) => (item ?? of).runs_out_on },
  { name: 'status', hxl: '#status+code', value: ({ of, item }) => (item ?? of).status },
]
