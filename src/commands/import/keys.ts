import { hash } from 'node:crypto'

/*
 * The Idempotency-Key of a line, made from what it says and nothing else: not from the file's name, not from the
 * line's number. So a file may be sent again after a kill, saved again by another spreadsheet, sorted or added to, and
 * what is there already happens no second time. Two lines that say the same (two groups of four at one door) are told
 * apart by which of them comes first.
 */

const SLOTS_FIRST = 4_096

/**
 * How often a digest has come before, counting from 1. Knows each by 64 of its bits, in 24 to 48 bytes: strings in a
 * Map would take ten times that, and memory must not grow with the file. Two different lines that met in those bits
 * would be counted as one, which makes their keys no less different.
 */
export function occurrences(): (digest: Buffer) => number {
  let slots = SLOTS_FIRST
  let used = 0
  let high = new Uint32Array(slots)
  let low = new Uint32Array(slots)
  let counts = new Uint32Array(slots)

  /** Its slot, or the free one where it belongs. */
  function slotOf(one: number, other: number): number {
    let slot = one & (slots - 1)
    while (counts[slot] !== 0 && (high[slot] !== one || low[slot] !== other)) slot = (slot + 1) & (slots - 1)
    return slot
  }

  function grow(): void {
    const [old_high, old_low, old_counts] = [high, low, counts]
    slots *= 2
    high = new Uint32Array(slots)
    low = new Uint32Array(slots)
    counts = new Uint32Array(slots)
    old_counts.forEach((count, old) => {
      if (count === 0) return
      const one = old_high[old] ?? 0
      const other = old_low[old] ?? 0
      const slot = slotOf(one, other)
      high[slot] = one
      low[slot] = other
      counts[slot] = count
    })
  }

  return (digest) => {
    if (used * 2 >= slots) grow()
    const one = digest.readUInt32BE(0)
    const other = digest.readUInt32BE(4)
    const slot = slotOf(one, other)
    const count = (counts[slot] ?? 0) + 1
    if (count === 1) used += 1
    high[slot] = one
    low[slot] = other
    counts[slot] = count
    return count
  }
}

/** Makes the keys of one reading of a file, in its order. */
export function lineKeys(kind: string): (body: object) => string {
  const nth = occurrences()
  return (body) => {
    const digest = hash('sha256', `${kind} ${JSON.stringify(body)}`, 'buffer')
    return `import:${digest.toString('hex')}:${nth(digest)}`
  }
}
