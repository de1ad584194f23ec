import { changePlaces, delta } from '../../../domain/balance.ts'
import { PLACES_MAX } from '../../../domain/shelters.ts'
import { refuse } from '../../../http/problem.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { effectOn, moved, shownBalance } from '../../../ledgers/places/moves.ts'
import type { PlacesChange, PlacesChanged } from '../schemas.ts'
import { type Decided, type Facts, placesInUse, shelterFor } from './shared.ts'

/**
 * The places of a shelter grow or shrink. Refused in this order: `shelter_not_found`, `outside_remit`,
 * `in_the_future` / `before_2000`, `changed_meanwhile`, `reason_does_not_fit`, `too_many_places`,
 * `places_in_use`.
 */
export function decidePlacesChange(
  facts: Facts,
  { content, caller }: Command<{ shelter: string; change: PlacesChange }, unknown>,
  now: Moment,
): Decided<PlacesChanged> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const { shelter } = found
  const at = occurrence(content.change.occurred_at, now)
  if (typeof at !== 'string') return at
  const { balance } = shelter
  const { reason, note } = content.change

  let by = delta({})
  if ('keep_emergency' in content.change) {
    const kept = content.change.keep_emergency
    if (kept > balance.emergency) {
      const detail = `${shelter.code} has ${balance.emergency} emergency places; ${kept} cannot be kept.`
      return { refused: refuse('changed_meanwhile', detail, { emergency: balance.emergency }) }
    }
    by = delta({ emergency: -kept })
  } else {
    if ('places' in content.change) {
      const { expected_places } = content.change
      if (expected_places !== undefined && expected_places !== balance.places) {
        const detail = `${shelter.code} has ${balance.places} places now, not ${expected_places}.`
        return { refused: refuse('changed_meanwhile', detail, { places: balance.places }) }
      }
    }
    const change = 'places' in content.change ? content.change.places - balance.places : content.change.change
    const fits = reason === 'correction' || (reason === 'reduced' ? change <= 0 : change >= 0)
    if (!fits) {
      const detail = `“${reason}” does not go with a change of ${change} places.`
      return {
        refused: {
          ...refuse('reason_does_not_fit', detail),
          errors: [{ pointer: '/reason', code: 'reason_does_not_fit', detail }],
        },
      }
    }
    if (change > 0 && balance.places + change > PLACES_MAX) {
      return {
        refused: refuse('too_many_places', `A shelter has at most ${PLACES_MAX} places.`, {
          places: balance.places,
        }),
      }
    }
    const changed = changePlaces(balance, change)
    if (changed === null) return { refused: placesInUse(shelter, -change) }
    by = changed
  }
  const after = moved(balance, by, now.seq)
  return {
    status: 200,
    answer: { balance: shownBalance(after), seq: now.seq },
    entries: [
      {
        type: 'places_changed',
        occurred_at: at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'shelter', id: shelter.id },
        effects: [effectOn(balance, by, at)],
        balance: shownBalance(after),
        data: { reason },
      },
    ],
    changes: {
      places: {
        balances: [after],
        ...(note !== undefined && {
          notes: [{ seq: now.seq, shelter: shelter.id, stay: null, destination: null, note }],
        }),
      },
    },
  }
}
