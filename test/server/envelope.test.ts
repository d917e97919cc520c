// Results that are compressed, signed or encrypted before they are stored.
import { createSecretKey, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CacheOptions, LruTPolicy, OptionError, RedisFuncCache, type Store } from './library.ts'
import { zstd } from '../../src/serializers/envelope/zstd.ts'
import { byZstd } from '../serializers/envelope/by-zstd.ts'
import { labelOf, partitionMark } from '../../src/stores/trailer.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const KEY = randomBytes(32)
const OLD = randomBytes(32)
const LONG = 'a long text '.repeat(2_000)
const FORMATS = ['gzip', ...(zstd() === undefined ? [] : ['zstd' as const])] as const

type Options = Pick<CacheOptions, 'sign' | 'encrypt' | 'compress' | 'serializer' | 'maxValueBytes'>

const VARIANTS: Record<string, Options> = {
  signed: { sign: { key: KEY } },
  encrypted: { encrypt: { key: KEY } },
  compressed: { compress: true },
  'compressed and signed': { compress: { above: 100, format: 'gzip' }, sign: { key: KEY } },
  'compressed and encrypted': { compress: { above: 0 }, encrypt: { key: KEY } },
  'signed, in V8': { sign: { key: KEY }, serializer: 'v8' },
}

function newCache(options: Options, { name = unique('envelope'), store = target.newStore() as Store } = {}) {
  const cache = new RedisFuncCache(name, new LruTPolicy(), { store, errors: [RangeError], ...options })
  const undecodable: string[] = []
  cache.on('undecodable', ({ error }) => undecodable.push(error.message))
  let runs = 0
  const load = cache.wrap(
    async (what: string): Promise<unknown> => {
      runs++
      if (what === 'undefined') return undefined
      if (what === 'error') throw new RangeError('no')
      return { what, text: what === 'long' ? LONG : 'short', at: new Date(0) }
    },
    { name: 'load', ttl: '1h', cacheErrors: { ttl: '1h' }, staleIfError: '1h', tags: () => ['all'] },
  )
  return { cache, name, load, undecodable, runs: () => runs, store }
}

const ALL = ['short', 'long', 'undefined']

describe.each(Object.entries(VARIANTS))('%s results', (_, options) => {
  test('come back as they were, in this process and the next', async () => {
    const first = newCache(options)
    const values = await Promise.all(ALL.map((what) => first.load(what)))
    await expect(first.load('error')).rejects.toThrow(RangeError)
    const second = newCache(options, { name: first.name, store: hasServer ? target.newStore() : first.store })
    for (const it of [first, second]) {
      expect(await Promise.all(ALL.map((what) => it.load(what)))).toEqual(values)
      await expect(it.load('error')).rejects.toThrow(RangeError)
      expect(await Promise.all([it.load('long'), it.load('long')])).toEqual([values[1], values[1]])
      expect(await it.load.peek('long')).toEqual(values[1])
      expect(it.undecodable).toEqual([])
    }
    expect([first.runs(), second.runs()]).toEqual([4, 0])
  })

  test('may be primed, invalidated and read as text', async () => {
    const { load, cache, runs, undecodable } = newCache(options)
    await load.prime(['long'], { text: LONG })
    expect(await load('long')).toEqual({ text: LONG })
    expect(await cache.invalidateTags('all')).toBe(1)
    await load('long')
    expect([runs(), undecodable]).toEqual([1, []])
  })
})

const OTHERS: readonly (readonly [string, Options, Options])[] = [
  ['were not signed', {}, { sign: { key: KEY } }],
  ['were not encrypted', {}, { encrypt: { key: KEY } }],
  ['were signed, where nothing is', { sign: { key: KEY } }, {}],
  ['were encrypted, where nothing is', { encrypt: { key: KEY } }, {}],
  ['were signed, not encrypted', { sign: { key: KEY } }, { encrypt: { key: KEY } }],
  ['were encrypted, not signed', { encrypt: { key: KEY } }, { sign: { key: KEY } }],
  ['have another signature', { sign: { key: OLD } }, { sign: { key: KEY } }],
  ['were encrypted by another key', { encrypt: { key: OLD } }, { encrypt: { key: KEY } }],
  ['were encrypted by a newer key', { encrypt: { keys: [KEY, OLD] } }, { encrypt: { key: OLD } }],
  ['were compressed, where nothing is', { compress: { above: 0 } }, {}],
  ['are of another serializer', { sign: { key: KEY }, serializer: 'v8' }, { sign: { key: KEY } }],
]

test.each(OTHERS)('results that %s are a miss with an event', async (_, before, after) => {
  const first = newCache(before)
  await first.load('long')
  const { load, undecodable, runs } = newCache(after, first)
  expect(await load('long')).toMatchObject({ text: LONG })
  expect([runs(), undecodable]).toEqual([
    1,
    [expect.stringMatching(/computed anew|cannot read what is stored/)],
  ])
  expect(await load('long')).toMatchObject({ text: LONG })
  expect([runs(), undecodable.length]).toEqual([1, 1])
})

test.each<[string, Options, Options]>([
  ['signed by an old key', { sign: { key: OLD } }, { sign: { keys: [KEY, OLD] } }],
  ['encrypted by an old key', { encrypt: { key: OLD } }, { encrypt: { keys: [KEY, OLD] } }],
  ['not compressed', {}, { compress: { above: 0 } }],
  [
    'compressed, by one that does not itself',
    { compress: { above: 0 }, sign: { key: KEY } },
    { sign: { key: KEY } },
  ],
  ['compressed in another format', { compress: { above: 0, format: 'gzip' } }, { compress: { above: 0 } }],
])('results that were %s are read', async (_, before, after) => {
  const first = newCache(before)
  await first.load('long')
  const { load, undecodable, runs } = newCache(after, first)
  expect(await load('long')).toMatchObject({ text: LONG })
  expect([runs(), undecodable]).toEqual([0, []])
})

test('maxValueBytes limits what is stored, not what it was', async () => {
  const { load, runs } = newCache({ compress: true, maxValueBytes: 10_000 })
  await load('long')
  await load('long')
  expect(runs()).toBe(1)
})

describe.runIf(hasServer)('on a server', () => {
  const stored = async (values: string, hash: string): Promise<Buffer> =>
    (await target.raw(values, 'HGET', values, hash)) as Buffer

  test('what is signed or short stays readable, what is encrypted does not', async () => {
    const read = async (options: Options, what: string) => {
      const { load } = newCache(options)
      await load(what)
      const { values, hash } = load.keyOf(what)
      return (await stored(values, hash)).toString('latin1')
    }
    const plain = { serializer: 'yaml', compress: true } as const
    expect(await read(plain, 'short')).toMatch(/^what: short\ntext: short\nat: .*\n\n1 \S+ yaml /)
    expect(await read(plain, 'long')).toMatch(/\n1 \S+ (gzip|zstd)~yaml \d+/)
    for (const format of FORMATS) {
      const long = await read({ compress: { format } }, 'long')
      expect(long).toContain(` ${format}~auto `)
      expect(long.length).toBeLessThan(1_000)
    }
    expect(await read({ sign: { key: KEY } }, 'short')).toMatch(/[\w-]{43}\n1 \S+ hmac~auto /)
    const encrypted = await read({ encrypt: { key: KEY }, serializer: 'yaml' }, 'short')
    expect(encrypted).not.toContain('short')
    expect(encrypted).toContain(' gcm~yaml ')
  })

  test.each(['sign', 'encrypt'] as const)(
    'what was moved to another entry or cache is not served: %s',
    async (option) => {
      const one = newCache({ [option]: { key: KEY } })
      const other = newCache({ [option]: { key: KEY } })
      await one.load('short')
      await one.load('long')
      await other.load('short')
      const from = one.load.keyOf('short')
      const value = await stored(from.values, from.hash)
      for (const [it, what] of [
        [one, 'long'],
        [other, 'short'],
      ] as const) {
        const { values, hash } = it.load.keyOf(what)
        // With a trailer that names the other entry, as the one who moves it would write it.
        const cut = value.lastIndexOf('\n')
        const [form, , serializer, ...rest] = value
          .subarray(cut + 1)
          .toString()
          .split(' ') as [string, string, string]
        const label = labelOf(hash, partitionMark(values), '').split(' ')[1] as string
        const moved = Buffer.concat([
          value.subarray(0, cut),
          Buffer.from(`\n${[form, label, serializer, ...rest].join(' ')}`),
        ])
        await target.raw(values, 'HSET', values, hash, moved)
        const next = newCache({ [option]: { key: KEY } }, { name: it.name, store: target.newStore() })
        expect(await next.load(what)).toMatchObject({ what })
        expect(next.runs()).toBe(1)
        expect(next.undecodable).toEqual([expect.stringContaining('none of the keys fits')])
      }
    },
  )

  test.each(['sign', 'encrypt'] as const)('what was changed or cut off is not served: %s', async (option) => {
    const { load, name } = newCache({ [option]: { key: KEY }, compress: { above: 100 } })
    await load('short')
    const { values, hash } = load.keyOf('short')
    const value = await stored(values, hash)
    const cut = value.lastIndexOf('\n')
    for (const at of [0, 1, 20, cut - 1, cut - 20]) {
      const changed = Buffer.from(value)
      changed[at] = (changed[at] as number) ^ 1
      const shortened = Buffer.concat([value.subarray(0, at), value.subarray(cut)])
      for (const bytes of [changed, shortened]) {
        await target.raw(values, 'HSET', values, hash, bytes)
        const next = newCache({ [option]: { key: KEY } }, { name, store: target.newStore() })
        expect(await next.load('short')).toMatchObject({ what: 'short' })
        expect(next.runs(), `${at}`).toBe(1)
      }
    }
  })

  test.each(FORMATS)('a few bytes that would become many are refused: %s', async (format) => {
    const { load, name } = newCache({ compress: { above: 0, format } })
    await load('long')
    const { values, hash } = load.keyOf('long')
    const value = await stored(values, hash)
    const zeros = Buffer.alloc(200_000_000)
    const bomb = format === 'gzip' ? zlib.gzipSync(zeros) : byZstd(zeros)
    await target.raw(
      values,
      'HSET',
      values,
      hash,
      Buffer.concat([bomb, value.subarray(value.lastIndexOf('\n'))]),
    )
    const next = newCache({ compress: true }, { name, store: target.newStore() })
    expect(await next.load('long')).toMatchObject({ what: 'long' })
    expect(next.undecodable).toHaveLength(1)
    expect(next.undecodable[0]).toMatch(/larger than|too large|memory/i)
  })
})

describe('the options', () => {
  const hex = KEY.toString('hex')
  const open = (options: object) => newCache(options as Options)

  test.each<[string, object]>([
    ['bytes', { encrypt: { key: new Uint8Array(KEY) } }],
    ['hex', { encrypt: { key: hex } }],
    ['base64', { encrypt: { key: KEY.toString('base64') } }],
    ['base64url', { sign: { keys: [KEY.toString('base64url'), OLD] } }],
    ['a KeyObject', { sign: { key: createSecretKey(KEY) } }],
    ['a long key', { sign: { key: randomBytes(64) } }],
  ])('take a key as %s', async (_, options) => {
    const { load, runs } = open(options)
    await load('short')
    await load('short')
    expect(runs()).toBe(1)
  })

  test.each<[object, RegExp]>([
    [{ sign: { key: KEY }, encrypt: { key: KEY } }, /^sign and encrypt: give only one/],
    [{ sign: {} }, /^sign: give either key or keys/],
    [{ sign: { key: KEY, keys: [KEY] } }, /^sign: give either key or keys/],
    [{ sign: KEY.toString('base64') }, /^sign: give \{ key \}/],
    [{ encrypt: { keys: [] } }, /^encrypt: keys has to be an array with at least one/],
    [{ encrypt: { keys: KEY.toString('base64') } }, /^encrypt: keys has to be an array/],
    [{ encrypt: { key: 'secret' } }, /^encrypt: key has 4 bytes and needs 32 bytes. Make a key by `openssl/],
    [{ encrypt: { key: 'a pass phrase!' } }, /^encrypt: key is neither bytes nor a text in base64/],
    [{ encrypt: { key: randomBytes(64) } }, /^encrypt: key has 64 bytes and needs 32 bytes/],
    [{ encrypt: { keys: [KEY, randomBytes(16)] } }, /^encrypt: keys\[1\] has 16 bytes/],
    [{ sign: { key: Buffer.alloc(32) } }, /^sign: key is one byte, over and over/],
    [{ sign: { key: 12 } }, /^sign: key is neither/],
    [{ sign: { kye: KEY } }, /kye.*key/],
    [{ compress: 4096 }, /^compress: give true, false or an object/],
    [{ compress: { over: 1 } }, /over/],
    [{ compress: { above: -1 } }, /^compress.above/],
    [{ compress: { format: 'brotli' } }, /^compress.format/],
  ])('are refused when they make no sense: %#', (options, message) => {
    expect(() => open(options)).toThrow(OptionError)
    expect(() => open(options)).toThrow(message)
  })

  test('are shown by nothing', async () => {
    const secrets = [
      hex,
      KEY.toString('base64'),
      KEY.toString('base64url'),
      KEY.toString('latin1'),
      inspect(KEY).slice(8, 40),
    ]
    const emitted: unknown[] = []
    for (const option of ['sign', 'encrypt'] as const) {
      const first = newCache({ [option]: { key: OLD } })
      await first.load('short')
      const { cache, load } = newCache({ [option]: { key: KEY } }, first)
      cache.on('undecodable', (event) => emitted.push(event))
      await load('short')
      emitted.push(cache, load, cache.policy, cache.stats())
      for (const key of [KEY.subarray(1), `${hex}0`, KEY.toString('base64').slice(1, 41)]) {
        try {
          open({ [option]: { key } })
        } catch (error) {
          emitted.push(error, (error as Error).stack)
        }
      }
    }
    const shown = emitted
      .map((each) =>
        inspect(each, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null }),
      )
      .join('\n')
    for (const secret of secrets) expect(shown.includes(secret.slice(0, 30))).toBe(false)
  })
})
