import type { Lookup, Store } from '../../src/store.ts'

/** A store that is never asked for the time along with entries, as one that was asked for nothing but hits of late. */
export function timeless(store: Store): Store {
  return new Proxy(store, {
    get(_, name) {
      if (name === 'get') {
        return async (...[place, hashes]: Parameters<Store['get']>) =>
          (await store.get(place, hashes)).map(withoutTime)
      }
      const method = Reflect.get(store, name) as unknown
      return typeof method === 'function' ? method.bind(store) : method
    },
  })
}

/** A store in process tells it in any case. */
const withoutTime = (lookup: Lookup): Lookup =>
  lookup.expiresAtMs === undefined && lookup.freshUntilMs === undefined
    ? { ...lookup, atUs: undefined }
    : lookup
