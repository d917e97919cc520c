import { describe, expect, it, test } from 'vitest'
import type { Hash } from '../../src/keys/call-hash.ts'
import { labelOf, readEntry, serializerMark, timesText, trailerOf } from '../../src/stores/trailer.ts'

const HASH = 'functionarguments-h4sh' as Hash
const PARTITION = 'Zz-9'
const BEGAN_US = 1_795_399_663_148_377

interface Written {
  readonly value?: string
  readonly hash?: Hash
  readonly serializer?: string
  readonly beganUs?: number
  readonly laterMs?: number
  readonly computeMs?: number
  readonly freshMs?: number | undefined
  readonly lifeMs?: number | undefined
  readonly tags?: number | undefined
}

/** What the script stores. */
function written({
  value = '{"id":42}',
  hash = HASH,
  serializer = 'auto',
  beganUs = BEGAN_US,
  laterMs = 13,
  computeMs = 12,
  freshMs,
  lifeMs,
  tags,
}: Written = {}): string {
  const label = labelOf(hash, PARTITION, serializer)
  const storedAtMs = Math.floor(beganUs / 1_000) + laterMs
  return value + trailerOf(label, beganUs, storedAtMs, timesText(computeMs, freshMs, lifeMs), tags)
}

const read = (stored: string | Buffer) => readEntry(stored, HASH, PARTITION)

const STORED_MS = Math.floor(BEGAN_US / 1_000) + 13

describe.each([
  ['text', (stored: string) => stored],
  ['bytes', (stored: string) => Buffer.from(stored, 'latin1')],
])('as %s', (_, form) => {
  test.each<[string, Written, object]>([
    ['without an end', {}, { expiresAtMs: undefined, freshUntilMs: undefined }],
    ['with a ttl', { freshMs: 5, lifeMs: 5 }, { expiresAtMs: STORED_MS + 5, freshUntilMs: STORED_MS + 5 }],
    [
      'kept for longer than it is fresh',
      { freshMs: 300_000, lifeMs: 360_000 },
      { freshUntilMs: STORED_MS + 300_000, expiresAtMs: STORED_MS + 360_000 },
    ],
    [
      'kept without an end',
      { freshMs: 300_000, lifeMs: undefined },
      { freshUntilMs: STORED_MS + 300_000, expiresAtMs: undefined },
    ],
    ['with tags', { tags: 48_377_102 }, { tagsGeneration: 48_377_102 }],
    [
      'with tags and an end',
      { freshMs: 7, lifeMs: 7, tags: 1 },
      { expiresAtMs: STORED_MS + 7, tagsGeneration: 1 },
    ],
    ['of a load that began in the future', { laterMs: -2_000 }, { storedAtMs: STORED_MS - 2_013 }],
    [
      'for a hundred years',
      { freshMs: 3_155_695_200_000, lifeMs: 3_155_695_200_000 },
      { expiresAtMs: STORED_MS + 3_155_695_200_000 },
    ],
    ['of a clock that begins in 1970', { beganUs: 7, laterMs: 0 }, { beganUs: 7, storedAtMs: 0 }],
    ['of a number of eight digits', { computeMs: 12_345_678 }, { computeMs: 12_345_678 }],
    ['of a number of nine digits', { computeMs: 100_000_000 }, { computeMs: 100_000_000 }],
    [
      'of the greatest whole number',
      { tags: Number.MAX_SAFE_INTEGER },
      { tagsGeneration: Number.MAX_SAFE_INTEGER },
    ],
  ])('an entry %s is read as it was written', (_name, fields, expected) => {
    const entry = read(form(written(fields)))
    expect(String(entry.value)).toBe('{"id":42}')
    expect(entry).toMatchObject({ isMisplaced: false, serializer: serializerMark('auto'), ...expected })
    if (fields.beganUs === undefined) expect(entry.beganUs).toBe(BEGAN_US)
    if (fields.laterMs === undefined) expect(entry.storedAtMs).toBe(STORED_MS)
    if (fields.computeMs === undefined) expect(entry.computeMs).toBe(12)
  })

  test.each(['', '\n', 'a\nb\n', `x${'\n'.repeat(300)}`, written(), 'x'.repeat(2_000)])(
    'the value %j comes back without the trailer',
    (value) => {
      expect(String(read(form(written({ value }))).value)).toBe(value)
    },
  )

  it('is of another call if one character of its name differs', () => {
    for (const hash of ['functionarguments-h4s0', 'functionarguments_h4sh'] as Hash[]) {
      const entry = read(form(written({ hash })))
      expect(entry).toMatchObject({ isMisplaced: true, value: undefined, beganUs: BEGAN_US })
    }
    expect(readEntry(form(written()), HASH, 'Zz-0').isMisplaced).toBe(true)
  })

  it('recognizes hashes of any bytes, and short ones', () => {
    for (const hash of ['\x00\x01\xff\x20\x7f\x80\n~', 'a', ''] as Hash[]) {
      const entry = readEntry(form(written({ hash })), hash, PARTITION)
      expect(entry).toMatchObject({ isMisplaced: false, beganUs: BEGAN_US })
    }
  })

  it('has no value of its own if it has no trailer', () => {
    for (const stored of [
      '',
      '{"id":42}',
      '{"id":42}\n',
      '{"id":42}\n2 name auto 1 2 3',
      `1 ${'x'.repeat(200)}`,
    ]) {
      expect(read(form(stored))).toMatchObject({ beganUs: undefined, isMisplaced: false })
      expect(String(read(form(stored)).value)).toBe(stored)
    }
  })

  it('never fails, wherever it is cut off', () => {
    const whole = written({ freshMs: 300_000, lifeMs: 360_000, tags: 48_377_102 })
    for (let length = 0; length < whole.length; length++) {
      const { value } = read(form(whole.slice(0, length)))
      expect([undefined, '{"id":42}', whole.slice(0, length)]).toContain(
        value === undefined ? value : String(value),
      )
    }
  })
})
