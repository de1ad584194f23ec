/** Chance that can be had again: the same seed gives the same numbers. */
export type Chance = {
  /** 0 <= x < 1 */
  real(): number
  /** from `low` to `high`, both included */
  whole(low: number, high: number): number
  happens(likelihood: number): boolean
  pick<Item>(items: readonly Item[]): Item | undefined
}

/** mulberry32: small, and good enough for stories. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  const real = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    real,
    whole: (low, high) => low + Math.floor(real() * (high - low + 1)),
    happens: (likelihood) => real() < likelihood,
    pick: (items) => items[Math.floor(real() * items.length)],
  }
}
