// A value that comes with its trailer: the script keeps it if its time is right, and writes it anew otherwise.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partitionMark, labelOf, trailerOf } from '../../src/stores/trailer.ts'
import { LruTPolicy } from './library.ts'
import { entry, newPlace, scoresOf } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

const TIMES = '3 5000 9000'
const TEXT = 'two lines\n1 of thém'

describe.runIf(hasServer)('a value that comes with its trailer', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  /** Stores a value whose trailer has a time so many milliseconds after the present one. */
  async function putAs(afterMs: number) {
    const store = target.newStore()
    const place = newPlace(new LruTPolicy())
    const [index, values] = place.keys
    const beside = ['expiry', 'fence', 'tags', 'leases', 'changes', 'bytes'].map(
      (name) => `${values}:${name}`,
    )
    const beganUs = (await store.now(place)) - 20_000_000
    const trailersMs = Math.floor(beganUs / 1_000) + 20_000 + afterMs
    const label = labelOf('hash', partitionMark(values), 'auto')
    const value = TEXT + trailerOf(label, beganUs, trailersMs, TIMES, undefined)
    const args = [
      '0',
      '60000',
      '0',
      String(trailersMs),
      '1',
      'hash',
      value,
      label,
      TIMES,
      String(beganUs),
      '',
    ]
    const keys = [index, values, ...beside]
    const script = place.policy.luaScripts.put.source
    const answer = await target.raw(index, 'EVAL', script, '8', ...keys, ...args, 'PUBLISH', 'nonce')
    const [atUs, , storedMs] = (answer as unknown as [unknown, number[]])[1].map(Number) as [
      number,
      0,
      number,
    ]
    const [lookup] = await store.get(place, ['hash'])
    const ends = await scoresOf(target, `${values}:expiry`)
    return { lookup, beganUs, trailersMs, storedMs, atMs: Math.floor(atUs / 1_000), endsMs: ends.get('hash') }
  }

  test.each([
    { what: 'just before it comes: kept', afterMs: 0 },
    { what: 'a little before it comes: kept', afterMs: -300 },
    { what: 'long before it comes: written anew', afterMs: -15_000 },
    { what: 'in the future, after the clock was set back: written anew', afterMs: 60_000 },
  ])('with a time $what', async ({ afterMs }) => {
    const { lookup, beganUs, trailersMs, storedMs, atMs, endsMs } = await putAs(afterMs)
    const isRight = trailersMs <= atMs && trailersMs > atMs - 1_000
    if (Math.abs(afterMs) > 10_000) expect(isRight).toBe(false)
    expect(storedMs).toBe(isRight ? trailersMs : atMs)
    const times = { storedAtMs: storedMs, freshUntilMs: storedMs + 5_000, expiresAtMs: storedMs + 9_000 }
    expect(lookup).toMatchObject({ ...times, beganUs, computeMs: 3 })
    expect(String(lookup?.value)).toBe(TEXT)
    expect(endsMs).toBe(storedMs + 9_000)
  })

  test('is found with the time that the put has reported, whoever wrote the trailer', async () => {
    const store = target.newStore()
    const place = newPlace(new LruTPolicy())
    const token = await store.now(place)
    const metadata = { serializer: 'auto', computeMs: 1, freshMs: 60_000 }
    const entries = [
      entry('text', { token, metadata, ttlMs: 60_000 }),
      entry('bytes', { token, metadata, ttlMs: 60_000, value: Buffer.from([0, 255, 10]) }),
      entry('tagged', { token, metadata: { ...metadata, tags: ['tag'] }, ttlMs: 60_000 }),
    ]
    const { atUs } = await store.put(place, entries)
    const afterUs = await store.now(place)
    expect(atUs).toBeLessThanOrEqual(afterUs)
    expect(atUs).toBeGreaterThan(token - 1_000)
    const lookups = await store.get(
      place,
      entries.map(({ hash }) => hash),
      { isTagged: true },
    )
    expect(lookups.map(({ storedAtMs }) => storedAtMs)).toEqual(entries.map(() => Math.floor(atUs / 1_000)))
    expect(lookups.map(({ value }) => value).map(String)).toEqual(entries.map(({ value }) => String(value)))
  })
})
