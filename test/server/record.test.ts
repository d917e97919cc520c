// Recordings of a running cache: what they hold, and that the simulator makes the same of them as the cache did.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CANDIDATES } from '../../src/simulation/candidates.ts'
import { readTrace } from '../../src/simulation/formats/read-trace.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { Random } from '../random.ts'
import { type CacheOptions, type ErrorEvent, LruPolicy, OptionError, RedisFuncCache } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
const folder = mkdtempSync(join(tmpdir(), 'redis-func-cache-recordings-'))
beforeAll(async () => {
  target = await openTarget()
})
afterAll(async () => {
  await target.close()
  rmSync(folder, { recursive: true, force: true })
})

const newCache = (options: CacheOptions = {}) =>
  new RedisFuncCache(unique('record'), new LruPolicy(), { store: target.newStore(), maxSize: 30, ...options })

let files = 0
const newFile = () => join(folder, `${++files}.csv.gz`)

/** The rows of a recording, without times and with short names for its keys. */
function rowsOf(file: string): string[] {
  const names = new Map<string, string>()
  const rows = gunzipSync(readFileSync(file)).toString().trim().split('\n')
  return rows
    .filter((row) => /^\d/.test(row))
    .map((row) => {
      const [, key = '', fn, outcome, bytes, ms] = row.split(',')
      if (!names.has(key)) names.set(key, String.fromCodePoint(97 + names.size))
      const size = bytes === '' ? '' : ` ${Number(bytes) > 0 ? 'bytes' : 'no bytes'}`
      return `${names.get(key)} ${fn} ${outcome}${size}${ms === '' ? '' : ' ms'}`
    })
}

describe('the simulator', () => {
  test('makes of a recording what the cache did, call by call', async () => {
    const cache = newCache()
    const file = newFile()
    const recording = cache.record(file)
    let misses = 0
    const square = cache.wrap(
      async (n: number) => {
        misses++
        return n * n
      },
      { name: 'square' },
    )
    const random = new Random('recording')
    const calls = 1_000
    for (let i = 0; i < calls; i++) await square(Math.floor(100 * (random.below(1_000) / 1_000) ** 2))
    const summary = await recording.stop()
    expect(summary).toEqual({ calls, bytes: statSync(file).size, endedBy: 'stop', error: undefined })

    const { trace, head, notes } = await readTrace(file)
    expect(head).toMatchObject({ cache: cache.name, policy: 'lru', maxSize: 30, sample: 1 })
    expect(notes).toEqual([])
    expect(trace).toMatchObject({ requests: calls, recordedHits: calls - misses, rate: 1 })
    const order = CANDIDATES.get('lru')?.createOrder()
    if (order === undefined) throw new Error('LRU cannot be simulated')
    expect(simulate(trace, order, { kind: 'entries', limit: 30 }).misses).toBe(misses)
    expect(trace.bytes?.every((bytes) => bytes > 0)).toBe(true)
    await cache.close()
  })
})

describe('what is recorded', () => {
  test('misses, runs, hits, calls that join others, and the calls of a list one by one', async () => {
    const cache = newCache()
    const file = newFile()
    const recording = cache.record(file)
    const one = cache.wrap(async (n: number) => n, { name: 'one, of two' })
    await Promise.all([one(1), one(1)])
    await one(1)
    const many = cache.wrapMany(async (ids: readonly number[]) => ids, { name: 'many' })
    await many([7, 8])
    await many([8])
    await recording.stop()
    // A name with a comma is in quotes, which the rows here are split by.
    const rows = gunzipSync(readFileSync(file)).toString()
    expect(rows.match(/"one, of two",(\w+)/g)?.map((each) => each.split(',').at(-1))).toEqual([
      'miss',
      'store',
      'join',
      'hit',
    ])
    expect(rowsOf(file).filter((row) => row.includes('many'))).toEqual([
      expect.stringMatching(/^. many miss$/),
      expect.stringMatching(/^. many miss$/),
      expect.stringMatching(/^. many store bytes ms$/),
      expect.stringMatching(/^. many store bytes ms$/),
      expect.stringMatching(/^. many hit$/),
    ])
    await cache.close()
  })

  test('results that are not stored, and functions that fail', async () => {
    const cache = newCache()
    const file = newFile()
    const recording = cache.record(file)
    const unwanted = cache.wrap(async (n: number) => n, { name: 'unwanted', cacheIf: () => false })
    await unwanted(1)
    const failing = cache.wrap(
      async (_n: number): Promise<number> => {
        throw new Error('no')
      },
      { name: 'failing' },
    )
    for (const n of [2, 2]) await failing(n).catch(() => {})
    await recording.stop()
    expect(rowsOf(file)).toEqual([
      'a unwanted miss',
      'a unwanted skip no bytes ms',
      'b failing miss',
      'b failing miss',
    ])
    expect([...(await readTrace(file)).trace.isUnstorable]).toEqual([1, 1, 0])
    await cache.close()
  })

  test('a call that is served a fallback is a miss, and that alone', async () => {
    const cache = newCache()
    const file = newFile()
    let fails = false
    const get = cache.wrap(
      async (n: number) => {
        if (fails) throw new Error('no')
        return n
      },
      { name: 'get', ttl: '1m', staleIfError: '1h' },
    )
    await get(1)
    await get.invalidateAll({ soft: true })
    fails = true
    const recording = cache.record(file)
    expect(await get(1)).toBe(1)
    await recording.stop()
    expect(rowsOf(file)).toEqual(['a get miss'])
    await cache.close()
  })

  test('near hits', async () => {
    if (target.client === undefined && target.name !== 'memory') return
    const cache = newCache({ near: true })
    const file = newFile()
    const get = cache.wrap(async (n: number) => n, { name: 'get' })
    await get(1)
    await get(1)
    const recording = cache.record(file)
    for (let i = 0; i < 3; i++) await get(1)
    const near = cache.stats().near
    await recording.stop()
    expect(rowsOf(file).filter((row) => row === 'a get near')).toHaveLength(Math.min(3, near))
    expect(rowsOf(file)).toHaveLength(3)
    await cache.close()
  })

  test('no argument, and no digest by which one can be found: two recordings of the same call share no key', async () => {
    const cache = newCache()
    const get = cache.wrap(async (_secret: string) => 1, { name: 'get' })
    const keys: string[] = []
    for (const file of [newFile(), newFile()]) {
      const recording = cache.record(file)
      await get('4111-1111-1111-1111')
      await recording.stop()
      const text = gunzipSync(readFileSync(file)).toString()
      expect(text).not.toContain('4111')
      expect(text).not.toContain(get.keyOf('4111-1111-1111-1111').hash)
      keys.push(text.split('\n')[3]?.split(',')[1] ?? '')
      expect(statSync(file).mode & 0o077).toBe(0)
    }
    expect(keys[0]).toHaveLength(12)
    expect(keys[0]).not.toBe(keys[1])
    await cache.close()
  })

  test('of a sample, all calls of a part of the keys', async () => {
    const cache = newCache({ maxSize: 1_000 })
    const get = cache.wrap(async (n: number) => n, { name: 'get' })
    const file = newFile()
    const recording = cache.record(file, { sample: 0.25 })
    for (let round = 0; round < 2; round++) await Promise.all(Array.from({ length: 400 }, (_, n) => get(n)))
    await recording.stop()
    const { trace, notes } = await readTrace(file)
    expect(trace.requests).toBe(800)
    expect(trace.ids.length).toBe(2 * trace.keys)
    // Four standard deviations of 400 keys that are each chosen with a chance of 1 to 4.
    expect(Math.abs(trace.keys - 100)).toBeLessThan(36)
    expect(notes.join()).toContain('25 %')
    await cache.close()
  })
})

describe('its end', () => {
  test('when the file has what it may, which it never passes', async () => {
    const cache = newCache()
    const get = cache.wrap(async (n: number) => n, { name: 'get' })
    const file = newFile()
    const recording = cache.record(file, { maxBytes: 8_192 })
    for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 50 }, (_, n) => get(50 * i + n)))
    const summary = await recording.stop()
    expect(summary.endedBy).toBe('max-bytes')
    expect(statSync(file).size).toBeLessThanOrEqual(8_192)
    expect(statSync(file).size).toBeGreaterThan(4_000)
    const { trace, notes } = await readTrace(file)
    expect(trace.ids.length).toBe(summary.calls)
    expect(notes).toEqual(['The recording ended when it had maxBytes.'])
    await cache.close()
  })

  test('with the cache', async () => {
    const cache = newCache()
    const file = newFile()
    const recording = cache.record(file)
    await cache.wrap(async () => 1, { name: 'get' })()
    await cache.close()
    expect(gunzipSync(readFileSync(file)).toString()).toContain('"endedBy":"close"')
    expect(await recording.stop()).toMatchObject({ calls: 1, endedBy: 'close' })
  })

  // Writes to this device fail as on a disk that is full.
  test.skipIf(!existsSync('/dev/full'))(
    'when the file cannot be written any more: an event tells of it, and calls go on',
    async () => {
      const cache = newCache()
      const failed = new Promise<ErrorEvent>((resolve) => cache.on('error', resolve))
      const recording = cache.record('/dev/full')
      const get = cache.wrap(async (n: number) => n, { name: 'get' })
      expect(await get(3)).toBe(3)
      expect(await recording.stop()).toMatchObject({ endedBy: 'error', error: { code: 'ENOSPC' } })
      expect(await failed).toMatchObject({ during: 'record', function: undefined, error: { code: 'ENOSPC' } })
      expect(await get(4)).toBe(4)
      await cache.close()
    },
  )

  test('a file that cannot be opened is refused at once', async () => {
    const cache = newCache()
    const attempt = () => cache.record(join(folder, 'no such folder', 'calls.csv.gz'))
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(/^record: the file cannot be opened \(ENOENT: .*Give one in a folder that exists/)
    expect(() => cache.record(folder)).toThrow(/^record: the file cannot be opened \(EISDIR/)
    await cache.close()
  })

  test('after it, calls are not told to it any more; another recording goes on', async () => {
    const cache = newCache()
    const get = cache.wrap(async (n: number) => n, { name: 'get' })
    const [first, second] = [cache.record(newFile()), cache.record(newFile())]
    await get(1)
    expect(await first.stop()).toMatchObject({ calls: 1 })
    await get(1)
    expect(await second.stop()).toMatchObject({ calls: 2 })
    expect(await first.stop()).toMatchObject({ calls: 1 })
    await cache.close()
  })
})

test.each([
  ['', {}, /record: '' is empty/],
  [newFile(), { sample: 0 }, /record\.sample: 0 is no part of the keys/],
  [newFile(), { sample: 1.5 }, /above 0, up to 1/],
  [newFile(), { maxBytes: 10 }, /record\.maxBytes: 10 is not a whole number of bytes from 4096/],
  [newFile(), { rate: 1 } as object, /rate/],
])('record(%j, %j) is refused', async (file, options, message) => {
  const cache = newCache()
  expect(() => cache.record(file, options)).toThrow(message)
  await cache.close()
})
