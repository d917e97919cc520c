// Each kind of item, so that no length is read where there is none, and none is passed over.
import { describe, expect, test } from 'vitest'
import { refuseMsgpackClaims } from '../../../src/serializers/formats/msgpack-claims.ts'

const uint = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** (size - 1 - i)) % 256)

/** Bytes that are heads of arrays of four billion, if they are taken for heads. */
const trap = (length: number): number[] => Array.from({ length }, () => 0xdd)

/** What claims far more than there is. */
const LIE = [0xdd, 0xff, 0xff, 0xff, 0xff]

interface Kind {
  readonly kind: string
  readonly item: readonly number[]
}

/** An item with as many bytes behind its head as the format says. */
const fixed = (kind: string, head: number, bytes: number): Kind => ({ kind, item: [head, ...trap(bytes)] })

/** Items that begin with a length of 1, 2 or 4 bytes; one with 3 bytes behind it, one with more than fit into a shorter length. */
const counted = (kind: string, head: number, size: number, more = 0): Kind[] =>
  [3, ...(size > 1 ? [300] : []), ...(size > 2 ? [70_000] : [])].map((count) => ({
    kind: `${kind} of ${count} bytes`,
    item: [head, ...uint(count, size), ...trap(more + count)],
  }))

const KINDS: readonly Kind[] = [
  fixed('the least number', 0x00, 0),
  fixed('a small number', 0x7f, 0),
  fixed('a map of none', 0x80, 0),
  fixed('a map of 15', 0x8f, 0),
  fixed('an array of none', 0x90, 0),
  fixed('a text of none', 0xa0, 0),
  fixed('a short text', 0xa5, 5),
  fixed('the longest short text', 0xbf, 31),
  fixed('nil', 0xc0, 0),
  fixed('what is never used', 0xc1, 0),
  fixed('false', 0xc2, 0),
  fixed('true', 0xc3, 0),
  ...counted('bin 8', 0xc4, 1),
  ...counted('bin 16', 0xc5, 2),
  ...counted('bin 32', 0xc6, 4),
  ...counted('ext 8', 0xc7, 1, 1),
  ...counted('ext 16', 0xc8, 2, 1),
  ...counted('ext 32', 0xc9, 4, 1),
  fixed('float 32', 0xca, 4),
  fixed('float 64', 0xcb, 8),
  fixed('uint 8', 0xcc, 1),
  fixed('uint 16', 0xcd, 2),
  fixed('uint 32', 0xce, 4),
  fixed('uint 64', 0xcf, 8),
  fixed('int 8', 0xd0, 1),
  fixed('int 16', 0xd1, 2),
  fixed('int 32', 0xd2, 4),
  fixed('int 64', 0xd3, 8),
  fixed('fixext 1', 0xd4, 2),
  fixed('fixext 2', 0xd5, 3),
  fixed('fixext 4', 0xd6, 5),
  fixed('fixext 8', 0xd7, 9),
  fixed('fixext 16', 0xd8, 17),
  ...counted('str 8', 0xd9, 1),
  ...counted('str 16', 0xda, 2),
  ...counted('str 32', 0xdb, 4),
  fixed('map 16', 0xde, 2),
  fixed('map 32', 0xdf, 4),
  fixed('the least negative number', 0xe0, 0),
  fixed('the greatest negative number', 0xff, 0),
]

describe.each(KINDS)('$kind', ({ item }) => {
  const refuse = (...bytes: readonly number[]) => refuseMsgpackClaims(Uint8Array.from([...item, ...bytes]))

  test('hides no array behind it', () => {
    expect(() => refuse(...LIE)).toThrow(RangeError)
  })

  test('is itself no array', () => {
    expect(() => refuse(0xdc, 0, 1, 0)).not.toThrow()
  })
})

describe('arrays', () => {
  /** As many bytes as the arrays claim items, and some more or fewer. */
  const refuse = (items: number, heads: readonly number[], more = 0) =>
    refuseMsgpackClaims(Buffer.concat([Buffer.from(heads), Buffer.alloc(items - heads.length + more)]))

  test.each([
    { kind: 'of a length of two bytes', items: 300, heads: [0xdc, 1, 44] },
    { kind: 'of a length of four bytes', items: 70_000, heads: [0xdd, 0, 1, 0x11, 0x70] },
    { kind: 'that are short, beside a long one', items: 330, heads: [0x9f, 0x9f, 0xdc, 1, 44] },
    { kind: 'within arrays', items: 302, heads: [0x91, 0xdc, 1, 44, 0x91] },
    { kind: 'in maps', items: 300, heads: [0x8f, 0xdc, 1, 44] },
    { kind: 'behind a text', items: 300, heads: [0xa2, 0xdd, 0xdd, 0xdc, 1, 44] },
  ])('$kind may claim as many items as there are bytes, and no more', ({ items, heads }) => {
    expect(() => refuse(items, heads)).not.toThrow()
    expect(() => refuse(items, heads, -1)).toThrow(/claim more items than there are bytes/)
  })

  test('with a length that is cut off are refused', () => {
    expect(() => refuseMsgpackClaims(Uint8Array.of(0xdd, 0, 0))).toThrow(RangeError)
    expect(() => refuseMsgpackClaims(Uint8Array.of(0x92, 0xdc, 0))).toThrow(RangeError)
    expect(() => refuseMsgpackClaims(Uint8Array.of(0xdc, 0, 2))).not.toThrow()
  })
})
