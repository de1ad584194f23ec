import { withinRemit } from '../../../access/remit.ts'
import type { ItemRow, NeedRow, WarehouseRow } from '../../../database/tables/supplies.ts'
import { decimalsOf, quantityText, thousandthsOf } from '../../../domain/quantities.ts'
import { refuse, refuseAt } from '../../../http/problem.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import type {
  ItemChanged,
  ItemPatch,
  ItemShown,
  NeedBody,
  NeedChanged,
  NewItem,
  NewStore,
  StoreChanged,
  StoreShown,
} from '../schemas.ts'
import type { Decided, Facts } from './shared.ts'

/** What the ETag of an item is made of: its own version. */
export const itemTag = (version: number): string => `v${version}`

export const shownItem = ({ version: _version, ...row }: ItemRow): ItemShown => row

/** Refused: `code_taken`. */
export function decideItem(
  { records }: Facts,
  { content }: Command<NewItem, unknown>,
  now: Moment,
): Decided<ItemChanged> {
  if (records.row('items', content.code) !== undefined)
    return { refused: refuse('code_taken', `The code ${content.code} names another item.`) }
  const row: ItemRow = {
    ...content,
    kcal_per_unit: content.kcal_per_unit ?? null,
    atc_code: content.atc_code ?? null,
    version: 1,
    created_at: now.at,
    updated_at: now.at,
  }
  return {
    status: 201,
    answer: { item: shownItem(row), seq: now.seq },
    entries: [
      {
        type: 'item_added',
        occurred_at: now.at,
        subject: { type: 'item', id: row.code },
        effects: [],
        data: {
          category: row.category,
          unit: row.unit,
          decimals: row.decimals,
          kcal_per_unit: row.kcal_per_unit,
        },
      },
    ],
    changes: { records: { items: [row] } },
  }
}

export type ItemChange = { item: string; patch: ItemPatch; if_match: string[] | '*' }

/** Refused in this order: `item_not_found`, `precondition_failed`. */
export function decideItemChange(
  { records }: Facts,
  { content }: Command<ItemChange, unknown>,
  now: Moment,
): Decided<ItemChanged> {
  const before = records.row('items', content.item)
  if (before === undefined) return { refused: refuse('item_not_found', `No item is called ${content.item}.`) }
  if (content.if_match !== '*' && !content.if_match.includes(itemTag(before.version)))
    return { refused: refuse('precondition_failed', 'The item was changed meanwhile: read it again.') }
  const patch = Object.fromEntries(Object.entries(content.patch).filter(([, value]) => value !== undefined))
  const row: ItemRow = { ...before, ...patch, version: before.version + 1, updated_at: now.at }
  return {
    status: 200,
    answer: { item: shownItem(row), seq: now.seq },
    entries: [
      {
        type: 'item_changed',
        occurred_at: now.at,
        subject: { type: 'item', id: row.code },
        effects: [],
        data: { changed: Object.keys(patch), kcal_per_unit: row.kcal_per_unit },
      },
    ],
    changes: { records: { items: [row] } },
  }
}

export const shownNeed = ({ daily, ...row }: NeedRow): NeedChanged['need'] => ({
  ...row,
  daily_quantity: daily === null ? null : quantityText(daily),
})

/** A need as it is from now on. Refused in this order: `item_not_found`, `too_many_decimals`. */
export function decideNeed(
  { records }: Facts,
  { content }: Command<NeedBody & { need: string }, unknown>,
  now: Moment,
): Decided<NeedChanged> {
  const { need, names, item, daily_quantity, source } = content
  const of = item === undefined ? undefined : records.row('items', item)
  if (item !== undefined && of === undefined)
    return { refused: refuseAt('item_not_found', '/item', `No item is called ${item}.`) }
  if (of !== undefined && daily_quantity !== undefined && decimalsOf(daily_quantity) > of.decimals) {
    const detail = `${of.code} is counted with ${of.decimals} decimals.`
    return { refused: refuseAt('too_many_decimals', '/daily_quantity', detail) }
  }
  const existed = records.row('needs', need) !== undefined
  const row: NeedRow = {
    code: need,
    names,
    item: item ?? null,
    daily: daily_quantity === undefined ? null : thousandthsOf(daily_quantity),
    source: source ?? null,
    updated_at: now.at,
  }
  return {
    status: existed ? 200 : 201,
    answer: { need: shownNeed(row), seq: now.seq },
    entries: [
      {
        type: 'need_set',
        occurred_at: now.at,
        subject: { type: 'need', id: need },
        effects: [],
        data: { item: row.item, daily_quantity: daily_quantity ?? null },
      },
    ],
    changes: { records: { needs: [row] } },
  }
}

export const shownWarehouse = ({ created_at: _created_at, ...row }: WarehouseRow): StoreShown => ({
  ...row,
  region: row.region as StoreShown['region'],
  kind: 'warehouse',
  shelter: null,
})

/** A warehouse opens. Refused in this order: `outside_remit`, `id_taken`, `code_taken`. */
export function decideStore(
  { stock, records }: Facts,
  { content, fresh, caller }: Command<NewStore, { store: string }>,
  now: Moment,
): Decided<StoreChanged> {
  const id = content.id ?? fresh.store
  if (!withinRemit(caller.principal.remit, { id, region: content.region }))
    return { refused: refuse('outside_remit', `${content.region} is outside what this key may act for.`) }
  if (stock.store(id) !== undefined || records.row('warehouses', id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another store.`) }
  if (content.code !== undefined && stock.store(content.code) !== undefined)
    return { refused: refuse('code_taken', `The code ${content.code} names another store.`) }
  const row: WarehouseRow = {
    id,
    code: content.code ?? null,
    name: content.name,
    region: content.region,
    latitude: content.latitude ?? null,
    longitude: content.longitude ?? null,
    created_at: now.at,
  }
  return {
    status: 201,
    answer: { store: shownWarehouse(row), seq: now.seq },
    entries: [
      {
        type: 'store_opened',
        occurred_at: now.at,
        region: row.region,
        subject: { type: 'store', id },
        effects: [],
        data: { code: row.code },
      },
    ],
    // The ledger of stock must know it at once: a later command of the same commit may fill it.
    changes: { records: { warehouses: [row] }, stock: { opened: [{ ...row, shelter: null }] } },
  }
}
