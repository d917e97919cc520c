// An entry that was removed leaves nothing behind, since nothing would ever remove it later.
import { describe, expect, test } from 'vitest'
import type { NewEntry } from '../../../src/store.ts'
import { LinkedOrder } from '../../../src/policies/orders/linked-order.ts'
import { PartitionData } from '../../../src/stores/memory/partition-data.ts'

const full = (hash: string, more: Partial<NewEntry> = {}): NewEntry => ({
  hash,
  value: hash,
  ttlMs: 100,
  token: undefined,
  metadata: { freshMs: 50, tags: ['all', `own ${hash}`] },
  ...more,
})

const upTo = (maxSize: number) => ({ maxSize, maxBytes: Number.POSITIVE_INFINITY })

function filled(maxSize: number): PartitionData {
  const content = new PartitionData(new LinkedOrder(true, 'oldest'), 'abcd')
  for (const hash of 'abcdef')
    content.store([full(hash)], 0, { maxSize: maxSize, maxBytes: Number.POSITIVE_INFINITY })
  return content
}

/** All names that are known in any place of it. */
function namesIn(content: PartitionData): Record<string, string[]> {
  const { values, expiry, tags } = content
  return {
    values: [...values.keys()],
    expiry: Array.from(expiry.entries(), ([name]) => name),
    tagged: tags.having('all'),
    ofItsOwn: [...'abcdef'].filter((hash) => tags.having(`own ${hash}`).includes(hash)),
    known: [...'abcdef'].filter((hash) => tags.of(hash) !== undefined),
  }
}

const only = (...names: string[]): Record<string, string[]> => ({
  values: names,
  expiry: names,
  tagged: names,
  ofItsOwn: names,
  known: names,
})

describe('the data of an entry', () => {
  test('is removed by an eviction', () => {
    expect(namesIn(filled(2))).toEqual(only('e', 'f'))
  })

  test('is removed by a sweep', () => {
    const content = filled(100)
    content.store([full('f', { ttlMs: 300 })], 0, upTo(100))
    expect(content.sweep(100)).toBe(5)
    expect(namesIn(content)).toEqual(only('f'))
    expect(content.order.size()).toBe(1)
  })

  test('is removed by an invalidation', () => {
    const content = filled(100)
    expect(content.drop(['a', 'b', 'c', 'none'], false, 0)).toBe(3)
    expect(namesIn(content)).toEqual(only('d', 'e', 'f'))
  })

  test('stays after a soft invalidation if it has a grace period', () => {
    const content = filled(100)
    const { metadata: _, ...bare } = full('f')
    content.store([bare], 0, upTo(100))
    expect(content.drop(['a', 'f'], true, 10)).toBe(2)
    expect(namesIn(content)).toEqual(only('a', 'b', 'c', 'd', 'e'))
    expect(content.read('a')).toMatchObject({ freshUntilMs: 10, storedAtMs: 0, expiresAtMs: 60 })
    expect(content.expiry.get('a')).toBe(60)
    expect(content.read('b')).toMatchObject({ freshUntilMs: 50, expiresAtMs: 100 })
  })

  test('is replaced completely by a put', () => {
    const content = filled(100)
    for (const hash of 'abcdef') {
      content.store([{ hash, value: '', ttlMs: undefined, token: undefined }], 0, upTo(100))
    }
    expect(namesIn(content)).toEqual({ ...only(), values: [...'abcdef'] })
  })
})

test('the beginning of a load is known, unless it was recorded when the clock was ahead of now', () => {
  const content = new PartitionData(new LinkedOrder(true, 'oldest'), 'abcd')
  content.store([full('a', { ttlMs: 60_000, token: 9_700_000 })], 10_000_000, upTo(10))
  expect(content.beganUs('a', 10_000_000)).toBe(9_700_000)
  expect(content.beganUs('a', 9_699_999)).toBeUndefined()
  expect(content.beganUs('a', 70_000_000)).toBeUndefined() // it has expired
  expect(content.beganUs('none', 10_000_000)).toBeUndefined()
  content.values.set('b', content.values.get('a') as Buffer)
  expect(content.beganUs('b', 10_000_000)).toBeUndefined() // it is that of another call
  content.values.set('c', Buffer.from('bare'))
  expect(content.beganUs('c', 10_000_000)).toBe('unknown')
})
