import type { Store } from './store.ts'

/** Caches that have not been closed, by their store: several may share one. */
const openCaches = /* @__PURE__ */ new WeakMap<Store, Set<WeakRef<object>>>()

/** Records that a cache uses a store. */
export function addOpenCache(store: Store, cache: object): void {
  const caches = openCaches.get(store) ?? new Set()
  openCaches.set(store, caches.add(new WeakRef(cache)))
}

/** Records that a cache was closed. Returns whether no other cache uses the store; a garbage-collected one does not. */
export function isLastOpen(store: Store, cache: object): boolean {
  const caches = openCaches.get(store)
  for (const ref of caches ?? []) {
    const open = ref.deref()
    if (open === undefined || open === cache) caches?.delete(ref)
  }
  return (caches?.size ?? 0) === 0
}
