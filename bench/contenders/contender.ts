import type { Product } from '../values.ts'

/** How long everybody's entries live. */
export const TTL_MS = 3_600_000

/** What a contender is given. */
export interface Setting {
  /** Of a database of its own. */
  readonly url: string
  /** How many entries there are; for contenders that are bounded, their bound. */
  readonly entries: number
  /** The bound of what a near tier keeps in the process. It is never reached. */
  readonly nearEntries: number
  /** The function to be cached. */
  readonly compute: (id: number) => Promise<Product>
}

/** A cached function, as a user of the library would have it. */
export interface Cached {
  call(id: number): Promise<unknown>
  /** A raw GET, by the very client that serves the calls. */
  readonly rawGet?: (key: string) => Promise<unknown>
  /** Stores a known value, without a lookup. */
  readonly prime?: (id: number, value: Product) => Promise<unknown>
  /** Makes all processes forget what they have of a call, as far as the library can. */
  readonly invalidate?: (id: number) => Promise<unknown>
}

/** Makes the function cached. Connections live as long as the process. */
export type Contender = (setting: Setting) => Promise<Cached>

/** The key that users of libraries with hand-made keys write. */
export const keyOf = (id: number): string => `product:${id}`
