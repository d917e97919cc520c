// The bound of bytes while several connections write at once and keys are lost: it holds after each script, and what is counted is
// what is stored. `RANDOM_FACTOR` says how many runs each policy has, and `FUZZ_SEED` which.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { toPort } from '../../src/clients/detect.ts'
import type { Command } from '../../src/clients/port.ts'
import type { KeySpace, NewEntry, Store } from '../../src/store.ts'
import { Random, runs } from '../random.ts'
import { type AbstractPolicy, RedisStore } from './library.ts'
import { entry, hashesOf, newPlace } from './places.ts'
import { connect, hasServer, ONE_COMBINATION_OF_EACH, openTarget, type Target } from './target.ts'

const RUNS = runs(2)
const WRITERS = 4
const STEPS = 40
const MAX_BYTES = 20_000
const NAMES = hashesOf(500, 'name')
const TAGS = ['even', 'odd', 'all']

type Client = Awaited<ReturnType<typeof connect>>
let target: Target
let clients: Client[] = []
beforeAll(async () => {
  target = await openTarget()
  if (hasServer) clients = await Promise.all(Array.from({ length: WRITERS + 1 }, connect))
})
afterAll(async () => {
  for (const client of clients) client.destroy()
  await target.close()
})

/** At one moment: the sum of all values, the sum that is kept (-1: none), how many entries each key has, how many only one has. */
const CHECK = `
  local sum, alone = 0, 0
  local stored = redis.call('HGETALL', KEYS[2])
  for i = 1, #stored, 2 do
    sum = sum + #stored[i + 1]
    if not redis.call('ZSCORE', KEYS[1], stored[i]) then alone = alone + 1 end
  end
  return { sum, tonumber(redis.call('GET', KEYS[3]) or -1), redis.call('ZCARD', KEYS[1]), #stored / 2, alone }`

/** One connection, with what it does to a partition. */
class Writer {
  readonly #client: Client
  readonly #place: KeySpace
  readonly #random: Random
  readonly store: Store

  constructor(client: Client, place: KeySpace, random: Random) {
    this.#client = client
    this.#place = place
    this.#random = random
    this.store = new RedisStore(client)
  }

  command(...command: Command): Promise<unknown> {
    return toPort(this.#client).send(this.#place.keys[1], [command])[0] as Promise<unknown>
  }

  /** What is wrong: more is stored than may be, or the count is not what is stored although no key was lost. */
  async fault(): Promise<string | undefined> {
    const [index, values] = this.#place.keys
    const reply = await this.command('EVAL', CHECK, '3', index, values, `${values}:bytes`)
    const [sum = 0, kept = -1, indexed, stored = 0, alone] = reply as number[]
    if (sum > MAX_BYTES) return `${sum} bytes are stored`
    if (indexed !== stored) return undefined // keys were lost, and no script has come since
    if (alone !== 0) return `${alone} values are not in the index`
    return kept >= 0 && stored > 0 && kept !== sum ? `${kept} bytes are counted, ${sum} stored` : undefined
  }

  async step(): Promise<void> {
    const kind = this.#random.below(100)
    if (kind < 55) await this.#put()
    else if (kind < 65) await this.store.touch(this.#place, this.#names(10))
    else if (kind < 90) await this.#invalidate(kind)
    else await this.#lose()
  }

  async #put(): Promise<void> {
    const isLarge = this.#random.below(6) === 0
    const names = isLarge ? this.#names(1) : this.#names(20)
    await this.store.put(
      this.#place,
      names.map((name) => this.#entry(name, isLarge ? this.#random.below(18_000) : this.#random.below(120))),
    )
  }

  #entry(name: string, length: number): NewEntry {
    const ttlMs = [undefined, 3, 60_000][this.#random.below(3)]
    const metadata = {
      ...(ttlMs !== undefined && { freshMs: Math.ceil(ttlMs / 2) }),
      ...(this.#random.below(4) === 0 && { tags: [this.#random.pick(TAGS), 'all'] }),
      ...(this.#random.below(10) === 0 && { ifRoom: true }),
    }
    return entry(name, { value: 'x'.repeat(length), ttlMs, metadata })
  }

  async #invalidate(kind: number): Promise<void> {
    const soft = kind % 2 === 0
    if (kind < 82) await this.store.invalidate(this.#place, this.#names(10), soft)
    else if (kind < 87) await this.store.invalidateTags(this.#place, [this.#random.pick(TAGS)], soft)
    else if (kind < 89) await this.store.invalidateFunction(this.#place, 'name00', soft)
    else await this.store.purge(this.#place)
  }

  /** As `maxmemory` or an operator does. */
  async #lose(): Promise<void> {
    const [index, values] = this.#place.keys
    if (this.#random.below(2) === 0) {
      await this.command('HDEL', values, ...this.#names(40))
      return
    }
    const beside = ['bytes', 'bytes', 'expiry', 'tags'].map((name) => `${values}:${name}`)
    const own = this.#place.policy.structures.map((name) => `${index}:${name}`)
    await this.command('DEL', this.#random.pick([index, values, ...beside, ...own]))
  }

  #names(most: number): string[] {
    return Array.from({ length: 1 + this.#random.below(most) }, () => this.#random.pick(NAMES))
  }
}

async function run(policy: AbstractPolicy, seed: string): Promise<void> {
  const place = newPlace(policy, { maxBytes: MAX_BYTES, maxSize: Number.POSITIVE_INFINITY })
  const writers = clients.map((client, i) => new Writer(client, place, new Random(`${seed} ${i}`)))
  const checker = writers.pop() as Writer
  const faults = new Set<string | undefined>()
  let isOver = false
  const checking = (async () => {
    while (!isOver) faults.add(await checker.fault())
  })()
  const written = await Promise.allSettled(
    writers.map(async (writer) => {
      for (let i = 0; i < STEPS; i++) await writer.step()
    }),
  )
  isOver = true
  await checking
  expect(written.filter(({ status }) => status === 'rejected')).toEqual([])
  // The next put repairs what was lost.
  expect((await checker.store.put(place, [entry('last')])).stored).toEqual([true])
  faults.add(await checker.fault())
  expect([...faults], `seed ${seed}`).toEqual([undefined])
  const { hashes } = await target.inspect(checker.store, place)
  const lengths = await Promise.all(hashes.map((hash) => checker.command('HSTRLEN', place.keys[1], hash)))
  expect(await checker.store.bytes?.(place)).toBe(
    lengths.reduce<number>((sum, each) => sum + Number(each), 0),
  )
}

describe.runIf(hasServer)('the bound of bytes, with four writers at once', () => {
  const runs = ONE_COMBINATION_OF_EACH.flatMap(({ policy, create }) =>
    Array.from({ length: RUNS }, (_, i) => ({ seed: `${policy} ${i}`, create })),
  )

  test.each(runs)(`$seed on ${inject('server')}`, { timeout: 30_000 }, ({ seed, create }) =>
    run(create(), seed),
  )
})
