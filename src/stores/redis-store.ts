import { StoreError } from '../errors.ts'
import { RemoteClock } from '../flow/remote-clock.ts'
import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { Verb } from '../lua/compose.ts'
import type { Command, RedisClient, RedisPort, Reply } from '../redis/client.ts'
import type { AbstractPolicy } from '../policies/abstract-policy.ts'
import { toNumber, toPort } from '../redis/port.ts'
import { evalsha, isNoScript, runScript, type Script } from '../redis/script.ts'
import type { Lookup, NewEntry, Place, PutReport, Store } from './store.ts'

/** The part of a sliding TTL that may run down before it is renewed. */
const RENEW_AFTER = 0.1

/** What is known of a place besides what it is told. */
interface Surroundings {
  /** Index, values, expiry, fence, then the policy's own structures. */
  readonly keys: readonly [
    index: string,
    values: string,
    expiry: string,
    fence: string,
    ...structures: string[],
  ]
  /** The clock of the server that has the place; ahead of the order of the policy once a script told its moment. */
  readonly clock: RemoteClock
  isOrderKnown: boolean
  /** When its sliding TTL is to be renewed, by the clock of this process. */
  renewAtMs: number
}

/** Entries in a Redis or Valkey server, or a cluster of them. */
export class RedisStore implements Store {
  readonly #client: () => RedisClient
  readonly #ports = new WeakMap<RedisClient, RedisPort>()
  readonly #surroundings = new WeakMap<Place, Surroundings>()
  /** Scripts that a server was seen to know. */
  readonly #known = new WeakSet<Script>()

  /**
   * @param client A connected client, or a function that returns one and is asked at every use.
   * @throws {OptionError} for what is no supported client.
   */
  constructor(client: RedisClient | (() => RedisClient)) {
    if (typeof client === 'function') {
      this.#client = client
    } else {
      this.#client = () => client
      this.#port() // an unknown client is told now, not at the first call
    }
  }

  accept(policy: AbstractPolicy): void {
    void policy.luaScripts
  }

  /**
   * Plain commands, since a value that passes through Lua costs three times as much. The touch goes out right behind, in
   * the same write, and nobody waits for it: whatever this caller asks for next comes after it.
   */
  async get(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]> {
    const around = this.#around(place)
    const { commands, script } = this.#touchOf(place, around, hashes)
    const replies = this.#port().send(around.keys[1], [...lookups(around, hashes), ...commands])
    const touched = this.#touched(place, hashes, script, replies.slice(READS))
    const found = await readLookups(around, replies)
    // Only a script that is new to the server takes a second try, and then the order is worth waiting for.
    if (script !== undefined && !this.#known.has(script)) await touched
    return found
  }

  peek(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]> {
    const around = this.#around(place)
    return readLookups(around, this.#port().send(around.keys[1], lookups(around, hashes)))
  }

  async touch(place: Place, hashes: readonly Hash[]): Promise<void> {
    const around = this.#around(place)
    const { commands, script } = this.#touchOf(place, around, hashes)
    await this.#touched(place, hashes, script, this.#port().send(around.keys[0], commands))
  }

  async put(place: Place, entries: readonly NewEntry[]): Promise<PutReport> {
    const { maxSize, ttlMs, sliding } = place.limits
    const args: (string | Buffer)[] = [
      maxSize === Number.POSITIVE_INFINITY ? '0' : String(maxSize),
      String(ttlMs ?? 0),
      sliding ? '1' : '0',
      String(entries.length),
    ]
    for (const { hash, value, ttlMs: entryTtlMs, token } of entries) {
      args.push(hash, value, String(entryTtlMs ?? ''), String(token ?? ''))
    }
    const [atUs, evicted, expired, ...stored] = (await this.#run(place, 'put', [...args, ...place.ext])) as [
      number,
      number,
      number,
      ...number[],
    ]
    this.#hearOrder(place, atUs)
    return { evicted, expired, stored: stored.map((flag) => flag === 1) }
  }

  invalidate(place: Place, hashes: readonly Hash[]): Promise<number> {
    return this.#run(place, 'invalidate', [String(hashes.length), ...hashes, ...place.ext]) as Promise<number>
  }

  purge(place: Place): Promise<number> {
    return this.#run(place, 'purge', place.ext) as Promise<number>
  }

  size(place: Place): Promise<number> {
    return this.#run(place, 'size', []) as Promise<number>
  }

  async now(place: Place): Promise<number> {
    const [time] = await this.#sendAll(place.keys[0], [['TIME']])
    return toMicroseconds(time as Reply)
  }

  async register(registry: string, place: Place): Promise<void> {
    const { ttlMs } = place.limits
    const expire: Command[] = ttlMs === undefined ? [] : [['PEXPIRE', registry, String(ttlMs)]]
    await this.#sendAll(registry, [['SADD', registry, JSON.stringify(place.keys)], ...expire])
  }

  async registered(registry: string): Promise<readonly KeyPair[]> {
    const [members] = await this.#sendAll(registry, [['SMEMBERS', registry]])
    return (members as readonly Buffer[]).map((pair) => JSON.parse(pair.toString()) as KeyPair)
  }

  /** What goes out behind a read: the policy's touch, as a plain command or its script, and what prolongs a sliding TTL. */
  #touchOf(place: Place, around: Surroundings, hashes: readonly Hash[]): Touch {
    const { policy, ext } = place
    const renewals = this.#renewals(place, around)
    if (!policy.readsChangeOrder) return { commands: renewals, script: undefined }
    const { keys, clock } = around
    const plain = around.isOrderKnown ? policy.touchCommand(keys[0], hashes, clock) : undefined
    if (plain !== undefined) return { commands: [plain, ...renewals], script: undefined }
    const script = policy.luaScripts.touch
    return {
      commands: [evalsha(script, keys, [String(hashes.length), ...hashes, ...ext]), ...renewals],
      script,
    }
  }

  /** A touch that is lost costs a place in the order, never a value: its trouble is nobody's. */
  async #touched(
    place: Place,
    hashes: readonly Hash[],
    script: Script | undefined,
    replies: readonly Promise<Reply>[],
  ): Promise<void> {
    const [first] = await Promise.allSettled(replies)
    if (script === undefined || first === undefined) return
    if (first.status === 'fulfilled') {
      this.#known.add(script)
      this.#hearOrder(place, first.value as number)
    } else if (isNoScript(first.reason)) {
      this.#known.delete(script)
      await this.#run(place, 'touch', [String(hashes.length), ...hashes, ...place.ext]).catch(() => {})
    }
  }

  #hearOrder(place: Place, atUs: number): void {
    const around = this.#around(place)
    around.clock.hear(atUs)
    around.isOrderKnown = true
  }

  /** Due once a tenth of a sliding TTL has run down since this process last prolonged it. */
  #renewals(place: Place, around: Surroundings): readonly Command[] {
    const { ttlMs, sliding } = place.limits
    if (ttlMs === undefined || !sliding) return []
    const nowMs = performance.now()
    if (nowMs < around.renewAtMs) return []
    around.renewAtMs = nowMs + ttlMs * RENEW_AFTER
    const [index, values, expiry, , ...structures] = around.keys
    return [index, values, expiry, ...structures].map((key) => ['PEXPIRE', key, String(ttlMs)])
  }

  #around(place: Place): Surroundings {
    let around = this.#surroundings.get(place)
    if (around === undefined) {
      const [index, values] = place.keys
      const structures = place.policy.structures.map((name) => `${index}:${name}`)
      const keys = [index, values, `${values}:expiry`, `${values}:fence`, ...structures] as const
      around = { keys, clock: new RemoteClock(), isOrderKnown: false, renewAtMs: 0 }
      this.#surroundings.set(place, around)
    }
    return around
  }

  async #run(place: Place, verb: Verb, args: readonly (string | Buffer)[]): Promise<Reply> {
    try {
      return await runScript(this.#port(), place.policy.luaScripts[verb], this.#around(place).keys, args)
    } catch (cause) {
      throw trouble(verb, cause)
    }
  }

  async #sendAll(key: string, commands: readonly Command[]): Promise<Reply[]> {
    try {
      return await Promise.all(this.#port().send(key, commands))
    } catch (cause) {
      throw trouble(commands[0]?.[0] ?? '', cause)
    }
  }

  #port(): RedisPort {
    const client = this.#client()
    let port = this.#ports.get(client)
    if (port === undefined) {
      port = toPort(client)
      this.#ports.set(client, port)
    }
    return port
  }
}

/** What goes out behind a read, and the script that is the first of it, if one is. */
interface Touch {
  readonly commands: readonly Command[]
  readonly script: Script | undefined
}

/** How many commands a lookup takes. */
const READS = 3

/** The expiry is asked for before the values, so that an expired entry is never taken for one that lives on. */
const lookups = ({ keys: [, values, expiry] }: Surroundings, hashes: readonly Hash[]): Command[] => [
  ['TIME'],
  ['ZMSCORE', expiry, ...hashes],
  ['HMGET', values, ...hashes],
]

async function readLookups(
  { clock }: Surroundings,
  replies: readonly Promise<Reply>[],
): Promise<readonly Lookup[]> {
  let read: readonly Reply[]
  try {
    read = await Promise.all(replies.slice(0, READS))
  } catch (cause) {
    throw trouble('get', cause)
  }
  const [time, expiries, values] = read as [Reply, readonly Reply[], readonly (Buffer | null)[]]
  const atUs = toMicroseconds(time)
  clock.hear(atUs)
  return values.map((value, i) => {
    const expiresAtMs = toNumber(expiries[i] as Reply) ?? undefined
    const isLive = value !== null && (expiresAtMs === undefined || expiresAtMs * 1000 > atUs)
    return { atUs, value: isLive ? value : undefined, expiresAtMs }
  })
}

const toMicroseconds = (time: Reply): number => {
  const [seconds, microseconds] = time as [Buffer, Buffer]
  return Number(seconds) * 1e6 + Number(microseconds)
}

const trouble = (what: string, cause: unknown): StoreError =>
  new StoreError(
    `The server did not do a ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
