import { LogicalClock } from '../../flow/logical-clock.ts'
import { ServerClock } from '../../flow/server-clock.ts'
import { monotonicMs } from '../../flow/timers.ts'
import { Turns } from '../../flow/turns.ts'
import { bytesOfHash, type Hash } from '../../keys/call-hash.ts'
import type { KeyPair } from '../../keys/key-names.ts'
import { wellFormed } from '../../keys/well-formed.ts'
import type { Verb } from '../../lua/compose.ts'
import { PROLONG_IDLE_TTL, REGISTER, SUM_BYTES } from '../../lua/scripts.generated.ts'
import type { AbstractPolicy } from '../../policies/policy.ts'
import { lastingClient } from '../../clients/lasting-client.ts'
import type { Command, RedisClient, Reply } from '../../clients/port.ts'
import { Watches } from './notifications.ts'
import { IdleTtl } from './idle-ttl.ts'
import { type PartitionKeys, partitionKeys } from './keys.ts'
import { askChanges, CHANGES_OPTIONAL, RedisChangeLog, toChangeNumber, toChangesAt } from './change-log.ts'
import { Commands } from './commands.ts'
import { newNonce, unwrapped } from './in-step.ts'
import { areMisplaced, haveEnds, isDecided, readBatch } from './lookup.ts'
import {
  toCount,
  toGeneration,
  toKeyPairs,
  toMicroseconds,
  toNumbers,
  toPortion,
  toSum,
  toStored,
} from './replies.ts'
import { labelOf, lookUpAt, partitionMark, type StoredEntry, timesText, trailerOf } from '../trailer.ts'
import type {
  ChangeLog,
  ChangesAt,
  ChangesSince,
  ChangeWatcher,
  HeldLease,
  InvalidationReport,
  LeaseAnswer,
  Watch,
  LeaseWatcher,
  LeaseRequest,
  Lookup,
  LookupOptions,
  NewEntry,
  KeySpace,
  PutReport,
  Store,
} from '../store.ts'

/** For how long the clock of a server is taken to run as fast as that of this process. */
const CLOCKS_AGREE_MS = 10_000

/** What the script of a put replies for an entry, besides 1 for one that was stored and is there: its header says more. */
const REFUSED = 0
const EVICTED_AGAIN = 2
const SEND_PARTS = 3
const DECLINED = 4
const TOO_LARGE = 5
const SEND_AGAIN = 6
const SEND_TOUCHED = 7
const SEND_VALUE = 8

/** One script reports as many reads to the policy. */
const TOUCHES_A_SCRIPT = 100

/** So many entries are worth a turn of the event loop of their own, and one of more than 1 KB counts for several. */
const MANY = 32
const ENTRY_BYTES = 1_024

/** A value of more bytes is not sent to the scripts that only make room for it. */
const LARGE_BYTES = 4_096

/** How a put is sent again. */
interface Again {
  /** Whether the read of the existing entry was already reported to the policy. */
  readonly isTouched: boolean
  /** Whether the value stays here, and the server only makes room for it. */
  readonly isForRoom: boolean
}

/** What this store remembers of a partition. */
interface KeySpaceState {
  readonly keys: PartitionKeys
  /** The characters that stand for the partition in the trailers of its entries; `undefined` where values are stored bare. */
  readonly mark: string | undefined
  /** The clock of the server that has the partition. */
  readonly clock: ServerClock
  /** Whether entries with an end were seen or stored: reads then need the time. */
  hasEnds: boolean
  /** Follows the clock of the server, and is ahead of the scores of the policy after a script has replied its time. */
  readonly order: LogicalClock
  /** Until when `order` is known, by {@link monotonicMs}. After that a script asks for it again. */
  orderKnownUntilMs: number
  readonly idleTtl: IdleTtl
  /** The turns of the event loop in which large batches of lookups are handed over. */
  readonly turns: Turns
}

/** Entries in a Redis or Valkey server, or a cluster of them. */
export class RedisStore implements Store, ChangeLog {
  readonly #commands: Commands
  readonly #states = new WeakMap<KeySpace, KeySpaceState>()
  readonly #watches = new Watches()
  readonly #log: RedisChangeLog

  /**
   * @param client A connected client, or a function that returns one. It is called at every use, and makes no new one.
   * @throws {OptionError} for what is no supported client.
   */
  constructor(client: RedisClient | (() => RedisClient)) {
    this.#commands = new Commands(typeof client === 'function' ? lastingClient(client) : () => client)
    this.#log = new RedisChangeLog(this.#commands, this.#watches)
    if (typeof client !== 'function') void this.#commands.port // refuses an unknown client now, not at the first call
  }

  accept(policy: AbstractPolicy): void {
    void policy.luaScripts
  }

  /**
   * Plain commands, since a value that passes through Lua costs three times as much. Values come last, so that no other reply is
   * newer than they are. The time is asked for in the same batch if it is needed as a token, or if the clock of the server is not
   * known; and afterwards, if an entry ends so soon that the known bounds of the clock do not decide.
   *
   * The number of the last change is the older one, whatever happens: an entry that was read before the change with that number
   * would count as newer than it is.
   */
  async get(
    space: KeySpace,
    hashes: readonly Hash[],
    { isTimed = false, isTagged = false, asText = false, isNumbered = false }: LookupOptions = {},
  ): Promise<readonly Lookup[]> {
    const state = this.#stateOf(space)
    const { keys, clock } = state
    const asksTime = isTimed || (state.hasEnds && !clock.isKnown)
    const isNumberedBefore = isNumbered && this.#commands.port.mayReorder
    let changes = isNumberedBefore ? await this.#log.read(keys) : undefined
    const asksChanges = isNumbered && !isNumberedBefore
    const commands = asksChanges ? askChanges(keys) : []
    if (asksTime) commands.push(['TIME'])
    if (isTagged) commands.push(['ZRANGEBYLEX', keys.tags, '[g', '(h', 'LIMIT', '0', '1'])
    const last = commands.push(['HMGET', keys.values, ...sent(space, hashes)]) - 1
    const nonce = asksChanges ? newNonce() : undefined
    if (nonce !== undefined) commands.push(['ECHO', nonce])
    const sentMs = asksTime ? monotonicMs() : 0
    const replies = await this.#commands.send(
      'get',
      keys.values,
      commands,
      asText,
      asksChanges ? CHANGES_OPTIONAL : undefined,
    )
    let atUs: number | undefined
    let entries: StoredEntry[]
    try {
      if (nonce !== undefined) {
        unwrapped([replies[last + 1] as Reply, 0], nonce, 'HMGET')
        changes = toChangesAt(replies)
      }
      if (asksTime) atUs = this.#hearTime(state, replies[asksChanges ? 2 : 0] as Reply, sentMs)
      entries = readBatch({
        hashes,
        stored: toStored(replies[last] as Reply, hashes.length),
        partition: state.mark,
        tagsGeneration: isTagged ? toGeneration(replies[last - 1] as Reply) : undefined,
      })
    } catch (error) {
      throw this.#commands.refused(keys.values, 'HMGET', error)
    }
    if (areMisplaced(entries)) this.#commands.port.suspect(keys.values)
    if (haveEnds(entries)) state.hasEnds = true
    if (atUs !== undefined) return this.#inTurn(state, lookUpAt(entries, atUs / 1_000, atUs, changes))
    const { earliestMs, latestMs, isKnown } = clock.now()
    if (!state.hasEnds || (isKnown && isDecided(entries, earliestMs, latestMs))) {
      return this.#inTurn(state, lookUpAt(entries, latestMs, undefined, changes))
    }
    const nowUs = await this.now(space)
    return this.#inTurn(state, lookUpAt(entries, nowUs / 1_000, nowUs, changes))
  }

  /**
   * Hands over large batches in one turn of the event loop each, although several may arrive together. What the first one leads to is
   * then sent before the next one is used, and the server works on it meanwhile: the puts of misses, and with a client that writes at
   * the end of a turn, also the next lookups.
   */
  #inTurn(
    { turns }: KeySpaceState,
    entries: readonly StoredEntry[],
  ): readonly Lookup[] | Promise<readonly Lookup[]> {
    if (weightOf(entries, this.#commands.port.writesAtEndOfTurn) < MANY) return entries
    return turns.take()?.then(() => entries) ?? entries
  }

  /** One plain command if the policy has one. From time to time the script, whose reply tells the time. */
  async touch(space: KeySpace, hashes: readonly Hash[]): Promise<void> {
    const { policy, keys } = space
    const names = sent(space, hashes)
    const state = this.#stateOf(space)
    const isOrderKnown = monotonicMs() < state.orderKnownUntilMs
    const plain = isOrderKnown ? policy.touchCommand(keys[0], names, state.order) : undefined
    const isForScript = policy.readsChangeOrder && plain === undefined
    const sentMs = monotonicMs()
    const [times] = await Promise.all([
      isForScript ? this.#touchByScript(space, names) : undefined,
      plain && this.#commands.send('touch', keys[0], [plain]),
      state.idleTtl.isDue(space.limits.idleTtlMs)
        ? this.#commands.runText('touch', PROLONG_IDLE_TTL, state.keys.endingTogether, [
            String(space.limits.idleTtlMs),
          ])
        : undefined,
    ])
    if (isForScript) this.#hearScript(state, toNumbers(times as Reply, 2, 'touch'), sentMs)
  }

  /** A few entries with each script, so that none holds the server for long. Returns the reply to the last one. */
  async #touchByScript(space: KeySpace, names: readonly (Buffer | string)[]): Promise<Reply> {
    const pieces: Promise<Reply>[] = []
    for (let first = 0; first < names.length; first += TOUCHES_A_SCRIPT) {
      const some = names.slice(first, first + TOUCHES_A_SCRIPT)
      pieces.push(this.#run(space, 'touch', [String(some.length), ...some, ...space.ext]))
    }
    return (await Promise.all(pieces)).at(-1) as Reply
  }

  /**
   * One script. Where a put has to evict very many entries, or the policy has to look at very many of them, it takes several: each
   * does a part of that work, so that the server can serve other clients in between. The last one stores the entries.
   */
  async put(space: KeySpace, entries: readonly NewEntry[], onPortion?: () => void): Promise<PutReport> {
    let evicted = 0
    let expired = 0
    let again: Again = { isTouched: false, isForRoom: false }
    for (;;) {
      const { codes, ...report } = await this.#putOnce(space, entries, again)
      evicted += report.evicted
      expired += report.expired
      const [code = 1] = codes
      if (code !== SEND_PARTS && code < SEND_AGAIN) {
        return {
          ...report,
          evicted,
          expired,
          stored: codes.map((each) => ![REFUSED, DECLINED, TOO_LARGE].includes(each)),
          evictedAtOnce: hashesWith(EVICTED_AGAIN, entries, codes),
          declined: hashesWith(DECLINED, entries, codes),
          tooLarge: hashesWith(TOO_LARGE, entries, codes),
        }
      }
      onPortion?.()
      if (code === SEND_PARTS) {
        const halves = await this.#putHalves(space, entries, onPortion)
        return { ...halves, evicted: evicted + halves.evicted, expired: expired + halves.expired }
      }
      again = {
        isTouched: again.isTouched || code === SEND_TOUCHED,
        isForRoom: code !== SEND_VALUE && bytesOf(entries[0]) > LARGE_BYTES,
      }
    }
  }

  async #putHalves(
    space: KeySpace,
    entries: readonly NewEntry[],
    onPortion?: () => void,
  ): Promise<PutReport> {
    const half = Math.ceil(entries.length / 2)
    const first = await this.put(space, entries.slice(0, half), onPortion)
    const second = await this.put(space, entries.slice(half), onPortion)
    return {
      atUs: first.atUs, // the earlier time: nothing is taken for fresh for longer than it is
      evicted: first.evicted + second.evicted,
      expired: first.expired + second.expired,
      stored: [...first.stored, ...second.stored],
      // The second half may have evicted any of the first.
      evictedAtOnce: new Set([...hashesOf(entries.slice(0, half)), ...(second.evictedAtOnce ?? [])]),
      declined: new Set([...(first.declined ?? []), ...(second.declined ?? [])]),
      tooLarge: new Set([...(first.tooLarge ?? []), ...(second.tooLarge ?? [])]),
      changes: second.changes,
    }
  }

  async #putOnce(space: KeySpace, entries: readonly NewEntry[], again: Again): Promise<PutAnswer> {
    const { maxSize, maxBytes = Number.POSITIVE_INFINITY, idleTtlMs } = space.limits
    const state = this.#stateOf(space)
    const trailersMs = state.mark === undefined ? undefined : timeForTrailers(entries, state.clock)
    const args: (string | Buffer)[] = [
      bound(maxSize) + (maxBytes === Number.POSITIVE_INFINITY ? '' : ` ${bound(maxBytes)}`),
      String(idleTtlMs ?? 0),
      String(space.policy.hashPartBytes),
      String(trailersMs ?? 0),
      String(entries.length),
    ]
    for (const entry of entries) {
      const { hash, value, ttlMs, token, metadata } = entry
      const label = state.mark === undefined ? '' : labelOf(hash, state.mark, metadata?.serializer ?? '')
      const times = timesText(metadata?.computeMs ?? 0, metadata?.freshMs, ttlMs)
      if (ttlMs !== undefined) state.hasEnds = true
      let sentValue = again.isForRoom ? '' : value
      // The script writes the trailers of entries with tags: it knows the generation of their index.
      if (trailersMs !== undefined && metadata?.tags === undefined && !again.isForRoom) {
        sentValue = joined(value, trailerOf(label, token as number, trailersMs, times, undefined))
      }
      args.push(bytesOfHash(hash), sentValue, label, times, String(token ?? ''), extrasOf(entry, again))
    }
    const sentMs = monotonicMs()
    const answer = await this.#run(space, 'put', [...args, ...space.ext])
    const reply = toNumbers(answer, 6 + entries.length, 'put')
    const [, , storedMs, evicted, expired, changes, ...codes] = reply as readonly [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    this.#hearScript(state, reply, sentMs)
    state.idleTtl.renewed(idleTtlMs)
    return { atUs: storedMs * 1_000, evicted, expired, codes, changes: toChangeNumber(changes) }
  }

  async invalidate(space: KeySpace, hashes: readonly Hash[], soft = false): Promise<InvalidationReport> {
    const args = [flag(soft), String(hashes.length), ...sent(space, hashes), ...space.ext]
    return toReport(await this.#run(space, 'invalidate', args), 'invalidate')
  }

  /** One portion at a time, so that the server can serve other clients in between. */
  async invalidateFunction(
    space: KeySpace,
    part: Hash,
    soft = false,
    onPortion?: () => void,
  ): Promise<InvalidationReport> {
    let count = 0
    let changes: number | undefined
    let cursor = '0'
    do {
      const args = [flag(soft), bytesOfHash(part), cursor, ...space.ext]
      const reply = await this.#run(space, 'invalidate-function', args)
      const [dropped, next, number] = toPortion(reply, 3, 'invalidate-function') as [number, Buffer, number]
      count += dropped
      changes = toChangeNumber(number)
      cursor = next.toString()
      onPortion?.()
    } while (cursor !== '0')
    return { count, changes }
  }

  async invalidateTags(
    space: KeySpace,
    tags: readonly string[],
    soft = false,
    onPortion?: () => void,
  ): Promise<InvalidationReport> {
    let count = 0
    let changes: number | undefined
    let from = 1
    let after: string | Buffer = ''
    do {
      const args = [flag(soft), String(from), after, String(tags.length), ...tags, ...space.ext]
      const reply = await this.#run(space, 'invalidate-tags', args)
      const portion = toPortion(reply, 4, 'invalidate-tags') as [number, number, Buffer, number]
      const [dropped, next, last, number] = portion
      count += dropped
      changes = toChangeNumber(number)
      from = next
      after = last
      onPortion?.()
    } while (from !== 0)
    return { count, changes }
  }

  async purge(space: KeySpace): Promise<InvalidationReport> {
    return toReport(await this.#run(space, 'purge', space.ext), 'purge')
  }

  async size(space: KeySpace): Promise<number> {
    return toCount(await this.#run(space, 'size', []), 'size')
  }

  /** A portion at a time where the sum is not kept, so that the server can serve other clients in between. */
  async bytes(space: KeySpace, onPortion?: () => void): Promise<number> {
    const { keys } = this.#stateOf(space)
    let sum = 0
    let cursor = '0'
    do {
      const nonce = newNonce()
      const commands: Command[] = [
        ['EVAL', SUM_BYTES, '2', keys.values, keys.bytes, cursor],
        ['ECHO', nonce],
      ]
      const [reply, echo] = await this.#commands.send('bytes', keys.values, commands)
      const portion = this.#commands.checked(keys.values, 'EVAL', () =>
        toSum(unwrapped([echo as Reply, reply as Reply], nonce, 'EVAL')),
      )
      sum += portion.sum
      cursor = portion.cursor
      onPortion?.()
    } while (cursor !== '0')
    return sum
  }

  async now(space: KeySpace): Promise<number> {
    const sentMs = monotonicMs()
    const [time] = await this.#commands.send('now', space.keys[0], [['TIME']])
    return this.#commands.checked(space.keys[0], 'TIME', () =>
      this.#hearTime(this.#stateOf(space), time as Reply, sentMs),
    )
  }

  async lease(
    space: KeySpace,
    requests: readonly LeaseRequest[],
    leaseMs: number,
  ): Promise<readonly LeaseAnswer[]> {
    const args: (string | Buffer)[] = [String(leaseMs), String(requests.length)]
    for (const { hash, seenMs, asker } of requests) args.push(bytesOfHash(hash), String(seenMs ?? ''), asker)
    const sentMs = monotonicMs()
    const reply = await this.#run(space, 'lease', args)
    const [atUs, ...answers] = toNumbers(reply, 1 + 2 * requests.length, 'lease')
    this.#stateOf(space).clock.observe(atUs, sentMs)
    return requests.map((_, i): LeaseAnswer => {
      const untilUs = answers[2 * i + 1] as number
      if (answers[2 * i] === 1) return { state: 'taken', atUs, untilUs }
      return answers[2 * i] === 2 ? { state: 'held', atUs, untilUs } : { state: 'available', atUs }
    })
  }

  async renew(space: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly boolean[]> {
    const reply = await this.#run(space, 'renew', [String(leaseMs), ...named(held)])
    return toNumbers(reply, held.length, 'renew').map((isHeld) => isHeld === 1)
  }

  async release(space: KeySpace, held: readonly HeldLease[]): Promise<void> {
    await this.#run(space, 'release', named(held))
  }

  async watch(space: KeySpace, watcher: LeaseWatcher): Promise<Watch | undefined> {
    const { client, port } = this.#commands
    return this.#watches.watch(client, port, this.#stateOf(space).keys.leases, {
      message: (bytes) => watcher.ended(bytes.toString('latin1')),
      lost: () => watcher.lost(),
      restored: () => watcher.restored(),
    })
  }

  recordsChanges(policy: AbstractPolicy): boolean {
    return this.#log.records(policy)
  }

  changes(space: KeySpace): Promise<ChangesAt> {
    return this.#log.read(this.#stateOf(space).keys)
  }

  listen(space: KeySpace, heard: number | undefined, ttlMs: number): Promise<ChangesSince> {
    return this.#log.listen(space, this.#stateOf(space).keys, heard, ttlMs)
  }

  async watchChanges(space: KeySpace, watcher: ChangeWatcher): Promise<Watch | undefined> {
    return this.#log.watch(this.#stateOf(space).keys, watcher)
  }

  /** Closes all watches of this store. The connection for messages closes with the last watch: all stores over a client share it. */
  close(): Promise<void> {
    return this.#watches.close()
  }

  async register(registry: string, space: KeySpace): Promise<void> {
    const { idleTtlMs } = space.limits
    // The registry has to outlive every partition in it until the next registration: a purge finds them by it.
    const args = [JSON.stringify(space.keys), String(2 * (idleTtlMs ?? 0))]
    await this.#commands.runText('register', REGISTER, [registry], args)
  }

  async registered(registry: string): Promise<readonly KeyPair[]> {
    const nonce = newNonce()
    const commands: Command[] = [
      ['SMEMBERS', registry],
      ['ECHO', nonce],
    ]
    const [members, echo] = await this.#commands.send('registered', registry, commands)
    return this.#commands.checked(registry, 'SMEMBERS', () =>
      toKeyPairs(unwrapped([echo as Reply, members as Reply], nonce, 'SMEMBERS')),
    )
  }

  #hearTime({ clock }: KeySpaceState, time: Reply, sentMs: number): number {
    const atUs = toMicroseconds(time)
    clock.observe(atUs, sentMs)
    return atUs
  }

  /** Records the reply of a script: its time, and the highest score that the policy has given. */
  #hearScript(state: KeySpaceState, [atUs, orderedUs]: readonly number[], sentMs: number): void {
    state.clock.observe(atUs as number, sentMs)
    state.order.observe(orderedUs as number)
    state.orderKnownUntilMs = monotonicMs() + CLOCKS_AGREE_MS
  }

  #stateOf(space: KeySpace): KeySpaceState {
    let state = this.#states.get(space)
    if (state === undefined) {
      const keys = partitionKeys(space.keys, space.policy.structures)
      state = {
        keys,
        mark: space.policy.storesBareValues ? undefined : partitionMark(keys.values),
        clock: new ServerClock(),
        hasEnds: false,
        order: new LogicalClock(),
        orderKnownUntilMs: 0,
        idleTtl: new IdleTtl(),
        turns: new Turns(),
      }
      this.#states.set(space, state)
    }
    return state
  }

  #run(space: KeySpace, verb: Verb, args: readonly (string | Buffer)[]): Promise<Reply> {
    return this.#commands.run(space, this.#stateOf(space).keys, verb, args)
  }
}

/** What one script of a put has done. */
interface PutAnswer extends Omit<PutReport, 'stored' | 'evictedAtOnce' | 'tooLarge'> {
  /** What it replied for each entry. */
  readonly codes: readonly number[]
}

/** The number of misses and, if they count, of hits: a large one counts for as many as it has kilobytes. */
function weightOf(entries: readonly StoredEntry[], doHitsCount: boolean): number {
  let weight = 0
  for (const { value } of entries) {
    if (value === undefined) weight++
    else if (doHitsCount) weight += Math.max(1, value.length / ENTRY_BYTES)
  }
  return weight
}

const hashesOf = (entries: readonly NewEntry[]): Hash[] => entries.map(({ hash }) => hash)

/** Call hashes as they are sent. Most policies give ASCII text alone, so that none of them has to be looked at. */
const sent = ({ policy }: KeySpace, hashes: readonly Hash[]): readonly (Buffer | string)[] =>
  policy.hasAsciiHashes ? hashes : hashes.map(bytesOfHash)

/** What an invalidation replies. */
function toReport(reply: Reply, verb: string): InvalidationReport {
  const [count, changes] = toNumbers(reply, 2, verb) as readonly [number, number]
  return { count, changes: toChangeNumber(changes) }
}

/** The entries for which a put has replied that; `undefined` for none. */
function hashesWith(
  code: number,
  entries: readonly NewEntry[],
  codes: readonly number[],
): ReadonlySet<Hash> | undefined {
  if (!codes.includes(code)) return undefined
  return new Set(hashesOf(entries.filter((_, i) => codes[i] === code)))
}

/** A bound as scripts take it. */
const bound = (most: number): string => (most === Number.POSITIVE_INFINITY ? '0' : String(most))

const flag = (is: boolean): string => (is ? '1' : '0')

function extrasOf(entry: NewEntry, { isTouched, isForRoom }: Again): string {
  const { tags, asker, overrules, ifRoom, cost } = entry.metadata ?? {}
  const touched = isTouched || undefined
  const room = isForRoom ? bytesOf(entry) : undefined
  if ((tags ?? asker ?? overrules ?? ifRoom ?? cost ?? touched ?? room) === undefined) return ''
  // The server cannot read half a character in JSON.
  return JSON.stringify({ tags: tags?.map(wellFormed), asker, overrules, ifRoom, cost, touched, room })
}

/**
 * The time with which the trailers of entries can be written before the server gets them: no later than it will be there, by what is
 * known of its clock. `undefined` if that is not known.
 */
function timeForTrailers(entries: readonly NewEntry[], clock: ServerClock): number | undefined {
  const { earliestMs, isKnown } = clock.now()
  if (!isKnown) return undefined
  let latestMs = earliestMs
  for (const { token } of entries) {
    if (token === undefined) return undefined
    latestMs = Math.max(latestMs, token / 1_000)
  }
  return Math.floor(latestMs)
}

const joined = (value: string | Buffer, trailer: string): string | Buffer =>
  typeof value === 'string' ? value + trailer : Buffer.concat([value, Buffer.from(trailer)])

const bytesOf = (entry: NewEntry | undefined): number => Buffer.byteLength(entry?.value ?? '')

const named = (held: readonly HeldLease[]): (string | Buffer)[] => [
  String(held.length),
  ...held.flatMap(({ hash, asker }) => [bytesOfHash(hash), asker]),
]
