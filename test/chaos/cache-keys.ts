/** The keys of the cache of a cell. */
export const CACHE_KEYS: readonly string[] = [
  '0',
  '1',
  '1:expiry',
  '1:tags',
  '1:leases',
  '1:fence',
  '1:changes',
].map((key) => `chaos:{chaos-0:lru_t-c}:${key}`)
