import type { Position } from './geography.ts'

/**
 * The ten marzes and Yerevan, by ISO 3166-2 code and no other: two further schemes number them 01–11 differently.
 * Names from ISO 3166-2 and the state's own usage; centres and boxes in degrees (WGS 84), rounded outwards, good
 * enough to warn of a wrong position and for nothing else.
 */
export type Region = {
  code: string
  names: { hy: string; ru: string; en: string }
  centre: Position
  box: { west: number; south: number; east: number; north: number }
}

export const regions = [
  {
    code: 'AM-AG',
    names: { hy: 'Արագածոտն', ru: 'Арагацотн', en: 'Aragatsotn' },
    centre: { latitude: 40.422, longitude: 44.139 },
    box: { west: 43.59, south: 40.19, east: 44.55, north: 40.74 },
  },
  {
    code: 'AM-AR',
    names: { hy: 'Արարատ', ru: 'Арарат', en: 'Ararat' },
    centre: { latitude: 39.946, longitude: 44.788 },
    box: { west: 44.35, south: 39.7, east: 45.11, north: 40.17 },
  },
  {
    code: 'AM-AV',
    names: { hy: 'Արմավիր', ru: 'Армавир', en: 'Armavir' },
    centre: { latitude: 40.135, longitude: 44.036 },
    box: { west: 43.65, south: 40.01, east: 44.44, north: 40.28 },
  },
  {
    code: 'AM-ER',
    names: { hy: 'Երևան', ru: 'Ереван', en: 'Yerevan' },
    centre: { latitude: 40.147, longitude: 44.536 },
    box: { west: 44.42, south: 40.05, east: 44.65, north: 40.23 },
  },
  {
    code: 'AM-GR',
    names: { hy: 'Գեղարքունիք', ru: 'Гехаркуник', en: 'Gegharkunik' },
    centre: { latitude: 40.29, longitude: 45.336 },
    box: { west: 44.79, south: 39.87, east: 45.98, north: 40.73 },
  },
  {
    code: 'AM-KT',
    names: { hy: 'Կոտայք', ru: 'Котайк', en: 'Kotayk' },
    centre: { latitude: 40.38, longitude: 44.693 },
    box: { west: 44.41, south: 40.08, east: 45.03, north: 40.7 },
  },
  {
    code: 'AM-LO',
    names: { hy: 'Լոռի', ru: 'Лори', en: 'Lori' },
    centre: { latitude: 40.965, longitude: 44.46 },
    box: { west: 43.97, south: 40.66, east: 44.94, north: 41.23 },
  },
  {
    code: 'AM-SH',
    names: { hy: 'Շիրակ', ru: 'Ширак', en: 'Shirak' },
    centre: { latitude: 40.801, longitude: 43.852 },
    box: { west: 43.44, south: 40.41, east: 44.2, north: 41.16 },
  },
  {
    code: 'AM-SU',
    names: { hy: 'Սյունիք', ru: 'Сюник', en: 'Syunik' },
    centre: { latitude: 39.347, longitude: 46.14 },
    box: { west: 45.7, south: 38.86, east: 46.6, north: 39.85 },
  },
  {
    code: 'AM-TV',
    names: { hy: 'Տավուշ', ru: 'Тавуш', en: 'Tavush' },
    centre: { latitude: 40.901, longitude: 45.118 },
    box: { west: 44.75, south: 40.64, east: 45.6, north: 41.29 },
  },
  {
    code: 'AM-VD',
    names: { hy: 'Վայոց Ձոր', ru: 'Вайоц Дзор', en: 'Vayots Dzor' },
    centre: { latitude: 39.751, longitude: 45.441 },
    box: { west: 45.08, south: 39.49, east: 45.81, north: 40.0 },
  },
] as const satisfies readonly Region[]

export type RegionCode = (typeof regions)[number]['code']

const by_code: ReadonlyMap<string, Region> = new Map(regions.map((region) => [region.code, region]))

export const regionOf = (code: string): Region | undefined => by_code.get(code)

export const region_codes = regions.map((region) => region.code) as [RegionCode, ...RegionCode[]]

/** Whether a position lies in the region's box. Outside of it is a warning, not an error: boxes are coarse. */
export function insideBox(position: Position, region: Region): boolean {
  const { west, south, east, north } = region.box
  return (
    position.longitude >= west &&
    position.longitude <= east &&
    position.latitude >= south &&
    position.latitude <= north
  )
}
