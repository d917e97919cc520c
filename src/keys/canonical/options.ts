/** What a callback that contributes to the call hash may return: anything but a promise, since a lookup needs the value at once. */
export type Known =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | (object & { readonly then?: never })

/**
 * An encoder: it says what distinguishes the instances of a class in arguments.
 *
 * @example
 * const money: ArgumentEncoder<Money> = { type: Money, encode: ({ amount, currency }) => [amount, currency] }
 */
export interface ArgumentEncoder<T = unknown> {
  /** The class of the instances; instances of subclasses are encoded too, unless an earlier encoder takes them. */
  readonly type: abstract new (
    ...args: never[]
  ) => T
  /**
   * The name of the class in the call hash; give one where a minifier renames classes.
   * @default `type.name`
   */
  readonly name?: string | undefined
  /** Returns everything that distinguishes one instance from another, as a value that the canonical form supports. */
  encode(value: T): Known
}

/** Which parts of the arguments count, and how instances of classes are distinguished. */
export interface CanonicalOptions {
  /** Names of properties that do not count, in arguments that are plain objects (not in objects within them). */
  readonly excludedNames?: ReadonlySet<string> | undefined
  /** Positions of arguments that do not count, from 0. */
  readonly excludedPositions?: ReadonlySet<number> | undefined
  /** Encoders, in the order in which they are tried, before all other rules. The first one whose class fits is used. */
  readonly encoders?: readonly ArgumentEncoder[] | undefined
  /** The name of the function, for error messages; none for keys of `getOrSet`. */
  readonly functionName?: string | undefined
  /** The name of the argument at a position, for error messages; default `arguments[0]`, `arguments[1]` … */
  readonly nameOf?: (position: number) => string
  /** Whether the only argument is a key of `getOrSet`, for error messages. */
  readonly isOfKeys?: boolean
}
