import { serialize as bsonOf } from 'bson'
import { afterEach, assert, describe, expect, test } from 'vitest'
import { SerializerError } from '../../src/errors.ts'
import { cpuMsOf } from '../cpu-time.ts'
import { decode, encode } from '../../src/serializers/encoding.ts'
import { resolveSerializer, type SerializerName } from '../../src/serializers/resolve-serializer.ts'

/** Far more than any of these takes, and far less than the parser alone would take: of the processor, which others may be using too. */
const QUICK_MS = 1_000

const bytes = (...parts: readonly (number | string | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part) : part,
    ),
  )
const uint32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const cborText = (text: string): Buffer => bytes(0x78, text.length, text)
const cborBigint = (length: number): Buffer =>
  bytes(0xc2, 0x59, length >> 8, length & 0xff, Buffer.alloc(length, 0xff))
const msgpackText = (text: string): Buffer => bytes(0xd9, text.length, text)

/** Stored bytes that block or end a process when they are parsed as they are. */
const attacks: Record<string, readonly [SerializerName, Buffer | string]> = {
  'YAML keys within keys': ['yaml', `${'? '.repeat(500)}\n`],
  'YAML keys in flow style within keys': ['yaml', `${'{? '.repeat(250)}${'}'.repeat(250)}\n`],
  'YAML objects as keys in lists': ['yaml', `${'[{'.repeat(250)}${'}]'.repeat(250)}\n`],
  'YAML pairs in lists as keys': ['yaml', `${'[? '.repeat(250)}${']'.repeat(250)}\n`],
  'an alias as a key in YAML': ['yaml', '- &a [1]\n- {*a : 1}\n'],
  'YAML lists within lists': ['yaml', `${'['.repeat(100_000)}\n`],
  'a long text of YAML': ['yaml', `${'a: 1\n'.repeat(200_001)}`],
  'a CBOR bigint of 160 KB': ['cbor', bytes(0xc2, 0x5a, uint32(160_000), Buffer.alloc(160_000, 0xff))],
  'a CBOR bigint of 5,793 bytes': ['cbor', cborBigint(5_793)],
  'a negative CBOR bigint, with a long head': [
    'cbor',
    bytes(0x81, 0xd9, 0, 3, 0x5a, uint32(160_000), Buffer.alloc(160_000, 0xff)),
  ],
  'many CBOR bigints': [
    'cbor',
    bytes(0x98, 100, ...range(100).map(() => bytes(0xc2, 0x59, 8, 0, Buffer.alloc(2_048, 0xff)))),
  ],
  'a CBOR array of four billion': ['cbor', bytes(0x9a, 0xff, 0xff, 0xff, 0xff)],
  'CBOR arrays of many items': ['cbor', bytes(...range(20).map(() => bytes(0x9a, 1, 0xff, 0xff, 0xff)))],
  'CBOR arrays of 65,535 items': ['cbor', bytes(...range(20).map(() => bytes(0x99, 0xff, 0xff)))],
  'CBOR arrays within arrays': ['cbor', Buffer.alloc(1_000_000, 0x81)],
  'CBOR tags of tags': ['cbor', Buffer.alloc(1_000_000, 0xc1)],
  'a CBOR map of two billion': ['cbor', bytes(0xba, 0x7f, 0xff, 0xff, 0xff, Buffer.alloc(1_000))],
  'a CBOR text of two billion': ['cbor', bytes(0x7a, 0x7f, 0xff, 0xff, 0xff)],
  'a MessagePack array of four billion': ['msgpack', bytes(0xdd, 0xff, 0xff, 0xff, 0xff)],
  'MessagePack arrays of many items': [
    'msgpack',
    bytes(...range(20).map(() => bytes(0xdd, 1, 0xff, 0xff, 0xff))),
  ],
  'MessagePack arrays of 65,535 items': ['msgpack', bytes(...range(20).map(() => bytes(0xdc, 0xff, 0xff)))],
  'such arrays beside a Map': ['msgpack', bytes(0xc1, ...range(20).map(() => bytes(0xdc, 0xff, 0xff)))],
  'MessagePack arrays within arrays': ['msgpack', Buffer.alloc(1_000_000, 0x91)],
  'a MessagePack map of two billion': ['msgpack', bytes(0xdf, 0x7f, 0xff, 0xff, 0xff, Buffer.alloc(1_000))],
  'V8 arrays of many items': ['v8', bytes(0xff, 0x0f, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07)],
  'V8 arrays within arrays': ['v8', bytes(0xff, 0x0f, ...range(100_000).map(() => bytes(0x41, 1)))],
  'a V8 text of many characters': ['v8', bytes(0xff, 0x0f, 0x22, 0xff, 0xff, 0xff, 0xff, 0x07)],
  'the same behind the mark of auto': [
    'auto',
    bytes('\0v8\0', 0xff, 0x0f, 0x22, 0xff, 0xff, 0xff, 0xff, 0x07),
  ],
  'BSON of a length that is not there': ['bson', bytes(0xff, 0xff, 0xff, 0x7f, 0x0a, 'value', 0, 0)],
  'superjson with references into a Set': [
    'superjson',
    JSON.stringify({
      json: { a: [1], b: range(20_000) },
      meta: {
        values: { b: ['set'] },
        referentialEqualities: { a: range(20_000).map(() => 'b.19999') },
      },
    }),
  ],
  'superjson with notes within notes': [
    'superjson',
    `{"json":1,"meta":{"values":${'{"a":'.repeat(10_000)}["Date"]${'}'.repeat(10_000)}}}`,
  ],
}

describe('what is stored may be written by anyone', () => {
  afterEach(() => assert.deepEqual(Object.keys(Object.prototype), []))

  test.each(Object.entries(attacks))('%s: refused, at once', async (_, [name, stored]) => {
    const serializer = resolveSerializer(name)
    const refused = () => expect(() => decode(serializer, Buffer.from(stored))).toThrow(SerializerError)
    expect(await cpuMsOf(refused)).toBeLessThan(QUICK_MS)
  })

  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

  // What no limit is needed for: it takes a time and a memory that grow with what is stored.
  test.each<[string, SerializerName, Buffer | string]>([
    ['JSON within JSON', 'json', nested(100_000)],
    ['superjson within superjson', 'superjson', `{"json":${nested(5_000)}}`],
    [
      'aliases of aliases in YAML',
      'yaml',
      `k0: &a0 [x,x]\n${range(60)
        .map((i) => `k${i + 1}: &a${i + 1} [*a${i},*a${i}]\n`)
        .join('')}`,
    ],
    ['many aliases in YAML', 'yaml', `- &a 1\n${'- *a\n'.repeat(20_000)}`],
    [
      'many anchors in YAML',
      'yaml',
      range(5_000)
        .map((i) => `- &a${i} x\n- *a${i}\n`)
        .join(''),
    ],
    [
      'a bigint in superjson',
      'superjson',
      JSON.stringify({ json: '9'.repeat(100_000), meta: { values: ['bigint'] } }),
    ],
    ['a CBOR bigint of 5,792 bytes', 'cbor', cborBigint(5_792)],
    ['a bigint in MessagePack', 'msgpack', bytes(0xc9, uint32(160_000), 0x42, Buffer.alloc(160_000, 0x7f))],
  ])('%s: read, at once', async (_, name, stored) => {
    const serializer = resolveSerializer(name)
    expect(await cpuMsOf(() => decode(serializer, Buffer.from(stored)))).toBeLessThan(QUICK_MS)
  })

  /** What a value called `__proto__` may be: a property as any other, or of another name; never a prototype. */
  test.each<[SerializerName, Buffer | string]>([
    ['auto', '{"__proto__":{"polluted":1}}'],
    ['json', '{"constructor":{"prototype":{"polluted":1}},"__proto__":{"polluted":1}}'],
    ['yaml', '__proto__:\n  polluted: 1\n'],
    ['yaml', 'a: &a\n  polluted: 1\n<<: *a\n__proto__: *a\n'],
    ['bson', bsonOf({ value: JSON.parse('{"__proto__":{"polluted":1}}') as unknown }) as Buffer],
    ['cbor', bytes(0xa1, cborText('__proto__'), 0xa1, cborText('polluted'), 1)],
    ['msgpack', bytes(0x81, msgpackText('__proto__'), 0x81, msgpackText('polluted'), 1)],
    [
      'msgpack',
      bytes(0xc1, 0xd4, 0x72, 0x40, 0x91, msgpackText('__proto__'), 0x81, msgpackText('polluted'), 1),
    ],
    ['v8', bytes(0xff, 0x0f, 'o"\x09__proto__o"\x08polluted', 'I\x02{\x01{\x01')],
  ])('%s sets no prototype', (name, stored) => {
    const value = decode(resolveSerializer(name), Buffer.from(stored)) as { readonly polluted?: unknown }
    expect(value.polluted).toBeUndefined()
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  test.each<[SerializerName, Buffer | string]>([
    ['superjson', '{"json":{},"meta":{"values":{"__proto__.polluted":["Date"]}}}'],
    ['superjson', '{"json":{},"meta":{"referentialEqualities":{"a":["constructor.prototype.polluted"]}}}'],
    ['superjson', '{"json":{},"meta":{"values":[["class","Process"]]}}'],
    ['superjson', '{"json":["Function","YQ=="],"meta":{"values":[["custom","ArrayBufferView"]]}}'],
  ])('%s reaches no prototype and no class: %s', (name, stored) => {
    expect(() => decode(resolveSerializer(name), Buffer.from(stored))).toThrow(SerializerError)
  })

  test('runs no function that bytes name', () => {
    const call = bytes(0xd8, 27, 0x83, cborText('Function'), cborText('globalThis.pwned = 1'), cborText(''))
    expect(decode(resolveSerializer('cbor'), call)).toBeInstanceOf(Error)
    const error = bytes(0xd4, 0x65, 0, 0x93, msgpackText('constructor'), msgpackText('x'), 0xc0)
    expect(typeof decode(resolveSerializer('msgpack'), error)).toBe('object')
    expect(globalThis).not.toHaveProperty('pwned')
  })
})

describe('what could not be read is not stored', () => {
  test.each<[SerializerName, unknown, RegExp]>([
    ['cbor', { big: 10n ** 14_000n }, /a single one may have 5,792 \(13,900 digits\)/],
    ['cbor', { big: -(10n ** 14_000n) }, /bigints of too many bytes/],
    ['yaml', { text: 'a'.repeat(1_000_000) }, /the limit is 1000000/],
  ])('%s refuses it (%#)', (name, value, message) => {
    expect(() => encode(resolveSerializer(name), value)).toThrow(message)
  })

  test.each<[SerializerName, unknown]>([
    ['cbor', { big: 10n ** 13_000n }],
    ['cbor', range(70_000)],
    ['cbor', Buffer.alloc(100_000, 0x9b)],
    ['cbor', range(100_000).map((i) => i * Math.E)],
    ['msgpack', range(70_000)],
    ['msgpack', Buffer.alloc(100_000, 0xdd)],
    ['msgpack', range(100_000).map((i) => i * Math.E)],
    ['msgpack', new Map([[range(20_000), 'x\u0750'.repeat(10_000)]])],
    [
      'yaml',
      new Map<unknown, unknown>([
        [{ a: [1] }, new Set([[1], new Set([{ b: 1 }])])],
        [null, { '': 1 }],
      ]),
    ],
  ])('and %s still stores large values (%#)', (name, value) => {
    const serializer = resolveSerializer(name)
    expect(decode(serializer, Buffer.from(encode(serializer, value)))).toEqual(value)
  })
})
