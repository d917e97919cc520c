import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Entry, History, readHistory } from './history.ts'
import { judge, type Loss } from './judge.ts'

const MAX_MS = 100
const written = (key: number, beginMs: number, endMs: number): Entry => ({
  kind: 'written',
  key,
  atMs: endMs,
  valueMs: beginMs,
  stampedBy: -1,
})
const found = (valueMs: number, atMs: number): Entry => ({
  kind: 'found',
  key: 1,
  atMs,
  valueMs,
  stampedBy: -1,
})
const near = (valueMs: number, atMs: number): Entry => ({
  kind: 'near',
  key: 1,
  atMs,
  valueMs,
  stampedBy: -1,
})
const since = (valueMs: number, atMs: number, stampedBy: number): Entry => ({
  kind: 'since',
  key: 1,
  atMs,
  valueMs,
  stampedBy,
})
const violated = (histories: readonly (readonly Entry[])[], losses: readonly Loss[] = []): number =>
  judge(
    histories.map((entries) => () => entries),
    losses,
    MAX_MS,
  ).violated

describe('What was read is older than promised', () => {
  const write = [written(1, 1_000, 1_010)]

  it.each([
    ['from the server, after the write had ended', [found(990, 1_020)], 1],
    ['from the server, computed after the write had begun', [found(1_005, 1_020)], 0],
    ['from the server, while the write was under way', [found(990, 1_005)], 0],
    ['near, within the bound', [near(990, 1_100)], 0],
    ['near, after the bound', [near(990, 1_120)], 1],
    ['near, of another key', [{ ...near(990, 1_120), key: 2 }], 0],
  ])('or not: %s', (_, reads, expected) => {
    expect(violated([write, reads])).toBe(expected)
  })

  it('at once where the process has written itself', () => {
    expect(violated([[...write, near(990, 1_020)]])).toBe(1)
  })

  it.each([
    ['it was made after the write had ended', [since(990, 1_012, 0)], 1],
    ['it was made before', [since(990, 1_008, 0)], 0],
    ['it was made by another process', [since(990, 1_012, 1)], 0],
    ['the value is newer', [since(1_001, 1_012, 0)], 0],
  ])('within a stamp, or not: %s', (_, reads, expected) => {
    expect(violated([write, reads])).toBe(expected)
  })

  it('if everything was overwritten', () => {
    expect(violated([[written(-1, 1_000, 1_010)], [found(990, 1_020)]])).toBe(1)
  })

  it('also if a write that began earlier ended later', () => {
    const writes = [written(1, 1_000, 1_010), written(1, 900, 1_015)]
    expect(violated([writes, [found(950, 1_020)]])).toBe(1)
  })

  it('but not if the write was lost in a failover', () => {
    const loss: Loss = { fromMs: 1_005, toMs: 1_050, of: 'writes' }
    expect(violated([write, [found(-9_000, 1_020)]], [loss])).toBe(0)
    expect(violated([write, [found(-9_000, 1_020)]], [{ ...loss, fromMs: 1_012 }])).toBe(1)
  })

  it('but not if its load was under way when the fence was lost', () => {
    const losses: Loss[] = [{ fromMs: 995, toMs: 1_050, of: 'fence' }]
    expect(violated([write, [found(990, 1_060)]], losses)).toBe(0)
    expect(violated([[...write, written(1, 1_060, 1_070)], [found(990, 1_080)]], losses)).toBe(1)
    expect(violated([[written(1, 9_000, 9_010)], [found(990, 9_020)]], losses)).toBe(1)
  })
})

describe('Near hits of what was overwritten already', () => {
  it('are counted, with their ages', () => {
    const reads = [near(990, 1_012), near(990, 1_050), near(1_005, 1_050)]
    const { outdated } = judge([() => [written(1, 1_000, 1_010)], () => reads], [], MAX_MS)
    expect(outdated).toMatchObject({ count: 2, longestMs: 40 })
  })
})

describe('A history', () => {
  it('is read as it was written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'history-'))
    try {
      const path = join(folder, 'one')
      const history = new History(path)
      for (let i = 0; i < 40_000; i++) history.add('since', i, i + 0.25, i / 3, 2)
      history.close()
      const entries = [...readHistory(path)]
      expect(entries).toHaveLength(40_000)
      expect(entries[39_999]).toEqual({
        kind: 'since',
        key: 39_999,
        atMs: 39_999.25,
        valueMs: 13_333,
        stampedBy: 2,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
