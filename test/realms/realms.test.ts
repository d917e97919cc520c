// The library in a realm of its own, as test runners give it: what Node makes comes from another one.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createContext, runInContext, runInThisContext } from 'node:vm'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import type * as Library from '../../src/index.ts'
import { adopt } from '../../src/realms/adopt.ts'
import {
  isError,
  isErrorPrototype,
  isInstance,
  isPlainPrototype,
  isPromise,
  messageOf,
} from '../../src/realms/native.ts'

const ROOT = join(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)

/** What is run in there sees the globals of Node, and the built-in classes of its own realm. */
interface Elsewhere {
  readonly library: typeof Library
  /** The value of an expression in that realm. */
  evaluate<T>(expression: string): T
}

let elsewhere: Elsewhere
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'src/index.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
  })
  const module = { exports: {} as typeof Library }
  const { process, Buffer, performance, AbortController, AbortSignal, DOMException, URL, URLSearchParams } =
    globalThis
  const given = {
    process,
    Buffer,
    performance,
    AbortController,
    AbortSignal,
    DOMException,
    URL,
    URLSearchParams,
  }
  const context = createContext({ ...given, module, require })
  runInContext(`((exports) => { ${outputFiles[0]?.text} })(module.exports)`, context)
  elsewhere = {
    library: module.exports,
    evaluate: (expression) => runInContext(`(${expression})`, context),
  }
}, 30_000)

function newCache(options: Partial<Library.CacheOptions> = {}) {
  const { LruTPolicy, MemoryStore, RedisFuncCache } = elsewhere.library
  return new RedisFuncCache('realms', new LruTPolicy(), { store: new MemoryStore(), ...options })
}

test('a cache works', async () => {
  const run = newCache().wrap(async (id: number) => ({ id }), { name: 'run' })
  expect(await run(1)).toEqual({ id: 1 })
  expect(await run.peek(1)).toEqual({ id: 1 })
})

const BUILT_INS = [
  'new Date(5)',
  'new Map([["a", new Date(5)]])',
  'new Set([1, { at: new Date(5) }])',
  '/a/gi',
  'new TypeError("no")',
  'new Float64Array([1, 2])',
  'new Uint8Array([1, 2])',
  'new ArrayBuffer(3)',
  'new DataView(new ArrayBuffer(3))',
  '[{ list: [new Date(5)] }]',
  '{ deep: { at: new Date(5), big: 1n } }',
  'Buffer.from("a")',
]

describe.each(BUILT_INS)('%s', (expression) => {
  test("comes back by 'v8' as an instance of the classes of that realm, without a warning", async () => {
    const warnings: string[] = []
    const listen = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listen)
    const value = elsewhere.evaluate<object>(expression)
    const run = newCache().wrap(async () => value, { name: 'run', serializer: 'v8' })
    await run()
    const back = (await run()) as object
    expect(back).not.toBe(value)
    expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(value))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })

  test('is an argument of either realm, and the same call', async () => {
    const run = newCache().wrap(async (value: unknown) => typeof value, { name: 'run' })
    const there = elsewhere.evaluate(expression)
    const here: unknown = runHere(expression)
    expect(run.keyOf(there)).toEqual(run.keyOf(here))
  })
})

const runHere = (expression: string): unknown => runInThisContext(`(${expression})`)

test('a large array is adopted too', () => {
  const large = runHere('Array.from({ length: 300_000 }, () => new Date(5))') as unknown[]
  expect(adopt(large)).toBe(large)
  expect(large.every((each) => each instanceof Date)).toBe(true)
})

test('a row with dates keeps them as instances of that realm', async () => {
  const load = elsewhere.evaluate<() => Promise<{ at: Date; list: Map<string, Date> }>>(
    'async () => ({ at: new Date(5), list: new Map([["a", new Date(6)]]) })',
  )
  const run = newCache({ serializer: 'v8' }).wrap(load, { name: 'run' })
  await run()
  const row = await run()
  const isDate = elsewhere.evaluate<(value: unknown) => boolean>('(value) => value instanceof Date')
  const isMap = elsewhere.evaluate<(value: unknown) => boolean>('(value) => value instanceof Map')
  expect(isDate(row.at)).toBe(true)
  expect(isMap(row.list)).toBe(true)
  expect(isDate(row.list.get('a'))).toBe(true)
})

test('errors are stored, and thrown again as instances of the classes of that realm', async () => {
  const NotFound = elsewhere.evaluate<new (message: string) => Error>('class NotFound extends Error {}')
  const run = newCache({ errors: [NotFound] }).wrap(
    async (kind: string) => {
      if (kind === 'own') throw new NotFound('none')
      if (kind === 'dom') throw new DOMException('aborted', 'AbortError')
      throw elsewhere.evaluate<Error>('new RangeError("far")')
    },
    { name: 'run', cacheErrors: { ttl: '1m' } },
  )
  const twice = async (kind: string): Promise<unknown> => {
    await run(kind).catch(() => {})
    return run(kind).catch((error: unknown) => error)
  }
  expect(await twice('own')).toBeInstanceOf(NotFound)
  expect(await twice('range')).toBeInstanceOf(elsewhere.evaluate('RangeError'))
  expect(await twice('dom')).toMatchObject({ name: 'AbortError', message: 'aborted' })
})

test('errors of the library are errors of that realm, and are known here, too', async () => {
  const { OptionError } = elsewhere.library
  const attempt = () => newCache({ maxSize: -1 })
  expect(attempt).toThrow(OptionError)
  const here = await import('../../src/errors.ts')
  expect(attempt).toThrow(here.OptionError)
  expect(attempt).toThrow(here.FuncCacheError)
  expect(attempt).not.toThrow(here.StoreError)
})

test('a promise, a generator and a signal of whatever realm are known for what they are', async () => {
  const cache = newCache()
  const generator = elsewhere.evaluate<never>('function* () {}')
  expect(() => cache.wrap(generator, { name: 'generator' })).toThrow(/is a generator function/)
  const run = cache.wrap(async () => 1, { name: 'run' })
  expect(await run.with({ signal: new AbortController().signal })()).toBe(1)
  const late = cache.wrap(async () => 1, {
    name: 'late',
    serializer: [String, elsewhere.evaluate<() => never>('async () => 1')],
  })
  const issues: unknown[] = []
  cache.on('undecodable', ({ error }) => issues.push(error.message))
  await late()
  await late()
  expect(issues).toEqual([expect.stringMatching(/returned a promise/)])
})

test('a Map of rows may be of another realm', async () => {
  const load = elsewhere.evaluate<(ids: readonly number[]) => Map<number, string>>(
    '(ids) => new Map(ids.map((id) => [id, `row ${id}`]))',
  )
  const rows = newCache().wrapMany(load, { name: 'rows' })
  expect(await rows([1, 2])).toEqual(['row 1', 'row 2'])
})

test.each(['yaml', 'superjson', 'bson'] as const)(
  "'%s' refuses an invalid date of that realm, too",
  async (serializer) => {
    const cache = newCache({ serializer })
    const failures: string[] = []
    cache.on('error', ({ during }) => failures.push(during))
    await cache.wrap(async () => elsewhere.evaluate<Date>('new Date(NaN)'), { name: 'invalid' })()
    expect(failures).toEqual(['serialize'])
  },
)

describe('kinds', () => {
  test.each([
    ['new Error()', true],
    ['new (class A extends RangeError {})()', true],
    ['Object.create(Error.prototype)', true],
    ['new DOMException("a")', true],
    ['{ name: "Error", message: "" }', false],
    ['null', false],
    ['"Error"', false],
    ['class Error {}', false],
    ['new (class Error {})()', false],
  ])('%s is an error: %s', (expression, is) => {
    expect(isError(elsewhere.evaluate(expression))).toBe(is)
    expect(isError(runHere(expression))).toBe(is)
  })

  test('a class of errors is recognized by its prototype', () => {
    expect(isErrorPrototype(elsewhere.evaluate('Error.prototype'))).toBe(true)
    expect(isErrorPrototype(elsewhere.evaluate('(class A extends Error {}).prototype'))).toBe(true)
    expect(isErrorPrototype(elsewhere.evaluate('(class A {}).prototype'))).toBe(false)
  })

  test('instances of built-in classes are recognized in all realms, those of others by instanceof', () => {
    expect(isInstance(elsewhere.evaluate('new Date()'), Date)).toBe(true)
    expect(isInstance(elsewhere.evaluate('new Map()'), Date)).toBe(false)
    expect(isInstance(elsewhere.evaluate('new (class A extends Map {})()'), Map)).toBe(true)
    class Own {}
    expect(isInstance(new Own(), Own)).toBe(true)
    expect(isInstance({}, Own)).toBe(false)
    expect(isInstance(null, Own)).toBe(false)
    expect(isInstance('text', String)).toBe(false)
  })

  test('plain objects, promises, messages', () => {
    expect(isPlainPrototype(elsewhere.evaluate('Object.prototype'))).toBe(true)
    expect(isPlainPrototype(elsewhere.evaluate('Array.prototype'))).toBe(false)
    expect(isPromise(elsewhere.evaluate('Promise.resolve()'))).toBe(true)
    expect(isPromise(elsewhere.evaluate('{ then: 5 }'))).toBe(false)
    expect(messageOf(elsewhere.evaluate('new Error("no")'))).toBe('no')
    expect(messageOf(Object.create(null))).toBe('[object Object]')
  })

  test('adopting changes classes alone, in cycles too, and leaves classes of the user be', () => {
    const value = elsewhere.evaluate<Record<string, unknown>>(
      '(() => { const a = { at: new Date(5), own: new (class Own {})(), bare: Object.create(null) }; a.self = a; return a })()',
    )
    const own = Object.getPrototypeOf(value['own']) as object
    expect(adopt(value)).toBe(value)
    expect(value).toBeInstanceOf(Object)
    expect(value['at']).toBeInstanceOf(Date)
    expect(value['at']).toEqual(new Date(5))
    expect(value['self']).toBe(value)
    expect(Object.getPrototypeOf(value['own'])).toBe(own)
    expect(Object.getPrototypeOf(value['bare'])).toBeNull()
  })
})
