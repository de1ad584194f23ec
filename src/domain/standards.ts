/*
 * The thresholds that the service judges by, each with its unit and its source. Changeable by PUT /v1/standards; none
 * is invented: where no source is given, the number is the service's own choice and says so.
 */

export type StandardDefinition = { value: number; unit: string; source: string; title: string }

const own = 'The service’s own choice.'

export const standards = {
  energy_kcal: {
    value: 2_100,
    unit: 'kcal for one person and day',
    title: 'Energy for one person and day at 20 °C and above',
    source: 'WFP/UNHCR 1997; Sphere Handbook 2018, food security.',
  },
  energy_cold_kcal: {
    value: 100,
    unit: 'kcal for each full or begun 5 °C below 20 °C',
    title: 'Cold correction of energy',
    source: 'WFP/UNHCR guidelines 1997, paragraph 21 (10 °C: 2,300; 0 °C: 2,500).',
  },
  meals_per_day: {
    value: 3,
    unit: 'meals for one person and day',
    title: 'Meals for one person and day',
    source: 'Usual practice of catered shelters.',
  },
  water_l: {
    value: 15,
    unit: 'l for one person and day',
    title: 'Water for one person and day',
    source: 'Sphere Handbook.',
  },
  water_survival_l: {
    value: 7.5,
    unit: 'l for one person and day',
    title: 'Water to survive',
    source: 'Sphere Handbook.',
  },
  covered_floor_m2: {
    value: 3.5,
    unit: 'm² for one person',
    title: 'Covered floor for one person',
    source: 'Sphere Handbook; UNHCR.',
  },
  people_per_toilet_first: {
    value: 50,
    unit: 'people for one toilet, at first',
    title: 'People for one toilet in the first days',
    source: 'Sphere Handbook 2018, pp. 117–118; women to men 3 : 1.',
  },
  people_per_toilet: {
    value: 20,
    unit: 'people for one toilet, later',
    title: 'People for one toilet',
    source: 'Sphere Handbook 2018, pp. 117–118; women to men 3 : 1.',
  },
  soap_g: {
    value: 250,
    unit: 'g for one person and month',
    title: 'Soap for one person and month',
    source: 'Sphere / UNHCR.',
  },
  food_ensured_days: { value: 7, unit: 'days', title: 'Food is ensured from this cover on', source: own },
  food_strained_days: { value: 2, unit: 'days', title: 'Food is strained from this cover on', source: own },
  medicine_ensured_days: {
    value: 14,
    unit: 'days',
    title: 'Medicine is ensured from this cover on',
    source: own,
  },
  medicine_strained_days: {
    value: 3,
    unit: 'days',
    title: 'Medicine is strained from this cover on',
    source: own,
  },
  pharmacy_km: {
    value: 5,
    unit: 'km, as the crow flies',
    title: 'A pharmacy or clinic counts for a shelter within this distance',
    source: own,
  },
  near_full_percent: {
    value: 90,
    unit: '% of usable places',
    title: 'A shelter is near full from this share on',
    source: own,
  },
} as const satisfies Record<string, StandardDefinition>

export type StandardCode = keyof typeof standards
export const standard_codes = Object.keys(standards) as [StandardCode, ...StandardCode[]]

/** The values in force. */
export type Standards = Record<StandardCode, number>

/** The defaults, with what was changed. */
export const standardsWith = (changed: readonly { code: string; value: number }[]): Standards => ({
  ...(Object.fromEntries(Object.entries(standards).map(([code, { value }]) => [code, value])) as Standards),
  ...Object.fromEntries(
    changed.filter(({ code }) => code in standards).map(({ code, value }) => [code, value]),
  ),
})

/** Energy for one person and day at a temperature, in kcal. */
export const energyAt = (temperature_c: number, { energy_kcal, energy_cold_kcal }: Standards): number =>
  energy_kcal + energy_cold_kcal * Math.max(0, Math.ceil((20 - temperature_c) / 5))
