import { type Claims, mayClaim, refuseClaims, uintAt } from './claims.ts'

/** Bits 5 to 7 of the first byte of an item. */
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const TAG = 6

/** The first byte of an array with a length of 2, 4 or 8 bytes; or the last byte of a tag 2 or 3, and a byte string. */
// oxlint-disable-next-line no-control-regex -- these are meant
const SUSPICIOUS = /[\x99-\x9b]|[\x02\x03\xc2\xc3][\x58-\x5b]/

/**
 * Refuses CBOR whose heads claim too much: see `claims.ts`.
 *
 * @throws {RangeError}
 */
export function refuseCborClaims(stored: Uint8Array): void {
  if (mayClaim(stored, SUSPICIOUS)) refuseClaims(stored, claimsOf(stored))
}

/** Reads the heads of all items in their order, at any depth. What is no CBOR ends the count: the parser refuses it. */
function claimsOf(stored: Uint8Array): Claims {
  const claims: Claims = { items: 0, bigintWork: 0 }
  let isBigint = false
  for (let at = 0; at < stored.length; ) {
    const head = stored[at++] as number
    const kind = head >> 5
    const info = head & 31
    const size = info < 24 || info > 27 ? 0 : 1 << (info - 24)
    const value = size === 0 ? (info < 24 ? info : 0) : uintAt(stored, at, size)
    at += size
    if (kind === ARRAY) claims.items += value
    if (kind === BYTES || kind === TEXT) at += value
    if (kind === BYTES && isBigint) claims.bigintWork += value * value
    isBigint = kind === TAG && (value === 2 || value === 3)
  }
  return claims
}
