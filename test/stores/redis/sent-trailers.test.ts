// Values are sent with their trailers as soon as the time of the server is known well enough.
import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { LruTPolicy, type RedisClient, RedisStore } from '../../../src/index.ts'
import type { KeySpace, NewEntry } from '../../../src/store.ts'

/** The time of the server, in milliseconds. */
const AT_MS = 1_800_000_000_000

/** A client over a server whose clock stands still. It keeps the arguments of each script. */
class Client extends EventEmitter {
  readonly isReady = true
  readonly isOpen = true
  readonly puts: string[][] = []

  constructor() {
    super()
    this.on('error', () => {})
  }

  withTypeMapping(): this {
    return this
  }

  async sendCommand([name = '', , keys, ...rest]: readonly (string | Buffer)[]): Promise<unknown> {
    if (name === 'TIME') return [String(AT_MS / 1_000), '0']
    const args = rest.slice(Number(keys)).map(String)
    this.puts.push(args)
    const codes = Array.from({ length: Number(args[4]) }, () => 1)
    return [args.at(-1), [AT_MS * 1_000, AT_MS * 1_000, Number(args[3]) || AT_MS, 0, 0, 0, ...codes]]
  }
}

function open() {
  const client = new Client()
  const store = new RedisStore(client as unknown as RedisClient)
  const space: KeySpace = {
    policy: new LruTPolicy(),
    keys: ['{place}:0', '{place}:1'],
    limits: { maxSize: 10, idleTtlMs: undefined },
    ext: [],
  }
  const put = async (...entries: readonly Partial<NewEntry>[]) => {
    const { atUs } = await store.put(
      space,
      entries.map((more) => ({ hash: 'name', value: 'value', ttlMs: 9, token: 1_000_000, ...more })),
    )
    const [, , , trailersMs, count, ...args] = client.puts.at(-1) as string[]
    const values = Array.from({ length: Number(count) }, (_, i) => args[6 * i + 1])
    return { trailersMs: Number(trailersMs), values, atMs: atUs / 1_000 }
  }
  return { put, knowTime: () => store.now(space) }
}

describe('a value', () => {
  test('is sent without its trailer while the time of the server is not known', async () => {
    const { put } = open()
    expect(await put({})).toMatchObject({ trailersMs: 0, values: ['value'], atMs: AT_MS })
  })

  test('is sent with its trailer afterwards, and counts as stored by the time in it', async () => {
    const { put, knowTime } = open()
    await knowTime()
    const { trailersMs, values, atMs } = await put({}, { value: Buffer.from('valué') })
    expect(trailersMs).toBeGreaterThanOrEqual(AT_MS - 1)
    const trailer = expect.stringMatching(`^value\n1 name\\S{4} - 1000000 ${trailersMs - 1_000} 0 9$`)
    expect(values).toEqual([trailer, expect.stringContaining('valué\n1 name')])
    expect(atMs).toBe(trailersMs)
  })

  test('is not sent with a time before its load began', async () => {
    const { put, knowTime } = open()
    await knowTime()
    const later = (AT_MS + 60_000) * 1_000
    expect(await put({}, { token: later }, {})).toMatchObject({ trailersMs: AT_MS + 60_000 })
  })

  test('is sent without its trailer if it has tags: the script knows their generation', async () => {
    const { put, knowTime } = open()
    await knowTime()
    const metadata = { serializer: 'auto', computeMs: 0, freshMs: 9, tags: ['tag'] }
    const { values } = await put({ metadata }, {})
    expect(values).toEqual(['value', expect.stringContaining('value\n')])
  })

  test('is sent without its trailer if a load beside it has no token: the script gives it one', async () => {
    const { put, knowTime } = open()
    await knowTime()
    expect(await put({}, { token: undefined })).toMatchObject({ trailersMs: 0, values: ['value', 'value'] })
  })
})
