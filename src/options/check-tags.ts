import { OptionError } from '../errors.ts'

/** The largest number of tags of an entry: with more, the index of tags could be larger than the entries. */
const MOST_TAGS = 100

/** @throws {OptionError} for what cannot be the tags of an entry. */
export function checkTags(tags: readonly string[], where = 'tags'): readonly string[] {
  if (
    !Array.isArray(tags) ||
    tags.length > MOST_TAGS ||
    !tags.every((tag) => typeof tag === 'string' && tag !== '')
  ) {
    const what =
      where === 'tags' ? `return an array of up to ${MOST_TAGS} texts` : `give up to ${MOST_TAGS} texts`
    throw new OptionError(`${where}: ${what} that are not empty.`)
  }
  return [...new Set(tags)]
}
