import { isUtf8 } from 'node:buffer'

/** The character that decoding puts in place of bytes that are not UTF-8. The text may also have contained it. */
export const REPLACEMENT = '\ufffd'

/** Tab, line ends, and space. */
const BLANKS: ReadonlySet<number> = /* @__PURE__ */ new Set([0x09, 0x0a, 0x0d, 0x20])

/**
 * Refuses bytes that consist of digits and blanks only. JSON and YAML write small numbers so, and a binary format would read
 * them as other numbers. A binary format that would write such bytes for a number writes the number by {@link asFloat}.
 *
 * @throws {TypeError} for such bytes.
 */
export function refuseDigits(stored: Uint8Array): void {
  if (isDigits(stored)) throw new TypeError('these bytes are a number that was written as text')
}

/** Whether there are at most three bytes, all of them digits or blanks. As text they are a number, or blank. */
export function isDigits(bytes: Uint8Array): boolean {
  return bytes.length <= 3 && bytes.every((byte) => (byte >= 0x30 && byte <= 0x39) || BLANKS.has(byte))
}

/**
 * Writes a number as eight bytes, big-endian, after a byte for the type.
 *
 * @param type The byte by which the format marks such a number.
 */
export function asFloat(value: number, type: number): Buffer {
  const bytes = Buffer.alloc(9, type)
  bytes.writeDoubleBE(value, 1)
  return bytes
}

/**
 * Decodes stored text.
 *
 * @throws {TypeError} for bytes that are not UTF-8, which were not stored as text.
 */
export function textOf(stored: Buffer): string {
  const text = stored.toString()
  if (text.includes(REPLACEMENT) && !isUtf8(stored)) throw new TypeError('these bytes are not text in UTF-8')
  return text
}
