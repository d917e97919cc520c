import { isUtf8 } from 'node:buffer'

/** What stands in a text for bytes that are no UTF-8, unless it was written. */
const REPLACEMENT = '\ufffd'

/**
 * What is stored as text.
 *
 * @throws {TypeError} for bytes that are no UTF-8: they were not stored as text.
 */
export function textOf(stored: Buffer): string {
  const text = stored.toString()
  if (text.includes(REPLACEMENT) && !isUtf8(stored)) throw new TypeError('these bytes are no text in UTF-8')
  return text
}
