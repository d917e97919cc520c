// Whoever leaves leaves nothing behind: nobody would ever look for it again.
import { describe, expect, test } from 'vitest'
import type { NewEntry } from '../../../src/index.ts'
import { LinkedOrder } from '../../../src/policies/orders/linked-order.ts'
import { MemoryContent } from '../../../src/stores/memory/partition-data.ts'

const full = (hash: string, more: Partial<NewEntry> = {}): NewEntry => ({
  hash,
  value: hash,
  ttlMs: 100,
  token: undefined,
  note: { freshMs: 50, computeMs: 1, tags: ['all', `own ${hash}`] },
  ...more,
})

function filled(maxSize: number): MemoryContent {
  const content = new MemoryContent(new LinkedOrder(true, 'oldest'))
  for (const hash of 'abcdef') content.store([[hash, full(hash)]], 0, maxSize)
  return content
}

/** All names that are known in any place of it. */
function namesIn(content: MemoryContent): Record<string, string[]> {
  const { values, expiry, fresh, tags } = content
  return {
    values: [...values.keys()],
    expiry: Array.from(expiry.entries(), ([name]) => name),
    fresh: [...fresh.keys()],
    tagged: tags.having('all'),
    ofItsOwn: [...'abcdef'].filter((hash) => tags.having(`own ${hash}`).includes(hash)),
    known: [...'abcdef'].filter((hash) => tags.of(hash) !== undefined),
  }
}

const only = (...names: string[]): Record<string, string[]> => ({
  values: names,
  expiry: names,
  fresh: names,
  tagged: names,
  ofItsOwn: names,
  known: names,
})

describe('of an entry', () => {
  test('that was evicted, nothing is left', () => {
    expect(namesIn(filled(2))).toEqual(only('e', 'f'))
  })

  test('that was swept, nothing is left', () => {
    const content = filled(100)
    content.store([['f', full('f', { ttlMs: 300 })]], 0, 100)
    expect(content.sweep(100)).toBe(5)
    expect(namesIn(content)).toEqual(only('f'))
    expect(content.order.size()).toBe(1)
  })

  test('that was invalidated, nothing is left', () => {
    const content = filled(100)
    expect(content.drop(['a', 'b', 'c', 'none'], false, 0)).toBe(3)
    expect(namesIn(content)).toEqual(only('d', 'e', 'f'))
  })

  test('that was softly invalidated, all is left if it has a time of grace', () => {
    const content = filled(100)
    const { note: _, ...bare } = full('f')
    content.store([['f', bare]], 0, 100)
    expect(content.drop(['a', 'f'], true, 10)).toBe(2)
    expect(namesIn(content)).toEqual(only('a', 'b', 'c', 'd', 'e'))
    expect(content.fresh.get('a')).toEqual({ untilMs: 10, computeMs: 1, storedMs: 0 })
    expect(content.expiry.get('a')).toBe(60)
    expect(content.fresh.get('b')?.untilMs).toBe(50)
  })

  test('that was replaced, nothing is left of what it was', () => {
    const content = filled(100)
    for (const hash of 'abcdef') {
      content.store([[hash, { hash, value: '', ttlMs: undefined, token: undefined }]], 0, 100)
    }
    expect(namesIn(content)).toEqual({ ...only(), values: [...'abcdef'] })
  })
})

test('what was loaded later is newer, unless it was stored when the clock was ahead of now', () => {
  const content = new MemoryContent(new LinkedOrder(true, 'oldest'))
  content.store([['a', full('a', { ttlMs: 60_000, note: { freshMs: 50, computeMs: 300 } })]], 10_000, 10)
  content.store([['b', full('b', { ttlMs: 60_000, note: undefined })]], 10_000, 10)
  const isNewer = (name: string, beganMs: number, otherwise: boolean, atMs = 11_000) =>
    content.isNewer(name, beganMs * 1_000, otherwise, atMs)
  expect([isNewer('a', 9_699, false), isNewer('a', 9_700, true)]).toEqual([true, false])
  expect([isNewer('a', 9_000, false, 9_999), isNewer('a', 9_000, true, 9_999)]).toEqual([false, true])
  expect([isNewer('b', 9_000, false), isNewer('b', 9_000, true)]).toEqual([false, true])
  expect([isNewer('a', 9_000, true, 70_000), isNewer('none', 9_000, true)]).toEqual([false, false])
})
