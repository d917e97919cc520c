import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { hasTraces, TRACES } from '../../scripts/replay.ts'
import { POLICIES } from '../../src/policies/index.ts'
import { simulateCommand } from '../../src/simulation/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'redis-func-cache-simulate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A small trace: 60 popular keys again and again, between keys that are requested once. */
const SMALL = join(folder, 'small.csv')
const popular = (i: number) => Math.floor(60 * ((i * 0.618_034) % 1) ** 2)
const rows = Array.from({ length: 3_000 }, (_, i) =>
  i % 3 === 0 ? `once-${i},500,1` : `popular-${popular(i)},100,${popular(i) % 7 === 1 ? 200 : 10}`,
)
writeFileSync(SMALL, `key,bytes,ms\n${rows.join('\n')}\n`)

async function run(...args: readonly string[]): Promise<string> {
  const printed: string[] = []
  await simulateCommand(args, (text) => void printed.push(text))
  return printed.join('\n')
}

const json = async (...args: readonly string[]) =>
  JSON.parse(await run(...args, '--json')) as {
    readonly requests: number
    readonly results: readonly Record<string, unknown>[]
    readonly recommendation: readonly string[]
  }

describe('results', () => {
  test('of all policies, beside the optimum, with a recommendation', async () => {
    const text = await run('--trace', SMALL, '--sizes', '10,100', '--policies', 'all')
    expect(text).toMatch(
      /small\.csv \(csv\): 3,000 requests of 1,0\d\d keys, [\d,.]+ s to compute them all\./,
    )
    expect(text).toMatch(/bound +policy +hit ratio +byte hit ratio +recomputed +spared/)
    expect(text).toMatch(/100 entries +optimum +\d/)
    expect(text).toMatch(/^Policy: \w+Policy\. With (10|100) entries it recomputes [\d.,]+ s/m)
    expect(text).toMatch(/^Bound: (10|100) entries\./m)
    for (const key of Object.keys(POLICIES)) {
      if (['lru', 'fifo_t'].includes(key)) continue
      expect(text).toContain(` ${key.replaceAll('_', '-')} `)
    }
  })

  test('of short times have milliseconds', async () => {
    const file = join(folder, 'short.csv')
    writeFileSync(file, 'key,ms\na,10\nb,20\na,10\n')
    const text = await run('--trace', file, '--sizes', '2', '--policies', 'lru-t')
    expect(text).toMatch(/^short\.csv \(csv\): 3 requests of 2 keys, 0\.04 s to compute them all\./)
    expect(text).toMatch(/lru-t +33\.33 % +0\.030 s +0\.010 s/)
    writeFileSync(file, 'key\na\n')
    expect(await run('--trace', file, '--policies', 'lru-t')).toMatch(/: 1 request of 1 key\./)
  })

  test('policies by any of their names, and their figures as JSON', async () => {
    const { results, requests } = await json(
      '--trace',
      SMALL,
      '--sizes',
      '50',
      '--policies',
      'LRU_T,FifoPolicy',
    )
    expect(requests).toBe(3_000)
    expect(results.map(({ policy }) => policy)).toEqual(['lru-t', 'fifo', 'optimum'])
    const all = results as unknown as { readonly recomputedSeconds: number; readonly hitRatio: number }[]
    const [optimum, lru, fifo] = [2, 0, 1].map((i) => all[i]?.recomputedSeconds)
    expect([optimum, lru, fifo]).toEqual([optimum, lru, fifo].toSorted((one = 0, other = 0) => one - other))
    expect(new Set([optimum, lru, fifo]).size).toBe(3)
    expect(all[2]?.hitRatio).toBeGreaterThan(all[0]?.hitRatio ?? 1)
  })

  test('policies and sizes that are named twice are run once', async () => {
    const { results } = await json(
      '--trace',
      SMALL,
      '--sizes',
      '50,10,50',
      '--policies',
      'lru-t,all,LruTPolicy',
    )
    const ofLru = results.filter(({ policy }) => policy === 'lru-t')
    expect(ofLru.map(({ bound }) => (bound as { limit: number }).limit)).toEqual([10, 50])
    expect(results.some(({ policy }) => policy === 'sieve')).toBe(true)
  })

  test('random admission', async () => {
    const args = ['--trace', SMALL, '--sizes', '10', '--policies', 'lru-t'] as const
    const text = await run(...args, '--admit', '0.1')
    expect(text).toContain('A full cache stores a result with the probability 0.1.')
    const ratioOf = (table: string) => Number(/lru-t +([\d.]+) %/.exec(table)?.[1])
    // Between the popular keys are as many that are requested once.
    expect(ratioOf(text)).toBeGreaterThan(ratioOf(await run(...args)) + 5)
  })

  test('bounds of bytes', async () => {
    const text = await run('--trace', SMALL, '--sizes', '4kb,1mb', '--policies', 'lru-t')
    expect(text).toMatch(/ 4 KB +lru-t/)
    expect(text).toMatch(/ 1 MB +lru-t/)
    expect(text).toContain('a bound that no policy can pass (PFOO-L)')
  })

  test('without costs: hits alone', async () => {
    const keys = join(folder, 'keys')
    writeFileSync(keys, 'a\nb\na\nc\na\n'.repeat(50))
    const text = await run('--trace', keys, '--sizes', '1,2,3', '--policies', 'lru-t')
    expect(text).not.toMatch(/recomputed|byte hit/)
    expect(text).toMatch(/3 entries +lru-t +98\.80 %/)
    expect(text).toMatch(/^Policy: LruTPolicy\. With 3 entries it has 3 misses/m)
  })

  test('without --sizes: six of them, at most', async () => {
    const { results } = await json('--trace', SMALL, '--policies', 'lru-t')
    const limits = results
      .filter(({ policy }) => policy === 'lru-t')
      .map(({ bound }) => (bound as { limit: number }).limit)
    expect(limits).toEqual([10, 20, 40, 200, 400])
  })
})

test('a recording: what was recorded, and what its cache did', async () => {
  const file = join(folder, 'recording.csv')
  const lines = [
    '# redis-func-cache recording 1',
    '# {"cache":"shop","policy":"lru_t","maxSize":100,"maxBytes":65536,"sample":0.5,"began":"2026-01-01T00:00:00.000Z"}',
    'time,key,function,outcome,bytes,ms',
    ...['a', 'b', 'a', 'a'].map((key, i) => `${i},${key},f,${i < 2 ? 'miss' : 'hit'},,`),
    '9,a,f,store,10,100',
    '# {"calls":10,"endedBy":"stop"}',
  ]
  writeFileSync(file, lines.join('\n'))
  const text = await run('--trace', file, '--sizes', '10', '--policies', 'lru-t')
  expect(text).toMatch(/recording\.csv \(recording\): 10 requests of 4 keys/)
  expect(text).toContain(
    "Recorded of the cache 'shop' (lru_t, 100 entries, 64 KB), from 2026-01-01T00:00:00.000Z on.",
  )
  expect(text).toMatch(/50\.00 % of them hit/)
  // Two of four requests miss in the sample of a half: four of ten.
  expect(text).toMatch(/10 entries +lru-t +60\.00 %/)
  expect(text).toContain('a sample of 50 % of the keys')
})

test('the chart has axes with units, a line for each policy, and a legend', async () => {
  const file = join(folder, 'chart.svg')
  await run('--trace', SMALL, '--sizes', '10,30,100', '--policies', 'lru-t,fifo', '--chart', file)
  const svg = readFileSync(file, 'utf8')
  expect(svg.match(/<polyline/g)).toHaveLength(2 * 3)
  for (const text of [
    'Requests that miss (%)',
    'Time recomputed (seconds)',
    '(entries)',
    '>lru-t<',
    '>optimum<',
  ])
    expect(svg).toContain(text)
  expect(svg).toContain('prefers-color-scheme: dark')
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
})

describe('what it refuses', () => {
  test.each([
    [[], /--trace is missing/],
    [['--trace', SMALL, '--sizes', '0'], /'0' is no bound.*such as 1000/],
    [['--trace', SMALL, '--sizes', '10,64mb'], /either entries or bytes/],
    [['--trace', SMALL, '--policies', 'lru-x'], /there is no policy 'lru-x'\. Choose from fifo, /],
    [['--trace', SMALL, '--admit', '0'], /a probability above 0 and up to 1/],
    [['--trace', SMALL, '--admit', 'half'], /a probability above 0 and up to 1/],
    [['--trace', SMALL, '--format', 'xml'], /choose one of keys, csv, recording/],
    [['--trace', SMALL, '--chart', 'chart.png'], /ends with \.svg/],
    [['--trace', SMALL, '--speed', '9'], /speed/],
  ])('%j', async (args, message) => {
    const error = await run(...args).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) })
  })

  test('bounds of bytes where no sizes are known', async () => {
    const keys = join(folder, 'bare')
    writeFileSync(keys, 'a\nb\n')
    await expect(run('--trace', keys, '--sizes', '1kb')).rejects.toThrow(/does not tell how many bytes/)
  })
})

describe('the program', () => {
  const cli = ['--import', 'tsx', join(import.meta.dirname, '../../src/cli.ts')]
  const start = (args: readonly string[], input = '') =>
    spawnSync(process.execPath, [...cli, ...args], { encoding: 'utf8', input })

  test('reads the standard input', () => {
    const out = execFileSync(
      process.execPath,
      [...cli, 'simulate', '--trace', '-', '--sizes', '1', '--policies', 'lru'],
      { encoding: 'utf8', input: 'a\na\nb\n' },
    )
    expect(out).toMatch(/standard input \(keys\): 3 requests of 2 keys/)
  })

  test('tells how it is used, and ends with 2 where it does not understand, with 1 where it cannot', () => {
    expect(start(['simulate', '--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--sizes LIST'),
    })
    expect(start([])).toMatchObject({ status: 0, stdout: expect.stringContaining('simulate') })
    expect(start(['simulat'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no command 'simulat'"),
    })
    expect(start(['simulate', '--trace', join(folder, 'none')])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no such file'),
    })
  })
})

test.skipIf(!hasTraces())('a real trace (skipped: the traces are not beside the checkout)', async () => {
  const text = await run('--trace', join(TRACES, 'web12.gz'), '--sizes', '1500', '--policies', 'lru')
  expect(text).toMatch(/95,607 requests of 13,756 keys/)
  expect(text).toMatch(/1,500 entries +lru +69\.43 %/)
})
