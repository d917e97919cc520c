import { isUtf8 } from 'node:buffer'

/** What stands in a text for bytes that are no UTF-8, unless it was written. */
export const REPLACEMENT = '\ufffd'

/** Tab, line ends, and space. */
const BLANKS: ReadonlySet<number> = /* @__PURE__ */ new Set([0x09, 0x0a, 0x0d, 0x20])

/**
 * Refuses bytes that are digits and blanks alone: a small number in JSON or YAML, and in binary formats another one. Where
 * these would write such bytes for a number of their own, they write it as {@link asFloat} does.
 *
 * @throws {TypeError}
 */
export function refuseDigits(stored: Uint8Array): void {
  if (isDigits(stored)) throw new TypeError('these bytes are a number as text')
}

/** Whether there are few bytes, and all of them digits or blanks: as a text, a number or nothing. */
export function isDigits(bytes: Uint8Array): boolean {
  return bytes.length <= 3 && bytes.every((byte) => (byte >= 0x30 && byte <= 0x39) || BLANKS.has(byte))
}

/** A number in eight bytes, big-endian, behind the byte that says so. */
export function asFloat(value: number, type: number): Buffer {
  const bytes = Buffer.alloc(9, type)
  bytes.writeDoubleBE(value, 1)
  return bytes
}

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
