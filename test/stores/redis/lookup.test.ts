import { expect, test } from 'vitest'
import { isDecided } from '../../../src/stores/redis/lookup.ts'
import { StoredEntry } from '../../../src/stores/trailer.ts'

/** The clock of the server shows something between these two. */
const EARLIEST_MS = 1_000
const LATEST_MS = 1_010

const entryWith = (times: Partial<StoredEntry>) => Object.assign(new StoredEntry(), times)
const isDecidedFor = (...entries: StoredEntry[]) => isDecided(entries, EARLIEST_MS, LATEST_MS)

test('an entry without an end is decided', () => {
  expect(isDecidedFor(new StoredEntry())).toBe(true)
})

test.each(['expiresAtMs', 'freshUntilMs'] as const)(
  '%s decides outside of the bounds of the clock',
  (name) => {
    expect(isDecidedFor(entryWith({ [name]: EARLIEST_MS }))).toBe(true) // over, whatever the clock shows
    expect(isDecidedFor(entryWith({ [name]: EARLIEST_MS + 1 }))).toBe(false)
    expect(isDecidedFor(entryWith({ [name]: LATEST_MS }))).toBe(false)
    expect(isDecidedFor(entryWith({ [name]: LATEST_MS + 1 }))).toBe(true)
  },
)

test('an entry that was stored in the future shows that the clock of the server has jumped', () => {
  expect(isDecidedFor(entryWith({ storedAtMs: LATEST_MS }))).toBe(true)
  expect(isDecidedFor(entryWith({ storedAtMs: LATEST_MS + 1 }))).toBe(false)
})

test('one undecided entry makes its batch undecided', () => {
  const decided = entryWith({ expiresAtMs: LATEST_MS + 1 })
  const undecided = entryWith({ expiresAtMs: LATEST_MS })
  expect(isDecidedFor(decided, undecided, decided)).toBe(false)
})
