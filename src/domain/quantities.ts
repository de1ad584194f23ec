/*
 * Quantities of stock, exact. On the wire they are decimal strings ("12.5"); in the program and the database they are
 * whole thousandths of the item's unit, so that sums are sums of whole numbers and nothing is ever rounded.
 */

/** Whole thousandths of an item's unit. */
export type Thousandths = number

export const DECIMALS_MAX = 3

/** In one line, in units: far below what a whole number can hold, in thousandths and summed. */
export const QUANTITY_MAX = 1_000_000_000

/** A quantity as it may be written: no sign but a minus, no exponent, no blanks, no leading zeros. */
export const QUANTITY = /^-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?$/

/** How many decimals a quantity is written with. */
export const decimalsOf = (text: string): number => text.split('.')[1]?.length ?? 0

/** "12.5" → 12500. Of texts that `QUANTITY` takes, with at most three decimals. */
export function thousandthsOf(text: string): Thousandths {
  const negative = text.startsWith('-')
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const value = Number(whole) * 1000 + Number(fraction.padEnd(DECIMALS_MAX, '0'))
  return negative ? -value : value
}

/** 12500 → "12.5", without zeros that say nothing. */
export function quantityText(value: Thousandths): string {
  const size = Math.abs(value)
  const fraction = String(size % 1000)
    .padStart(DECIMALS_MAX, '0')
    .replace(/0+$/, '')
  const text = `${Math.floor(size / 1000)}${fraction === '' ? '' : `.${fraction}`}`
  return value < 0 ? `-${text}` : text
}
