export type Position = { latitude: number; longitude: number }

/** Mean radius of the Earth in kilometres (IUGG 1980). */
const EARTH_RADIUS_KM = 6371.0088

const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** Great-circle distance in kilometres, by the haversine formula: as the crow flies, not by road. */
export function distanceKm(a: Position, b: Position): number {
  const half_north = Math.sin(radians(b.latitude - a.latitude) / 2)
  const half_east = Math.sin(radians(b.longitude - a.longitude) / 2)
  const chord =
    half_north * half_north +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half_east * half_east
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(chord)))
}
