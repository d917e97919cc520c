// The text of a policy of the user's has a scope of its own, whatever it calls its locals.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AbstractPolicy, composeScripts, FifoPolicy, PolicyError, RedisFuncCache } from './library.ts'
import { placeOf } from './places.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'
import { runs } from '../random.ts'

const LUA = join(import.meta.dirname, '../../src/lua')

/** What a policy is told it finds, and what it has to make. */
const DOCUMENTED = new Set([
  'index',
  'structure',
  'ext',
  'CHUNK',
  'touch',
  'insert',
  'evict',
  'remove',
  'size',
])

/** Every name that our Lua gives to something, anywhere. */
function namesOfOurs(): string[] {
  const files = readdirSync(LUA, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.lua'),
  )
  const text = files.map((file) => readFileSync(join(LUA, file), 'utf8').replace(/--.*$/gm, '')).join('\n')
  const lists = [
    ...text.matchAll(/\blocal (?!function\b)([\w, ]+)/g),
    ...text.matchAll(/\bfunction(?: (?:\w+))?\(([\w, ]*)\)/g),
    ...text.matchAll(/\bfor ([\w, ]+?) (?:=|in)\b/g),
    ...text.matchAll(/\blocal function (\w+)/g),
  ]
  const names = lists.flatMap(([, list]) => list?.split(',') ?? []).map((name) => name.trim())
  return [...new Set(['policy', ...names])].filter((name) => name !== '' && !DOCUMENTED.has(name)).toSorted()
}

const NAMES = namesOfOurs()

/** First in, first out; that is all it does. */
const FIFO = `
local function touch() end
local function insert(hashes)
  local newest = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  for i = 1, #hashes do redis.call('ZADD', index, (newest[2] or 0) + i, hashes[i]) end
end
local function evict(count)
  local victims = {}
  for i = 1, count do victims[i] = redis.call('ZPOPMIN', index)[1] end
  return victims
end
local function remove(hashes) redis.call('ZREM', index, unpack(hashes)) end
local function size() return redis.call('ZCARD', index) end
`

class Written extends AbstractPolicy {
  override readonly key = 'written'
  readonly #text: string

  constructor(text: string) {
    super()
    this.#text = text
  }

  override readLuaScripts() {
    return composeScripts(this.#text)
  }
}

test('the names are found', () => {
  expect(NAMES).toEqual(
    expect.arrayContaining(['expiry', 'tags', 'values', 'heal', 'token', 'moment_us', 'policy']),
  )
})

describe.runIf(hasServer)('on a server', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  /** Uses every verb, and looks at what is there afterwards. */
  async function useAll(policy: AbstractPolicy) {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('scope'), policy, { store, maxSize: 3, onError: 'throw' })
    const errors: unknown[] = []
    cache.on('error', ({ error }) => errors.push(error))
    const load = cache.wrap(async (n: number) => n, {
      name: 'load',
      ttl: '1h',
      staleWhileRevalidate: '1h',
      tags: (n) => [`tag ${n}`],
      singleFlight: 'global',
    })
    for (const n of [1, 2, 1, 3, 4]) expect(await load(n)).toBe(n)
    await cache.drain()
    const at = async () => Promise.all([1, 2, 3, 4].map((n) => load.peek(n)))
    const seen: unknown[] = [await at(), await cache.getSize()]
    expect(await load.refresh(3)).toBe(3)
    expect(await load.invalidate(2)).toBe(true)
    seen.push(await cache.invalidateTags('tag 3'), await at())
    const hashes = (await target.inspect(store, placeOf(cache, load.keyOf(1)))).hashes
    expect(hashes).toEqual([String(load.keyOf(4).hash)])
    await load.prime([1], 5)
    seen.push(await load.invalidateAll({ soft: true }), await load.invalidateAll())
    await load(1)
    seen.push(await cache.purge())
    await cache.close()
    expect(errors).toEqual([])
    return seen
  }

  const EXPECTED = [[undefined, 2, 3, 4], 3, 1, [undefined, undefined, undefined, 4], 2, 2, 1]

  test('a policy works as it is', async () => {
    expect(await useAll(new Written(FIFO))).toEqual(EXPECTED)
  })

  test.each<[how: string, around: (names: readonly string[]) => string]>([
    ['before its functions', (names) => `local ${names.join(', ')} = 'x'\n${FIFO}`],
    ['after its functions', (names) => `${FIFO}\nlocal ${names.join(', ')}`],
    [
      'as functions',
      (names) => names.map((name) => `local function ${name}() return 'x' end`).join('\n') + FIFO,
    ],
  ])('a policy may have locals of every name of ours, %s', async (_, textOf) => {
    // Lua allows 200 locals in a function.
    for (let first = 0; first < NAMES.length; first += 150) {
      const text = textOf(NAMES.slice(first, first + 150))
      expect(await useAll(new Written(text))).toEqual(EXPECTED)
    }
  })

  test('whichever of them it has, and whatever their values are', async () => {
    const value = fc.constantFrom('nil', 'false', '{}', '0', "'x'", 'function() end')
    const locals = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 20, noNullPrototype: true })
    await fc.assert(
      fc.asyncProperty(locals, async (given) => {
        const text = Object.entries(given).map(([name, of]) => `local ${name} = ${of}\n`)
        expect(await useAll(new Written(text.join('') + FIFO))).toEqual(EXPECTED)
      }),
      { numRuns: runs(15) },
    )
  })

  test('what it finds is its own to change', async () => {
    const text = `
      local own = index
      ${FIFO.replaceAll('index', 'own')}
      index, structure, ext, CHUNK, values, digits, slice, now_us, now_ms, move_moment = nil
    `
    expect(await useAll(new Written(text))).toEqual(EXPECTED)
  })

  test('nothing else of ours is there for it', async () => {
    for (const name of ['expiry', 'leases', 'heal', 'moment_us', 'KEYS_OF']) {
      const cache = new RedisFuncCache(unique('scope'), new Written(`${FIFO}\n${name} = 'x'`), {
        store: target.newStore(),
        onError: 'throw',
      })
      await expect(cache.getSize()).rejects.toThrow(/readonly table|global variable/)
    }
  })

  test('those of the library work beside it', async () => {
    expect(await useAll(new FifoPolicy())).toEqual(EXPECTED)
  })
})

test('a text that lacks a function is refused where it is given', () => {
  for (const missing of ['touch', 'insert', 'evict', 'remove', 'size']) {
    const text = FIFO.replaceAll(missing, 'other')
    expect(() => composeScripts(text)).toThrow(PolicyError)
    expect(() => composeScripts(text)).toThrow(`lacks 'local function ${missing}'`)
  }
  expect(() => composeScripts(['local function touch() end', FIFO])).not.toThrow()
})
