import { withinRemit } from '../../../access/remit.ts'
import { type Refusal, refuse } from '../../../http/problem.ts'
import type { Caller, Decision } from '../../../journal/ledger.ts'
import type { ServiceLedgers } from '../../../ledgers/index.ts'
import type { PlacesFacts, Shelter } from '../../../ledgers/places/facts.ts'

export type Facts = { places: PlacesFacts }
export type Decided<Answer> = Decision<Answer, ServiceLedgers>

/** A shelter that the caller may act for: `shelter_not_found`, then `outside_remit`. */
export function shelterFor(
  { places }: Facts,
  name: string,
  caller: Caller,
): { refused: Refusal } | { shelter: Shelter } {
  const shelter = places.shelter(name)
  if (shelter === undefined) return { refused: refuse('shelter_not_found', `No shelter is called ${name}.`) }
  return withinRemit(caller.principal.remit, shelter)
    ? { shelter }
    : { refused: refuse('outside_remit', `${shelter.code} is outside what this key may act for.`) }
}

/** The places of a shelter that are taken by something, for people who must know what is in the way. */
export const placesInUse = ({ code, balance }: Shelter, asked: number): Refusal => {
  const { places, occupied, held, blocked } = balance
  const detail = `${occupied} people, ${held} held and ${blocked} blocked places leave no room to take ${asked} of ${places} in ${code}.`
  return refuse('places_in_use', detail, { places, occupied, held, blocked })
}
