import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import * as bson from 'bson'
import * as cborX from 'cbor-x'
import * as msgpackr from 'msgpackr'
import * as superjson from 'superjson'
import { beforeAll, describe, expect, test } from 'vitest'
import * as yaml from 'yaml'
import { decode, encode } from '../../src/serializers/encoding.ts'
import { msgpack } from '../../src/serializers/formats/msgpack.ts'
import { resolveSerializer, type SerializerName } from '../../src/serializers/resolve-serializer.ts'
import { formats } from './formats.ts'
import { type SampleName, SAMPLES as values } from '../../src/testing/sample-values.ts'

const ordinary = { id: 1, name: 'é', tags: ['a', null, true], price: 1.5, stock: { here: 70_000, there: -5 } }

function bytesOf(name: SerializerName, value: unknown): Buffer {
  return Buffer.from(encode(resolveSerializer(name), value))
}

describe('another process', () => {
  let results: Record<string, string>

  /** All a format promises, at once. */
  function promised({ shortcomings }: (typeof formats)[number]): Record<string, unknown> {
    const names = (Object.keys(values) as SampleName[]).filter((name) => shortcomings[name] === undefined)
    const comparable = names.filter((name) => name !== 'an invalid Date')
    return Object.fromEntries(comparable.map((name) => [name, values[name]()]))
  }

  beforeAll(() => {
    const stored = formats.map((format) => [
      format.name,
      bytesOf(format.name, promised(format)).toString('base64'),
    ])
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'decode-elsewhere.ts')],
      { input: JSON.stringify(Object.fromEntries(stored)), encoding: 'utf8', maxBuffer: 1e8 },
    )
    assert.notEqual(stdout, '', stderr)
    results = JSON.parse(stdout) as Record<string, string>
  }, 30_000)

  test.each(formats)('reads what this one stored as $name', (format) => {
    const { 'a URL': _, ...result } = deserialize(
      Buffer.from(results[format.name] ?? '', 'base64'),
    ) as object & { 'a URL'?: unknown }
    const { 'a URL': __, ...expected } = promised(format)
    assert.deepStrictEqual(result, expected)
  })
})

describe('other readers', () => {
  test('JSON is bare JSON', () => expect(bytesOf('json', ordinary).toString()).toBe(JSON.stringify(ordinary)))

  test('MessagePack is as short as its specification allows', () => {
    expect(bytesOf('msgpack', { a: 1, b: ['x', null, 200, -1] }).toString('hex')).toBe(
      '82a16101a16294a178c0ccc8ff',
    )
    expect(bytesOf('msgpack', new Date(1000)).toString('hex')).toBe('d6ff00000001')
    expect(bytesOf('msgpack', Buffer.from([9])).toString('hex')).toBe('c40109')
  })

  test('MessagePack is read by a packer with default options', () => {
    const value = { ...ordinary, at: new Date(1_234_567_890_123), data: Buffer.from('x'), set: new Set([1]) }
    assert.deepStrictEqual(msgpackr.unpack(bytesOf('msgpack', value)), value)
  })

  test('MessagePack with Maps is read by one that keeps records, after its first byte', () => {
    const value = { ...ordinary, map: new Map([[1, { a: 1 }]]) }
    const bytes = bytesOf('msgpack', value)
    expect(bytes[0]).toBe(0xc1)
    assert.deepStrictEqual(new msgpackr.Packr().unpack(bytes.subarray(1)), value)
  })

  test('MessagePack leans on nothing that was stored before', () => {
    const writer = msgpack(msgpackr)
    const shapes = Array.from({ length: 300 }, (_, i) => ({
      [`a${i}`]: 1,
      [`b${i % 7}`]: [{ [`c${i % 90}`]: i }],
      same: 2,
    }))
    for (const value of [...shapes, shapes, shapes.slice(0, 70), ...shapes].map(
      (shape) => new Map([['m', shape]]),
    )) {
      assert.deepStrictEqual(decode(msgpack(msgpackr), Buffer.from(encode(writer, value))), value)
    }
  })

  test('CBOR is the example of RFC 8949, appendix A', () => {
    expect(bytesOf('cbor', { a: 1, b: [2, 3] }).toString('hex')).toBe('a26161016162820203')
  })

  test('CBOR is read by a decoder with default options', () => {
    const value = { ...ordinary, at: new Date(1_234_567_890_123), data: Buffer.from('x'), set: new Set([1]) }
    assert.deepStrictEqual(cborX.decode(bytesOf('cbor', { ...value, map: new Map([[1, { a: 1 }]]) })), {
      ...value,
      map: new Map([[1, { a: 1 }]]),
    })
  })

  test('BSON is a document with one value', () => {
    assert.deepStrictEqual(bson.deserialize(bytesOf('bson', ordinary)), { value: ordinary })
  })

  test('YAML is what a person would write', () => {
    expect(bytesOf('yaml', { name: 'x', tags: ['a', 'b'], text: 'one\ntwo\n' }).toString()).toBe(
      'name: x\ntags:\n  - a\n  - b\ntext: |\n  one\n  two\n',
    )
    assert.deepStrictEqual(yaml.parse(bytesOf('yaml', ordinary).toString()), ordinary)
  })

  test('superjson is read by its default instance', () => {
    const value = { ...ordinary, at: new Date(0), map: new Map([[1, new Set([2n])]]) }
    assert.deepStrictEqual(superjson.parse(bytesOf('superjson', value).toString()), value)
  })
})

describe('what a format can do besides', () => {
  test.each(['v8', 'yaml', 'superjson'] as const)('%s keeps shared references', (name) => {
    const shared = { a: 1 }
    const [first, second] = decode(resolveSerializer(name), bytesOf(name, [shared, shared])) as unknown[]
    expect(first).toEqual(shared)
    expect(second).toBe(first)
  })

  test('yaml has no limit of shared references', () => {
    const shared = { a: [1] }
    const value = Array.from({ length: 1000 }, () => [shared, shared.a])
    expect(decode(resolveSerializer('yaml'), bytesOf('yaml', value))).toEqual(value)
  })

  test('v8 gives typed arrays memory of their own, and no more than they need', () => {
    const value = { text: 'x', data: new Float64Array([1, 2]), view: new DataView(new ArrayBuffer(3)) }
    const result = decode(resolveSerializer('v8'), bytesOf('v8', value)) as typeof value
    expect([result.data.buffer.byteLength, result.view.buffer.byteLength]).toEqual([16, 3])
  })

  test.each([2n ** 63n, -(2n ** 63n) - 1n])('bson refuses %d rather than wrap it around', (value) => {
    expect(() => bytesOf('bson', { a: [value] })).toThrow(/bigints beyond 64 bits/)
  })

  test('bson keeps its own classes', () => {
    const value = { id: new bson.ObjectId(), price: bson.Decimal128.fromString('1.50') }
    const result = decode(resolveSerializer('bson'), bytesOf('bson', value)) as typeof value
    expect([result.id.toHexString(), result.price.toString()]).toEqual([value.id.toHexString(), '1.50'])
  })

  test('bson refuses what is larger than a document may be, and cuts nothing off', () => {
    expect(() => bytesOf('bson', 'x'.repeat(16 * 1024 * 1024))).toThrow(/ends at 16 MiB/)
    expect(() => bytesOf('bson', 'é'.repeat(10_000_000))).toThrow(/ends at 16 MiB/)
    expect(() => bytesOf('bson', ['x'.repeat(30_000_000), 'y'])).toThrow(/cannot store/)
    const almost = 'x'.repeat(16 * 1024 * 1024 - 100)
    expect(decode(resolveSerializer('bson'), bytesOf('bson', almost))).toBe(almost)
  })
})
