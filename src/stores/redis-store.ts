import { StoreError } from '../errors.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { Verb } from '../lua/compose.ts'
import type { Command, RedisClient, RedisPort, Reply } from '../redis/client.ts'
import { toNumber, toPort } from '../redis/port.ts'
import { evalsha, isNoScript, runScript, type Script } from '../redis/script.ts'
import type { Hash, NewEntry, Place, PutReport, Reading, Store, StoredEntry } from './store.ts'

/** The part of a sliding TTL that may run down before it is renewed. */
const RENEW_AFTER = 0.1

/** The keys of a place: index, values, expiry, fence, then the policy's own structures. */
type PlaceKeys = readonly [
  index: string,
  values: string,
  expiry: string,
  fence: string,
  ...structures: string[],
]

/** Entries in a Redis or Valkey server, or a cluster of them. */
export class RedisStore implements Store {
  readonly #client: () => RedisClient
  readonly #ports = new WeakMap<RedisClient, RedisPort>()
  readonly #keys = new WeakMap<Place, PlaceKeys>()
  readonly #renewAtMs = new WeakMap<Place, number>()
  /** Scripts that a server was seen to know. */
  readonly #known = new WeakSet<Script>()

  /**
   * @param client A connected client, or a function that returns one.
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

  async get(place: Place, hashes: readonly Hash[]): Promise<Reading> {
    const behind: Command[] = []
    const touch = place.policy.readsChangeOrder ? place.policy.luaScripts.touch : undefined
    if (touch !== undefined) {
      behind.push(evalsha(touch, this.#keysOf(place), [String(hashes.length), ...hashes, ...place.ext]))
    }
    behind.push(...this.#renewals(place))
    return this.#read(place, hashes, behind, touch)
  }

  peek(place: Place, hashes: readonly Hash[]): Promise<Reading> {
    return this.#read(place, hashes, [], undefined)
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
    const [evicted, expired, ...stored] = (await this.#run(place, 'put', [...args, ...place.ext])) as number[]
    return {
      evicted: evicted as number,
      expired: expired as number,
      stored: stored.map((flag) => flag === 1),
    }
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
    const [time] = this.#send(place.keys[0], [['TIME']])
    return toMicroseconds(await (time as Promise<Reply>))
  }

  async register(registry: string, place: Place): Promise<void> {
    const { ttlMs } = place.limits
    const expire: Command[] = ttlMs === undefined ? [] : [['PEXPIRE', registry, String(ttlMs)]]
    await Promise.all(this.#send(registry, [['SADD', registry, JSON.stringify(place.keys)], ...expire]))
  }

  async registered(registry: string): Promise<readonly KeyPair[]> {
    const [members] = await Promise.all(this.#send(registry, [['SMEMBERS', registry]]))
    return (members as readonly Buffer[]).map((pair) => JSON.parse(pair.toString()) as KeyPair)
  }

  /**
   * Plain commands, since a value that passes through Lua costs three times as much. The expiry is asked for before the
   * values, so that an entry which expires in between is never taken for one that lives on.
   */
  async #read(
    place: Place,
    hashes: readonly Hash[],
    behind: readonly Command[],
    touch: Script | undefined,
  ): Promise<Reading> {
    const [, values, expiry] = this.#keysOf(place)
    const replies = this.#send(values, [
      ['TIME'],
      ['ZMSCORE', expiry, ...hashes],
      ['HMGET', values, ...hashes],
      ...behind,
    ])
    const touched = touch === undefined ? undefined : this.#settleTouch(place, hashes, touch, replies[3])
    const [time, expiries, stored] = (await Promise.all(replies.slice(0, 3))) as [
      Reply,
      Reply[],
      (Buffer | null)[],
    ]
    // A touch goes out right behind its read, before anything else that this caller may ask for next: no need to wait.
    // Only a script that is new to the server takes a second try, and then the order is worth waiting for.
    if (touched !== undefined && !this.#known.has(touch as Script)) await touched
    const atUs = toMicroseconds(time)
    return { atUs, entries: stored.map((value, i) => live(value, toNumber(expiries[i] as Reply), atUs)) }
  }

  async #settleTouch(
    place: Place,
    hashes: readonly Hash[],
    touch: Script,
    sent: Promise<Reply> | undefined,
  ): Promise<void> {
    try {
      await sent
      this.#known.add(touch)
    } catch (error) {
      // A touch that is lost costs a place in the order, never a value.
      if (isNoScript((error as StoreError).cause)) {
        this.#known.delete(touch)
        await this.#run(place, 'touch', [String(hashes.length), ...hashes, ...place.ext]).catch(() => {})
      }
    }
  }

  /** What prolongs a sliding TTL, once a tenth of it has run down since this process last did. */
  #renewals(place: Place): readonly Command[] {
    const { ttlMs, sliding } = place.limits
    if (ttlMs === undefined || !sliding) return []
    const nowMs = performance.now()
    const dueAtMs = this.#renewAtMs.get(place)
    if (dueAtMs !== undefined && nowMs < dueAtMs) return []
    this.#renewAtMs.set(place, nowMs + ttlMs * RENEW_AFTER)
    const [index, values, expiry, , ...structures] = this.#keysOf(place)
    return [index, values, expiry, ...structures].map((key) => ['PEXPIRE', key, String(ttlMs)])
  }

  #keysOf(place: Place): PlaceKeys {
    let keys = this.#keys.get(place)
    if (keys === undefined) {
      const [index, values] = place.keys
      const structures = place.policy.structures.map((name) => `${index}:${name}`)
      keys = [index, values, `${values}:expiry`, `${values}:fence`, ...structures]
      this.#keys.set(place, keys)
    }
    return keys
  }

  async #run(place: Place, verb: Verb, args: readonly (string | Buffer)[]): Promise<Reply> {
    const script = place.policy.luaScripts[verb]
    try {
      return await runScript(this.#port(), script, this.#keysOf(place), args)
    } catch (cause) {
      throw trouble(verb, cause)
    }
  }

  #send(key: string, commands: readonly Command[]): Promise<Reply>[] {
    const replies = this.#port().send(key, commands)
    for (const [i, reply] of replies.entries()) {
      replies[i] = reply.catch((cause: unknown) => {
        throw trouble(commands[i]?.[0] ?? '', cause)
      })
    }
    return replies
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

const toMicroseconds = (time: Reply): number => {
  const [seconds, microseconds] = time as [Buffer, Buffer]
  return Number(seconds) * 1e6 + Number(microseconds)
}

const live = (value: Buffer | null, expiresAtMs: number | null, atUs: number): StoredEntry | undefined =>
  value === null || (expiresAtMs !== null && expiresAtMs * 1000 <= atUs)
    ? undefined
    : { value, expiresAtMs: expiresAtMs ?? undefined }

const trouble = (command: string, cause: unknown): StoreError =>
  new StoreError(
    `The server did not do a ${command}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
