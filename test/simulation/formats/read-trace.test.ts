import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { zstd } from '../../../src/serializers/envelope/zstd.ts'
import { byZstd } from '../../serializers/envelope/by-zstd.ts'
import { readTrace, type TraceFormat } from '../../../src/simulation/formats/read-trace.ts'

const folder = mkdtempSync(join(tmpdir(), 'redis-func-cache-traces-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function fileOf(content: string | Buffer): string {
  const file = join(folder, `trace-${++files}`)
  writeFileSync(file, content)
  return file
}

const read = (content: string | Buffer, format?: TraceFormat) => readTrace(fileOf(content), format)
const messageOf = (content: string | Buffer, format?: TraceFormat) =>
  read(content, format).then(
    () => 'it was read',
    (error: Error) => `${error.name}: ${error.message.replaceAll(folder, '')}`,
  )

const messageOfError = ({ message }: Error) => message

const TEXT = 'a\r\nb\na\n\nü'

describe('one key a line', () => {
  test('plain and by gzip, with any ends of lines', async () => {
    for (const content of [TEXT, zlib.gzipSync(TEXT)]) {
      const { trace, format } = await read(content)
      expect(format).toBe('keys')
      expect([...trace.ids]).toEqual([0, 1, 0, 2])
      expect(trace).toMatchObject({ keys: 3, requests: 4, rate: 1, costsMs: undefined, bytes: undefined })
    }
  })

  test('keys with commas, where the format is given', async () => {
    expect([...(await read('a,b\nkey,c\na,b', 'keys')).trace.ids]).toEqual([0, 1, 0])
    expect([...(await read('{"a":1}\nkey\n{"a":1}', 'keys')).trace.ids]).toEqual([0, 1, 0])
  })
})

describe('zstd', () => {
  const hasZstd = zstd() !== undefined
  const NONE = `Node ${process.versions.node} has no zstd that notices when data are cut off, as 24 and newer have`
  const long = Array.from({ length: 50_000 }, (_, i) => (i * 7_919) % 4_999).join('\n')

  test('is read', async ({ skip }) => {
    skip(!hasZstd, NONE)
    expect([...(await read(byZstd(TEXT))).trace.ids]).toEqual([0, 1, 0, 2])
    expect((await read(byZstd(long))).trace).toMatchObject({ keys: 4_999, requests: 50_000 })
  })

  test('is refused where it is cut off', async ({ skip }) => {
    skip(!hasZstd, NONE)
    expect(await messageOf(byZstd(long).subarray(0, 1_000))).toMatch(/the compressed data end early/)
  })

  test('of several frames is read whole, or refused', async ({ skip }) => {
    skip(!hasZstd, NONE)
    const several = Buffer.concat([byZstd(long), byZstd(`\n${long}`)])
    // Node 26 reads all of them, Node 24 the first.
    const requests = await read(several).then(({ trace }) => trace.requests, messageOfError)
    expect(String(requests)).toMatch(/^(100000|The trace has several frames of zstd, .*zstd -dc FILE.*)$/)
  })

  test('is refused with the way out where Node has none, or one that reads what is cut off', async ({
    skip,
  }) => {
    skip(hasZstd, 'this Node has zstd that can be relied on')
    expect(await messageOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]))).toMatch(
      /^TraceError: .*Node 24 and newer can\..*zstd -dc FILE/,
    )
  })
})

describe('CSV', () => {
  test('columns by their names, in any order; others are ignored', async () => {
    const { trace, format } = await read(
      'when,ms,key,hit,bytes,function\n1,2.5,"a,""1""",0,10,f\n2,,"a,""1""",hit,,f\n3,4,"a,""1""",,7,g\n',
    )
    expect(format).toBe('csv')
    expect([...trace.ids]).toEqual([0, 0, 1])
    expect([...(trace.costsMs ?? [])]).toEqual([2.5, 2.5, 4])
    expect([...(trace.bytes ?? [])]).toEqual([10, 10, 7])
    expect(trace.recordedHits).toBe(1)
  })

  test('columns that are not read are named', async () => {
    const { notes } = await read('key,duration,MS,Size\na,1,2,3\n')
    expect(notes).toEqual(['Columns that are not read: duration, size.'])
    expect((await read('key,ms\na,1\n')).notes).toEqual([])
  })

  test('a column of keys alone', async () => {
    expect([...(await read('key\na\nb\na')).trace.ids]).toEqual([0, 1, 0])
  })

  test.each([
    ['key,ms\na,1\nb,fast\n', /line 3, column ms: expected a number of 0 or more, and found 'fast'/],
    ['key,bytes\na,-1\n', /line 2, column bytes: expected a number of 0 or more, and found '-1'/],
    [
      'key,hit\na,maybe\n',
      /line 2, column hit: expected 1 or 0, true or false, hit or miss, and found 'maybe'/,
    ],
    ['key,ms\na,1\nb\n', /line 3: expected 2 fields, as in the first line, and found 1/],
    ['key,ms\n"a,1\n', /line 2: expected fields with commas between them/],
    [
      'id,ms\n1,2\n',
      /line 1: expected the names of the columns with commas between them, one of them 'key'.*--format keys/,
    ],
    ['key;ms\na;1\n', /line 1: expected the names of the columns with commas between them/],
    ['time\tkey\n1\ta\n', /line 1: expected the names of the columns with commas between them/],
    ['{"key":"a"}\n', /line 1: expected the names of the columns.*found '{"key":"a"}'/],
    ['key,ms\n', /there are no requests/],
    ['', /there are no requests/],
  ])('%j is refused', async (content, expected) => {
    const message = await messageOf(content)
    expect(message).toMatch(/^TraceError: /)
    expect(message).toMatch(expected)
  })
})

describe('files', () => {
  test('that are not there, are folders, are damaged, or are cut off', async () => {
    await expect(readTrace(join(folder, 'none'))).rejects.toThrow(/there is no such file/)
    await expect(readTrace(folder)).rejects.toThrow(/is a folder/)
    expect(await messageOf(Buffer.from('PNG\0\0'))).toMatch(/is no text\. A trace is text/)
    expect(await messageOf(zlib.gzipSync('tar\0'))).toMatch(/is no text/)
    const whole = zlib.gzipSync('a\nb\n'.repeat(10_000))
    expect(await messageOf(whole.subarray(0, 60))).toMatch(/the compressed data end early/)
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, 20, 40)
    expect(await messageOf(damaged)).toMatch(/the compressed data (are damaged|end early)/)
  })
})

const HEAD = (sample = 1) =>
  `# redis-func-cache recording 1\n# {"cache":"shop","policy":"lru_t","maxSize":10,"sample":${sample},"began":"2026-01-01T00:00:00.000Z"}\ntime,key,function,outcome,bytes,ms\n`

describe('a recording', () => {
  test('requests, their costs and sizes, and what was not stored', async () => {
    const rows = [
      '0,a,f,miss,,',
      '1,b,f,miss,,',
      '2,b,f,join,,',
      '3,b,f,store,20,7.5',
      '4,a,f,store,10,2.5',
      '5,a,f,hit,,',
      '6,b,f,near,,',
      '7,c,f,miss,,', // the function failed
      '8,c,f,miss,,',
      '9,c,f,skip,30,1', // it did not want it
      '10,a,f,stale,,',
      '11,a,f,store,11,3', // the refresh behind it
    ]
    const { trace, head, format, notes } = await read(
      `${HEAD()}${rows.join('\n')}\n# {"calls":7,"endedBy":"stop"}\n`,
    )
    expect(format).toBe('recording')
    expect(head).toMatchObject({ cache: 'shop', sample: 1 })
    expect([...trace.ids]).toEqual([0, 1, 0, 1, 2, 2, 0])
    expect([...(trace.costsMs ?? [])]).toEqual([2.5, 7.5, 2.5, 7.5, 1, 1, 2.5])
    expect([...trace.isUnstorable]).toEqual([0, 0, 0, 0, 1, 1, 0])
    expect(trace).toMatchObject({ recordedHits: 3, requests: 7 })
    expect(notes).toEqual([expect.stringContaining('1 calls joined one in flight')])
  })

  test('of a sample, the number of all calls is told', async () => {
    const { trace, notes } = await read(`${HEAD(0.1)}0,a,f,hit,,\n# {"calls":13,"endedBy":"max-bytes"}\n`)
    expect(trace).toMatchObject({ rate: 0.1, requests: 13 })
    expect(notes.join(' ')).toMatch(/sample of 10 % of the keys.*ended when it had maxBytes/)
  })

  test('of a process that ended, what it had written is used', async () => {
    const text = `${HEAD(0.5)}${Array.from({ length: 20_000 }, (_, i) => `${i},${(i * 7919) % 1000},f,hit,,\n`).join('')}`
    const cutOff = zlib.gzipSync(text)
    const { trace, notes } = await read(cutOff.subarray(0, cutOff.length / 2))
    expect(trace.ids.length).toBeGreaterThan(1_000)
    expect(trace.requests).toBe(trace.ids.length / 0.5)
    expect(notes.join(' ')).toMatch(/was not ended \(the compressed data end early\)/)
  })

  test.each([
    [HEAD().replace('recording 1', 'recording 9'), /line 1: expected a recording of version 1/],
    [HEAD().replace('{', '['), /line 2: expected what is recorded/],
    [`${HEAD()}0,a,f,miss\n`, /line 4: expected 6 fields/],
    [`${HEAD()}0,a,f,eaten,,\n`, /line 4, column outcome: expected hit, near.*found 'eaten'/],
    [`${HEAD()}0,a,f,miss,,\n1,a,f,store,x,1\n`, /line 5, column bytes/],
  ])('%j is refused', async (content, expected) => {
    expect(await messageOf(content)).toMatch(expected)
  })

  test('where a recording is asked for, nothing else is read', async () => {
    expect(await messageOf('a\nb\n', 'recording')).toMatch(
      /line 1: expected '# redis-func-cache recording 1'/,
    )
  })
})
