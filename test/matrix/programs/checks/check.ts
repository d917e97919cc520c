/** What every environment has to pass: no test runner here, since these run in all of them, and in none. */
import process from 'node:process'
import { inspect } from 'node:util'
import type { Format } from './kinds.ts'

/** The library as the environment has loaded it. */
export type Library = typeof import('../../../../src/index.ts')

/** The optional packages as the environment has loaded them. */
export interface Packages {
  readonly bson: unknown
  readonly 'cbor-x': unknown
  readonly msgpackr: unknown
  readonly superjson: unknown
  readonly yaml: unknown
}

/** What an environment withholds from every library in it; each is checked to be so still. */
export interface Traits {
  /** Packages that `require` does not load there. */
  readonly cannotRequire?: readonly (keyof Packages)[]
  /** Results that a package does not bring back there: an event has to tell. */
  readonly losses?: Partial<Record<Format, readonly string[]>>
  /** Whether the program has a `process` of its own, on which no warnings are heard. */
  readonly isDeaf?: boolean
}

/** Where the checks run. */
export interface Surroundings extends Traits {
  readonly library: Library
  readonly packages: Partial<Packages>
  /** Whether the packages lie where a serializer's name finds them. */
  readonly hasNames: boolean
  /** The library loaded the other way, if both can be had: by `require()` where the first came by `import`. */
  readonly twin?: Library
  /** Sets the clock that stands in place of `Date`, if there is one. */
  readonly setDate?: (ms: number) => void
  /** A connected client, if there is a server. */
  readonly client?: Client
}

export type Client = NonNullable<ConstructorParameters<Library['RedisFuncCache']>[2]['client']>

export interface Check {
  readonly name: string
  /** Whether it can be made there; default always. */
  fits?(surroundings: Surroundings): boolean
  run(surroundings: Surroundings): Promise<void>
}

/** @throws with both, unless they are the same. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return
  throw new Error(`${what}: ${inspect(actual)} instead of ${inspect(expected)}`)
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

/** @throws if nothing is thrown. */
export async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

let caches = 0

/** A name that no cache of any process has. */
export function freshName(): string {
  caches += 1
  return `matrix-${process.pid}-${process.hrtime.bigint()}-${caches}`
}

/** A cache in this process, of which nobody else has heard. */
export const memoryCache = (
  library: Library,
  options: object = {},
): InstanceType<Library['RedisFuncCache']> =>
  new library.RedisFuncCache(freshName(), new library.LruTPolicy(), {
    store: new library.MemoryStore(),
    ...options,
  })
