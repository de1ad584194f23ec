/**
 * Shares a whole number in proportion to whole weights, by largest remainder (ties go to the earlier one), so
 * that the shares add up to the total exactly. Where the total is no more than the weights' sum, no share
 * exceeds its weight: a share of room never asks for more than the room.
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  if (sum === 0) {
    if (total === 0) return weights.map(() => 0)
    throw new Error(`${total} cannot be shared out among nobody`)
  }
  const shares = weights.map((weight) => Math.floor((total * weight) / sum))
  const left = total - shares.reduce((all, share) => all + share, 0)
  const by_remainder = weights
    .map((weight, index) => ({ index, remainder: (total * weight) % sum }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  for (const { index } of by_remainder.slice(0, left)) shares[index] = (shares[index] ?? 0) + 1
  return shares
}

/**
 * Numbers from 0 up to 1, the same for the same seed on every machine: mulberry32 (Tommy Ettinger, public
 * domain) over a 32-bit FNV-1a hash of the seed. For spreading people believably, for nothing that must not
 * be guessed.
 */
export function seededRandom(seed: string): () => number {
  let state = 0x811c9dc5
  for (let index = 0; index < seed.length; index += 1) {
    state = Math.imul(state ^ seed.charCodeAt(index), 0x01000193)
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The index drawn when each has its weight's chance. Weights are not negative, and not all of them zero. */
export function drawIndex(weights: readonly number[], random: () => number): number {
  let point = random() * weights.reduce((all, weight) => all + weight, 0)
  let last = 0
  for (const [index, weight] of weights.entries()) {
    if (weight === 0) continue
    last = index
    if (point < weight) return index
    point -= weight
  }
  return last
}
