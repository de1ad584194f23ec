import { z } from 'zod'

const figure = (description: string) => z.int().meta({ description })

/** The figures of a balance, wherever they are shown. Whole places and whole people. */
export const balance_figures = {
  places: figure('Places in the building, emergency places included'),
  blocked: figure('Places out of service'),
  occupied: figure('People who sleep there'),
  held: figure('Places kept for parties on the road'),
  emergency: figure('Of the places, those added in the moment because people were already there'),
  free: figure('places − blocked − occupied − held; below zero only in figures of the past'),
}

export const shown_balance = z.strictObject(balance_figures).meta({
  id: 'Balance',
  description: 'How full a shelter is',
  example: { places: 120, blocked: 0, occupied: 45, held: 0, emergency: 0, free: 75 },
})
