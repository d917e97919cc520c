import { type Claims, mayClaim, refuseClaims, uintAt } from './claims.ts'

const FIRST_FIXED_MAP = 0x80
const FIRST_FIXED_TEXT = 0xa0
const FIRST_TYPED = 0xc4
const ARRAY_16 = 0xdc
const ARRAY_32 = 0xdd
const LAST_TYPED = 0xdf

/** The first byte of an array whose length has two or four bytes. */
const SUSPICIOUS = /[\xdc\xdd]/

/**
 * How long items are that begin with 0xC4 to 0xDF, one digit each: the bytes of the length that follows, and the bytes behind
 * it. In this order: bin, ext, float, uint, int, fixext, str, array, map.
 */
const LENGTH_BYTES = '124124' + '00' + '0000' + '0000' + '00000' + '124' + '24' + '24'
const OTHER_BYTES = [0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0]

/**
 * Refuses MessagePack whose heads claim too much: see `claims.ts`.
 *
 * @throws {RangeError}
 */
export function refuseMsgpackClaims(stored: Uint8Array): void {
  if (mayClaim(stored, SUSPICIOUS)) refuseClaims(stored, claimsOf(stored))
}

/** Reads the heads of all items in their order, at any depth. What is no MessagePack is left to the parser, which refuses it. */
function claimsOf(stored: Uint8Array): Claims {
  const claims: Claims = { items: 0, bigintWork: 0 }
  for (let at = 0; at < stored.length; ) {
    const head = stored[at++] as number
    if (head >= FIRST_FIXED_MAP && head < FIRST_FIXED_TEXT) {
      if (head & 0x10) claims.items += head & 0x0f
    } else if (head >= FIRST_FIXED_TEXT && head < 0xc0) {
      at += head & 0x1f
    } else if (head >= FIRST_TYPED && head <= LAST_TYPED) {
      const size = LENGTH_BYTES.charCodeAt(head - FIRST_TYPED) - 0x30
      const length = size === 0 ? 0 : uintAt(stored, at, size)
      at += size + (OTHER_BYTES[head - FIRST_TYPED] as number)
      if (head === ARRAY_16 || head === ARRAY_32) claims.items += length
      else if (head < ARRAY_16) at += length
    }
  }
  return claims
}
