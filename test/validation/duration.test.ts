import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Duration, toMs } from '../../src/validation/duration.ts'
import { OptionError } from '../../src/errors.ts'

const YEAR_MS = 365 * 86_400_000

describe('durations', () => {
  test.each<{ duration: Duration; ms: number }>([
    { duration: 1, ms: 1_000 },
    { duration: 3_600, ms: 3_600_000 },
    { duration: 0.25, ms: 250 },
    { duration: 0.001, ms: 1 },
    { duration: 0.0005, ms: 1 },
    { duration: 1.2345, ms: 1_235 },
    { duration: '1ms', ms: 1 },
    { duration: '250ms', ms: 250 },
    { duration: '0.6ms', ms: 1 },
    { duration: '30s', ms: 30_000 },
    { duration: '1.5s', ms: 1_500 },
    { duration: '5m', ms: 300_000 },
    { duration: '0.5h', ms: 1_800_000 },
    { duration: '1h', ms: 3_600_000 },
    { duration: '7d', ms: 604_800_000 },
    { duration: '36500d', ms: 100 * YEAR_MS },
  ])('$duration is $ms ms', ({ duration, ms }) => {
    expect(toMs(duration, 'ttl')).toBe(ms)
  })

  test.each<{ given: unknown; shown: string }>([
    { given: 0, shown: '0' },
    { given: -1, shown: '-1' },
    { given: 0.0001, shown: '0.0001' },
    { given: Number.NaN, shown: 'NaN' },
    { given: Number.POSITIVE_INFINITY, shown: 'Infinity' },
    { given: 3_200_000_000, shown: '3200000000' }, // milliseconds by mistake
    { given: '', shown: '' },
    { given: '5', shown: '5' },
    { given: '5 m', shown: '5 m' },
    { given: '5min', shown: '5min' },
    { given: '-5s', shown: '-5s' },
    { given: '0s', shown: '0s' },
    { given: '.5s', shown: '.5s' },
    { given: '1e3s', shown: '1e3s' },
    { given: '5M', shown: '5M' },
    { given: '5s\n', shown: '5s' },
    { given: '36501d', shown: '36501d' },
    { given: 5n, shown: '5' },
    { given: null, shown: 'null' },
    { given: true, shown: 'true' },
    { given: [5], shown: '5' },
    { given: { ms: 5 }, shown: 'ms' },
    { given: Symbol('5s'), shown: 'Symbol(5s)' },
  ])('$given is none, and the message says what is', ({ given, shown }) => {
    const attempt = () => toMs(given as Duration, 'ttl')
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(/^ttl: .*not a duration.*seconds.*'250ms', '30s', '5m', '1h' or '7d'/s)
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(shown) }),
    )
  })

  test('of all lengths are whole milliseconds, and the same in every unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (ms) => {
        expect(toMs(ms / 1000, 'ttl')).toBe(ms)
        expect(toMs(`${ms}ms`, 'ttl')).toBe(ms)
        expect(toMs(`${ms}s`, 'ttl')).toBe(ms * 1000)
      }),
    )
  })
})
