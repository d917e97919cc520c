/**
 * Checks binary formats before they are parsed, since whoever can write to the store can write anything.
 *
 * Some versions of the packages allocate an array of the length that its head claims, before there is a single item. Nested
 * arrays can do so again and again: a kilobyte would exhaust the memory. And they build up big integers byte by byte, which takes
 * time that grows with the square of their length.
 */
import { Buffer } from 'node:buffer'

/** What the heads in some bytes claim. */
export interface Claims {
  /** The lengths of all arrays, added up. An honest value has at least one byte for each item. */
  items: number
  /** The squares of the lengths of all big integers, added up. */
  bigintWork: number
}

/** About 15 ms; a single big integer may have 5,792 bytes, or some 13,900 digits. */
const MAX_BIGINT_WORK = 2 ** 25

/**
 * @throws {RangeError} for lengths that cannot be true, and big integers that would take long.
 */
export function refuseClaims(stored: Uint8Array, { items, bigintWork }: Claims): void {
  if (items > stored.length) throw new RangeError('it has arrays that claim more items than there are bytes')
  if (bigintWork > MAX_BIGINT_WORK) {
    throw new RangeError('it has bigints of too many bytes: a single one may have 5,792 (13,900 digits)')
  }
}

/** Reads an unsigned big-endian number of 1, 2, 4 or 8 bytes; infinite where the bytes end before. */
export function uintAt(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) return Number.POSITIVE_INFINITY
  let value = 0
  for (let i = at; i < at + size; i++) value = value * 256 + (bytes[i] as number)
  return value
}

/** Whether some bytes, taken as one character each, match. This is quick, and most values need no closer look after it. */
export function mayClaim(stored: Uint8Array, pattern: RegExp): boolean {
  return pattern.test(Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString('latin1'))
}
