export type Product = 'redis' | 'valkey'

/** One server version the tests know by name, and where a Debian machine gets it. */
export interface CatalogueEntry {
  readonly name: string
  readonly product: Product
  /** As many parts as are promised: `9` stands for every 9.x. */
  readonly version: string
  /** The Debian suite whose packages hold it. */
  readonly suite: string
}

/**
 * The oldest server that is supported, the newest one, and what lies between them in features:
 * Redis 7.0 and Valkey 8.1 have no expiry of hash fields, Redis 8 and Valkey 9 have.
 */
export const CATALOGUE: readonly CatalogueEntry[] = [
  { name: 'redis-7.0', product: 'redis', version: '7.0', suite: 'bookworm' },
  { name: 'redis-8.0', product: 'redis', version: '8.0', suite: 'trixie' },
  { name: 'valkey-8.1', product: 'valkey', version: '8.1', suite: 'trixie' },
  { name: 'valkey-9', product: 'valkey', version: '9', suite: 'sid' },
]

/** Whether a server of this product and full version is what the entry promises. */
export function isOfEntry(server: { product: Product; version: string }, entry: CatalogueEntry): boolean {
  return server.product === entry.product && `${server.version}.`.startsWith(`${entry.version}.`)
}

/** What a server is called here: as its entry, else product and major.minor, such as `redis-7.2`. */
export function nameOf(server: { product: Product; version: string }): string {
  const entry = CATALOGUE.find((candidate) => isOfEntry(server, candidate))
  const [major, minor] = server.version.split('.')
  return entry?.name ?? `${server.product}-${major}.${minor}`
}
