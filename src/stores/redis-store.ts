import { RemoteClock } from '../flow/remote-clock.ts'
import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { Verb } from '../lua/compose.ts'
import type { AbstractPolicy } from '../policies/abstract-policy.ts'
import type { Command, RedisClient, RedisPort, Reply } from '../redis/client.ts'
import { toPort } from '../redis/port.ts'
import { evalsha, isNoScript, runScript, type Script } from '../redis/script.ts'
import { MessageBoard } from './message-board.ts'
import { type Keys, Reading, toMicroseconds, trouble } from './reading.ts'
import type {
  HeldLease,
  LeaseAnswer,
  LeaseWatch,
  LeaseWatcher,
  LeaseWish,
  Lookup,
  NewEntry,
  Note,
  Place,
  PutReport,
  Store,
} from './store.ts'

/** The part of a sliding TTL that may run down before it is renewed. */
const RENEW_AFTER = 0.1

/** What is known of a place besides what it is told. */
interface Surroundings {
  readonly keys: Keys
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
  /** Of each client that was asked for messages: it may be another one by now. */
  readonly #boards = new Map<RedisPort, MessageBoard>()
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
    const reading = new Reading(place, around.keys)
    const reads = reading.commands(hashes)
    const replies = this.#port().send(around.keys[1], [...reads, ...commands])
    const touched = this.#touched(place, hashes, script, replies.slice(reads.length))
    const found = await reading.lookups(around.clock, replies)
    // Only a script that is new to the server takes a second try, and then the order is worth waiting for.
    if (script !== undefined && !this.#known.has(script)) await touched
    return found
  }

  peek(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]> {
    const around = this.#around(place)
    const reading = new Reading(place, around.keys)
    return reading.lookups(around.clock, this.#port().send(around.keys[1], reading.commands(hashes)))
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
      flag(sliding),
      String(place.policy.hashPartBytes),
      String(entries.length),
    ]
    for (const { hash, value, ttlMs: entryTtlMs, token, note } of entries) {
      args.push(hash, value, String(entryTtlMs ?? ''), String(token ?? ''), textOf(note))
    }
    const [atUs, evicted, expired, ...stored] = (await this.#run(place, 'put', [...args, ...place.ext])) as [
      number,
      number,
      number,
      ...number[],
    ]
    this.#hearOrder(place, atUs)
    return { evicted, expired, stored: stored.map((isStored) => isStored === 1) }
  }

  invalidate(place: Place, hashes: readonly Hash[], soft = false): Promise<number> {
    const args = [flag(soft), String(hashes.length), ...hashes, ...place.ext]
    return this.#run(place, 'invalidate', args) as Promise<number>
  }

  /** A portion at a time, not to keep others from the server. */
  async invalidateFunction(place: Place, part: Hash, soft = false): Promise<number> {
    let invalidated = 0
    let cursor = '0'
    do {
      const args = [flag(soft), part, cursor, ...place.ext]
      const [count, next] = (await this.#run(place, 'invalidate-function', args)) as [number, Buffer]
      invalidated += count
      cursor = next.toString()
    } while (cursor !== '0')
    return invalidated
  }

  async invalidateTags(place: Place, tags: readonly string[], soft = false): Promise<number> {
    let invalidated = 0
    let from = 1
    let after: string | Buffer = ''
    do {
      const args = [flag(soft), String(from), after, String(tags.length), ...tags, ...place.ext]
      const reply = await this.#run(place, 'invalidate-tags', args)
      const [count, next, last] = reply as [number, number, Buffer]
      invalidated += count
      from = next
      after = last
    } while (from !== 0)
    return invalidated
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

  async lease(place: Place, wishes: readonly LeaseWish[], leaseMs: number): Promise<readonly LeaseAnswer[]> {
    const args: (string | Buffer)[] = [String(leaseMs), String(wishes.length)]
    for (const { hash, seenMs } of wishes) args.push(hash, String(seenMs ?? ''))
    const [atUs, ...answers] = (await this.#run(place, 'lease', args)) as [number, ...number[]]
    return wishes.map((_, i): LeaseAnswer => {
      const untilUs = answers[2 * i + 1] as number
      if (answers[2 * i] === 1) return { state: 'taken', atUs, lease: untilUs }
      return answers[2 * i] === 2 ? { state: 'held', atUs, untilUs } : { state: 'there', atUs }
    })
  }

  renew(place: Place, held: readonly HeldLease[], leaseMs: number): Promise<readonly number[]> {
    return this.#run(place, 'renew', [String(leaseMs), ...named(held)]) as Promise<readonly number[]>
  }

  async release(place: Place, held: readonly HeldLease[]): Promise<void> {
    await this.#run(place, 'release', named(held))
  }

  async watch(place: Place, watcher: LeaseWatcher): Promise<LeaseWatch | undefined> {
    const channel = this.#around(place).keys[LEASES]
    const port = this.#port()
    const board = this.#boards.get(port) ?? new MessageBoard(port)
    this.#boards.set(port, board)
    return board.watch(channel, watcher)
  }

  async close(): Promise<void> {
    const boards = [...this.#boards.values()]
    this.#boards.clear()
    await Promise.all(boards.map((board) => board.close()))
  }

  async register(registry: string, place: Place): Promise<void> {
    const { ttlMs } = place.limits
    // Longer than any place that is stored before the next registration, or a purge would pass over it.
    const expire: Command[] = ttlMs === undefined ? [] : [['PEXPIRE', registry, String(2 * ttlMs)]]
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
    const { expiry, freshness, tags } = place.aspects
    const asked = [true, true, expiry, false, freshness, tags, false]
    return around.keys.flatMap((key, i): Command[] =>
      (asked[i] ?? true) ? [['PEXPIRE', key, String(ttlMs)]] : [],
    )
  }

  #around(place: Place): Surroundings {
    let around = this.#surroundings.get(place)
    if (around === undefined) {
      const [index, values] = place.keys
      const structures = place.policy.structures.map((name) => `${index}:${name}`)
      const keys: Keys = [
        index,
        values,
        `${values}:expiry`,
        `${values}:fence`,
        `${values}:fresh`,
        `${values}:tags`,
        `${values}:leases`,
        ...structures,
      ]
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

/** Where the key of the leases stands among the {@link Keys}; it also is the channel on which their ends are told. */
const LEASES = 6

const flag = (is: boolean): string => (is ? '1' : '0')

function textOf(note: Note | undefined): string {
  if (note === undefined) return ''
  const { freshMs, computeMs, tags, lease, overrules } = note
  const names = tags?.map((tag) => tag.replace(LONE_SURROGATE, '\ufffd'))
  return JSON.stringify({ fresh_ms: freshMs, compute_ms: computeMs, tags: names, lease, overrules })
}

/** Half a character: the server cannot read it in JSON, and as bytes it becomes a replacement character. */
const LONE_SURROGATE = /\p{Surrogate}/gu

const named = (held: readonly HeldLease[]): (string | Buffer)[] => [
  String(held.length),
  ...held.flatMap(({ hash, lease }) => [hash, String(lease)]),
]
