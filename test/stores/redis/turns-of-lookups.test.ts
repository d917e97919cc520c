// Large batches of lookups are handed over one a turn of the event loop, where that lets the server work meanwhile.
import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LruTPolicy, type RedisClient, RedisStore } from '../../../src/index.ts'
import type { KeySpace } from '../../../src/store.ts'

type Args = readonly (string | Buffer)[]
type Values = readonly (string | null)[]

/** What is stored under a name, by its first word. */
const VALUES = { hit: 'value', large: 'value'.repeat(1_000), miss: null } as const
type Kind = keyof typeof VALUES

/** The replies of a client, which all arrive when the test says so. */
class Replies {
  readonly #waiting: (() => void)[] = []

  to([, , ...names]: Args): Promise<Values> {
    const values = names.map((name) => VALUES[String(name).split(' ')[0] as Kind])
    return new Promise((resolve) => this.#waiting.push(() => resolve(values)))
  }

  arrive(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

type ClientOf = (replies: Replies) => RedisClient

const nodeRedis: ClientOf = (replies) => {
  const client = new EventEmitter().on('error', () => {})
  const sendCommand = (command: Args) => replies.to(command)
  return Object.assign(client, {
    isReady: true,
    isOpen: true,
    withTypeMapping: () => client,
    sendCommand,
  }) as never
}

const ioredis: ClientOf = (replies) => {
  const callBuffer = (...command: Args) => replies.to(command)
  return Object.assign(new EventEmitter(), {
    status: 'ready',
    options: {},
    pipeline: () => {},
    callBuffer,
  }) as never
}

const space: KeySpace = {
  policy: new LruTPolicy(),
  keys: ['{place}:0', '{place}:1'],
  limits: { maxSize: 10, idleTtlMs: undefined },
  ext: [],
}

/** Looks batches up whose replies arrive together. Returns how many of them were handed over by the end of each turn. */
async function handedOver(clientOf: ClientOf, batches: readonly (readonly string[])[]): Promise<number[]> {
  const replies = new Replies()
  const store = new RedisStore(clientOf(replies))
  let done = 0
  for (const names of batches) void store.get(space, names).then(() => done++)
  replies.arrive()
  const counts: number[] = []
  while ((counts.at(-1) ?? 0) < batches.length) {
    await new Promise(process.nextTick)
    counts.push(done)
    await nextTurn()
  }
  return counts
}

const many = (kind: Kind, count = 32) => Array.from({ length: count }, (_, i) => `${kind} ${i}`)

test('batches of misses are handed over one a turn, so that their puts are sent before the next one is used', async () => {
  const batches = [many('miss'), many('miss'), many('miss')]
  expect(await handedOver(nodeRedis, batches)).toEqual([1, 2, 3])
  expect(await handedOver(ioredis, batches)).toEqual([1, 2, 3])
})

test('batches of hits are handed over one a turn if the client writes at the end of a turn', async () => {
  const batches = [many('hit'), many('hit'), many('hit')]
  expect(await handedOver(nodeRedis, batches)).toEqual([1, 2, 3])
  expect(await handedOver(ioredis, batches)).toEqual([3])
})

test('small batches are handed over at once', async () => {
  const batches = [many('miss'), many('miss', 31), many('miss'), many('hit', 31)]
  expect(await handedOver(nodeRedis, batches)).toEqual([3, 4])
  expect(await handedOver(ioredis, batches)).toEqual([3, 4])
})

test('batches of few large hits are handed over one a turn if the client writes at the end of a turn', async () => {
  const batches = [many('large', 7), many('large', 7), many('large', 6)]
  expect(await handedOver(nodeRedis, batches)).toEqual([2, 3])
  expect(await handedOver(ioredis, batches)).toEqual([3])
})
