/**
 * The arithmetic of places. A balance says what a shelter has and who is in it; a delta moves it. Everything here
 * is whole people and whole places.
 */
export type Balance = {
  /** places in the building, those added in the moment included */
  places: number
  /** places out of service */
  blocked: number
  /** people who sleep here */
  occupied: number
  /** places kept for parties on the road */
  held: number
  /** how many of `places` were added because people were already there */
  emergency: number
}

export type Delta = Balance

export const EMPTY: Balance = { places: 0, blocked: 0, occupied: 0, held: 0, emergency: 0 }

export const delta = (change: Partial<Delta>): Delta => ({ ...EMPTY, ...change })

/** The people who may still come. Never below zero in a balance of now; a past sum may be. */
export const free = (balance: Balance): number =>
  balance.places - balance.blocked - balance.occupied - balance.held

export const shift = (balance: Balance, by: Delta): Balance => ({
  places: balance.places + by.places,
  blocked: balance.blocked + by.blocked,
  occupied: balance.occupied + by.occupied,
  held: balance.held + by.held,
  emergency: balance.emergency + by.emergency,
})

/**
 * People come in. With `overflow` the places they lack are added as emergency places in the same movement, for
 * people who stand in a full building are a fact; without it `null` says that they do not fit.
 */
export function takeIn(balance: Balance, people: number, overflow: boolean): Delta | null {
  const missing = Math.max(0, people - free(balance))
  if (missing > 0 && !overflow) return null
  return delta({ places: missing, emergency: missing, occupied: people })
}

/**
 * People leave. Emergency places go first, as many as people leave: a mattress in a corridor is no capacity for
 * the next bus.
 */
export function letGo(balance: Balance, people: number): Delta {
  const retired = Math.min(balance.emergency, people)
  return delta({ places: -retired, emergency: -retired, occupied: -people })
}

/** Places are added (ordinary ones) or taken away (emergency ones first). `null`: people, holds or blocks are in the way. */
export function changePlaces(balance: Balance, change: number): Delta | null {
  if (change >= 0) return delta({ places: change })
  if (free(balance) < -change) return null
  return delta({ places: change, emergency: -Math.min(balance.emergency, -change) })
}
