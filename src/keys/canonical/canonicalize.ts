import type { CanonicalOptions } from './options.ts'
import { Path } from './path.ts'
import { writeObject, writeScalar } from './values.ts'

/** The version of the canonical form of arguments, which is part of every call hash; it changes only with the form. */
export const CANONICAL_FORM = 1

const NO_OPTIONS: CanonicalOptions = {}

/**
 * Writes arguments as one well-formed text: the same for equal arguments, and another for all others.
 *
 * For arguments made of JSON values alone it is their JSON, without spaces and with sorted properties. The whole form is
 * specified in `docs/call-hash.md`.
 *
 * @throws {ArgumentsError} for values that cannot be told apart safely, with their path and the ways out.
 */
export function canonicalize(args: readonly unknown[], options: CanonicalOptions = NO_OPTIONS): string {
  const excluded = options.excludedPositions
  let count = args.length
  // Excluded arguments at the end are left out, so that it makes no difference whether they were passed.
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
