import { Place } from './canonical-place.ts'
import { writeObject, writeScalar } from './canonical-value.ts'

/** Version of the form: part of every call hash; changes only when the form changes. */
export const CANONICAL_FORM = 1

/** How instances of a class are told apart in a call hash. */
export interface ArgumentEncoder<T = unknown> {
  /** The class; its subclasses are encoded too, unless an encoder before this one takes them. */
  readonly type: abstract new (
    ...args: never[]
  ) => T
  /** Stands in the text for the class. Default: `type.name`. */
  readonly name?: string
  /** All that tells one instance from another, as anything the form knows. */
  encode(value: T): unknown
}

/** What does not take part, and how instances of classes are told apart. */
export interface CanonicalOptions {
  /** Names of properties that do not take part, of arguments that are plain objects (not of parts deeper inside). */
  readonly excludedNames?: ReadonlySet<string>
  /** Positions of arguments that do not take part, from 0. */
  readonly excludedPositions?: ReadonlySet<number>
  /** Asked in this order, before anything else is known about an object; the first whose class fits is taken. */
  readonly encoders?: readonly ArgumentEncoder[]
}

const NO_OPTIONS: CanonicalOptions = {}

/**
 * Arguments as one well-formed text: the same for equal arguments, another for others.
 *
 * For arguments made of nothing but JSON it is their JSON, without spaces and with the properties sorted.
 * The whole form is specified in `docs/call-hash.md`.
 *
 * @throws {ArgumentsError} for what cannot be told apart safely, with its path and the ways out.
 */
export function canonicalize(args: readonly unknown[], options: CanonicalOptions = NO_OPTIONS): string {
  const excluded = options.excludedPositions
  let count = args.length
  // An excluded argument takes no part, not even by being given.
  if (excluded !== undefined) while (count > 0 && excluded.has(count - 1)) count--
  let root: Place | undefined
  let text = '['
  for (let position = 0; position < count; position++) {
    if (position > 0) text += ','
    if (excluded?.has(position)) {
      text += '~'
      continue
    }
    const value = args[position]
    const scalar = writeScalar(value)
    if (scalar !== '') text += scalar
    else text += writeObject(value, (root ??= new Place(undefined, 0, args, options)), position)
  }
  return `${text}]`
}
