import type { CanonicalOptions } from './options.ts'
import { Path } from './path.ts'
import { writeObject, writeScalar } from './values.ts'

/** Version of the form: part of every call hash; changes only when the form changes. */
export const CANONICAL_FORM = 1

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
  let root: Path | undefined
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
    else text += writeObject(value, (root ??= new Path(undefined, 0, args, options)), position)
  }
  return `${text}]`
}
