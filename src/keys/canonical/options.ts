/**
 * What a callback that is asked for what tells calls apart may return: anything but a promise, since nothing can be done
 * before it is known.
 */
export type Known =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | (object & { readonly then?: never })

/** How instances of a class are told apart in a call hash. */
export interface ArgumentEncoder<T = unknown> {
  /** The class; its subclasses are encoded too, unless an encoder before this one takes them. */
  readonly type: abstract new (
    ...args: never[]
  ) => T
  /** Stands in the text for the class. Default: `type.name`. */
  readonly name?: string | undefined
  /** All that tells one instance from another, as anything the form knows. */
  encode(value: T): Known
}

/** What does not take part, and how instances of classes are told apart. */
export interface CanonicalOptions {
  /** Names of properties that do not take part, of arguments that are plain objects (not of parts deeper inside). */
  readonly excludedNames?: ReadonlySet<string>
  /** Positions of arguments that do not take part, from 0. */
  readonly excludedPositions?: ReadonlySet<number>
  /** Asked in this order, before anything else is known about an object; the first whose class fits is taken. */
  readonly encoders?: readonly ArgumentEncoder[]
  /** The name of the argument at a position, for error messages; default `arguments[0]`, `arguments[1]` … */
  readonly nameOf?: (position: number) => string
  /** Whether the only argument is a key of `getOrSet`, for error messages. */
  readonly isOfKeys?: boolean
}
