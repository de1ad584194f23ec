import type { Database } from '../../database/client.ts'
import type { Standards } from '../../domain/standards.ts'
import type { App } from '../../http/server.ts'
import { foodJudging, medicineJudging, openFoodJudge, openMedicineJudge } from './judge.ts'
import { openPicture } from './picture.ts'
import { accessRoutes } from './routes.ts'
import type { FoodJudged } from './rules/food.ts'
import type { NeedJudged } from './rules/medicine.ts'

/** How food and each medicine stand in a shelter, by the standards. */
export type CoverOfShelter = {
  shelter: string
  region: string
  food: Pick<FoodJudged, 'status' | 'days_of_cover' | 'limited_by' | 'people'>
  medicine: Pick<NeedJudged, 'need' | 'status' | 'days_of_cover' | 'people'>[]
}

/**
 * "Access to food and medicine had been ensured": made checkable, for the people who are really in the buildings.
 * Heads from the ledger of places meet lots from the ledger of stock and the services that come, day by day.
 *
 * Invariants: no answer is older than the question. More stock never shortens cover, an expired lot never lengthens
 * it, and a lot split in two changes nothing. Unknown is an answer of its own, never ensured and never none.
 */
export function foodAndMedicine(
  app: App,
  { database }: { database: Database },
): { cover: () => Promise<{ shelters: CoverOfShelter[]; standards: Standards }> } {
  const { current } = openPicture(database)
  accessRoutes(app, { current })
  const judgeFood = openFoodJudge()
  const judgeMedicine = openMedicineJudge()
  return {
    async cover() {
      const { picture, now } = await current()
      const food = judgeFood(picture, foodJudging(picture, now, {}))
      const medicine = judgeMedicine(picture, medicineJudging(picture, now, {}))
      const needs_of = new Map(medicine.map(({ facts, judged }) => [facts.id, judged.needs]))
      const shelters = food.map(({ facts, judged }) => ({
        shelter: facts.id,
        region: facts.region,
        food: {
          status: judged.status,
          days_of_cover: judged.days_of_cover,
          limited_by: judged.limited_by,
          people: judged.people,
        },
        medicine: (needs_of.get(facts.id) ?? []).map(({ need, status, days_of_cover, people }) => ({
          need,
          status,
          days_of_cover,
          people,
        })),
      }))
      return { shelters, standards: picture.standards }
    },
  }
}
