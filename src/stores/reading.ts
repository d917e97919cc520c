import { StoreError } from '../errors.ts'
import type { RemoteClock } from '../flow/remote-clock.ts'
import type { Hash } from '../keys/call-hash.ts'
import type { Command, Reply } from '../redis/client.ts'
import { toNumber } from '../redis/port.ts'
import type { Lookup, Place } from './store.ts'

/** As the scripts take them: the pair, what lies beside it, then the policy's own structures. */
export type Keys = readonly [
  index: string,
  values: string,
  expiry: string,
  fence: string,
  fresh: string,
  tags: string,
  leases: string,
  ...structures: string[],
]

/** One read: what it asks for, as the aspects are when it begins, and what the answers mean. */
export class Reading {
  readonly #keys: Keys
  readonly #expiry: boolean
  readonly #freshness: boolean
  readonly #tags: boolean

  constructor({ aspects: { expiry, freshness, tags } }: Place, keys: Keys) {
    this.#keys = keys
    this.#expiry = expiry
    this.#freshness = freshness
    this.#tags = tags
  }

  /**
   * The values are asked for last: what is known of an entry is then never newer than its value, and an expired entry
   * never taken for one that lives on.
   */
  commands(hashes: readonly Hash[]): Command[] {
    const [, values, expiry, , fresh, tags] = this.#keys
    const commands: Command[] = [['TIME']]
    if (this.#expiry) commands.push(['ZMSCORE', expiry, ...hashes])
    if (this.#freshness) commands.push(['HMGET', fresh, ...hashes])
    if (this.#tags) commands.push(['ZMSCORE', tags, ...hashes.map(taggedMember)])
    commands.push(['HMGET', values, ...hashes])
    return commands
  }

  /** @param sent Replies to those commands, and maybe to others behind them. */
  async lookups(clock: RemoteClock, sent: readonly Promise<Reply>[]): Promise<readonly Lookup[]> {
    const kinds = 2 + Number(this.#expiry) + Number(this.#freshness) + Number(this.#tags)
    let read: readonly Reply[]
    try {
      read = await Promise.all(sent.slice(0, kinds))
    } catch (cause) {
      throw trouble('get', cause)
    }
    const atUs = toMicroseconds(read[0] as Reply)
    clock.hear(atUs)
    let next = 1
    const take = (isAsked: boolean) => (isAsked ? (read[next++] as readonly Reply[]) : undefined)
    const expiries = take(this.#expiry)
    const notes = take(this.#freshness)
    const tagged = take(this.#tags)
    const values = read[next] as readonly (Buffer | null)[]
    return values.map((value, i) => {
      const expiresAtMs = (expiries && toNumber(expiries[i] as Reply)) ?? undefined
      const isLive = value !== null && (expiresAtMs === undefined || expiresAtMs * 1000 > atUs)
      const note = notes?.[i]
      const [freshUntilMs, computeMs] = note ? (note as Buffer).toString().split(' ').map(Number) : []
      return {
        atUs,
        value: isLive ? value : undefined,
        expiresAtMs,
        freshUntilMs,
        computeMs,
        isTagged: tagged === undefined || tagged[i] !== null,
      }
    })
  }
}

/** As the scripts write it: that the tags of an entry are known. */
function taggedMember(hash: Hash): string | Buffer {
  if (typeof hash === 'string') return `h${Buffer.byteLength(hash)}:${hash}=`
  return Buffer.concat([Buffer.from(`h${hash.length}:`), hash, Buffer.from('=')])
}

export const toMicroseconds = (time: Reply): number => {
  const [seconds, microseconds] = time as [Buffer, Buffer]
  return Number(seconds) * 1e6 + Number(microseconds)
}

export const trouble = (what: string, cause: unknown): StoreError =>
  new StoreError(
    `The server did not do a ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
