// Names, prefixes, tags and arguments that nobody would choose but who wants to do harm.
import { afterEach, assert, beforeEach, describe, expect, test, vi } from 'vitest'
import { FifoPolicy, FuncCacheError, LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'
import { cpuMsOf } from '../cpu-time.ts'

let warnings: string[]
beforeEach(() => {
  warnings = []
  Reflect.deleteProperty(globalThis, Symbol.for('redis-func-cache.warnings'))
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => {
  vi.restoreAllMocks()
  assert.deepEqual(Object.keys(Object.prototype), [])
})

let names = 0
const newCache = () =>
  new RedisFuncCache(`hostile ${names++}`, new LruTPolicy(), { store: new MemoryStore() })

/** A function that tells how often it ran. */
function counted() {
  let runs = 0
  const cache = newCache()
  return cache.wrap(async (..._args: unknown[]) => ++runs, { name: 'counted', ttl: '1m' })
}

const own = (name: string, value: unknown): object =>
  Object.defineProperty({}, name, { value, enumerable: true })

const TEXTS = [
  '',
  '{',
  '}',
  '{}',
  ':',
  '#',
  '\n',
  '\0',
  '\r\n',
  '\ud800',
  '\udfff',
  '\ufffd',
  '__proto__',
  'constructor',
  '*',
  'a\0b',
]

describe('arguments', () => {
  test('that look alike have entries of their own', async () => {
    const call = counted()
    const args: readonly unknown[] = [
      ...TEXTS,
      ...TEXTS.map((text) => [text]),
      ...TEXTS.map((text) => own(text, 1)),
      ...TEXTS.map((text) => own('a', text)),
      'x'.repeat(1_000_000),
      `${'x'.repeat(999_999)}y`,
      [own('__proto__', { polluted: 1 })],
      own('__proto__', null),
      new Map([['__proto__', 1]]),
    ]
    for (const [i, arg] of args.entries()) expect(await call(arg)).toBe(i + 1)
    for (const [i, arg] of args.entries()) expect(await call(arg)).toBe(i + 1)
    expect(await call()).toBe(args.length + 1)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('that throw when they are read give their error to the caller, and nothing else', async () => {
    const call = counted()
    const mine = new Error('mine')
    const fail = (): never => {
      throw mine
    }
    const throwing: readonly unknown[] = [
      {
        get a() {
          return fail()
        },
      },
      [
        {
          get a() {
            return fail()
          },
        },
      ],
      { toJSON: fail },
      new (class {
        toJSON() {
          return fail()
        }
      })(),
      new Proxy({ a: 1 }, { ownKeys: fail }),
      new Proxy({ a: 1 }, { get: fail }),
      new Proxy([], { getPrototypeOf: fail }),
      new Proxy(
        Array.from({ length: 500 }, () => 1),
        { get: fail },
      ),
    ]
    for (const arg of throwing) await expect(call(arg)).rejects.toBe(mine)
    expect(await call(1)).toBe(1)
  })

  test.each<[string, unknown]>([
    ['10,000 levels', Array.from({ length: 10_000 }).reduce<unknown>((inner) => [inner], 0)],
    [
      '10,000 levels of Maps',
      Array.from({ length: 10_000 }).reduce<unknown>((inner) => new Map([[0, inner]]), 0),
    ],
    [
      'a toJSON without end',
      (() => {
        const endless = { toJSON: (): unknown => ({ toJSON: endless.toJSON }) }
        return endless
      })(),
    ],
    [
      'a toJSON that returns the object',
      (() => {
        const self = { toJSON: (): unknown => self }
        return self
      })(),
    ],
    ['a toJSON that is async', { toJSON: async () => 1 }],
    ['a toJSON whose promise rejects', { toJSON: () => Promise.reject(new Error('unheard')) }],
    [
      'a revoked proxy',
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        return proxy
      })(),
    ],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an instance', new (class Session {})()],
  ])('are refused with %s, at once', async (_, arg) => {
    const call = counted()
    expect(await cpuMsOf(() => expect(call(arg)).rejects.toThrow(Error))).toBeLessThan(500)
    expect(await call(1)).toBe(1)
  })

  test('that are behind a proxy count as what they show', async () => {
    const call = counted()
    expect(await call(new Proxy({ a: 1 }, {}))).toBe(1)
    expect(await call({ a: 1 })).toBe(1)
    const list = Array.from({ length: 500 }, (_, i) => i)
    expect(await call(new Proxy(list, {}))).toBe(2)
    expect(await call(list)).toBe(2)
  })

  test('of a million items take some tens of milliseconds, and a warning says so', async () => {
    const call = counted()
    const list = Array.from({ length: 1_000_000 }, (_, i) => i)
    await call(list)
    const times = [await cpuMsOf(() => call(list)), await cpuMsOf(() => call(list))]
    expect(Math.min(...times)).toBeLessThan(400) // 80 ms on a free processor, item by item 500 ms
    expect(warnings).toEqual([
      expect.stringMatching(
        /^counted: the arguments of a call make a text of 6888893 characters, .* by the option `key`/,
      ),
    ])
  })

  test('of less than a megabyte cause no warning', async () => {
    await counted()('x'.repeat(999_000))
    expect(warnings).toEqual([])
  })
})

describe('names', () => {
  const bytes = [...TEXTS, 'x'.repeat(1_000_000)].filter((text) => text !== '')

  test('of caches, prefixes and functions are taken as they are, or refused with what to do', async () => {
    const store = new MemoryStore()
    const seen = new Set<string>()
    for (const [prefix, name, fn] of bytes.flatMap(
      (text) =>
        [
          [text, 'n', 'f'],
          ['p', text, 'f'],
          ['p', 'n', text],
        ] as const,
    )) {
      try {
        const cache = new RedisFuncCache(name, new FifoPolicy({ scope: 'function' }), { store, prefix })
        const { index } = cache.wrap(async () => 1, { name: fn }).keyOf()
        if (/[{}]/.test(prefix + name + fn)) expect.fail(`braces are taken: ${index}`)
        expect(seen).not.toContain(index)
        seen.add(index)
      } catch (error) {
        expect(error).toBeInstanceOf(FuncCacheError)
        expect((error as Error).message).toMatch(/[{}]|brace|empty|blank/)
      }
    }
    expect(seen.size).toBeGreaterThan(3 * 12)
  })

  test('of tags mean the entries that have them, and no others', async () => {
    const cache = newCache()
    const load = cache.wrap(async (tag: string) => tag, { name: 'load', tags: (tag) => [tag], ttl: '1h' })
    // A lone surrogate is no text: in UTF-8, all of them are the same character.
    const tags = bytes.filter((tag) => !/\p{Surrogate}|\ufffd/u.test(tag))
    for (const tag of tags) await load(tag)
    for (const [i, tag] of tags.entries()) {
      expect(await cache.invalidateTags(tag)).toBe(1)
      expect(await cache.getSize()).toBe(tags.length - i - 1)
    }
  })
})
