import { StoreError } from '../../errors.ts'
import { messageOf } from '../../realms/native.ts'
import type { Command, Reply } from '../../clients/port.ts'
import { toNumber } from '../../clients/detect.ts'
import type { Lookup, KeySpace } from '../store.ts'
import type { PartitionKeys } from './keys.ts'

/** One read: what it asks for, as the aspects are when it begins, and what the answers mean. */
export class Reading {
  /**
   * The values are asked for last: what is known of an entry is then never newer than its value, and an expired entry
   * never taken for one that lives on.
   */
  readonly commands: readonly Command[]
  readonly #time: boolean
  readonly #expiry: boolean
  readonly #freshness: boolean
  readonly #tags: boolean

  /** @param isTimed Whether to ask for the time where nothing else needs it. */
  constructor(
    { aspects: { expiry, freshness, tags } }: KeySpace,
    keys: PartitionKeys,
    hashes: readonly (Buffer | string)[],
    isTimed: boolean,
  ) {
    this.#time = isTimed || expiry || freshness
    this.#expiry = expiry
    this.#freshness = freshness
    this.#tags = tags
    const commands: Command[] = []
    if (this.#time) commands.push(['TIME'])
    if (expiry) commands.push(['ZMSCORE', keys.expiry, ...hashes])
    if (freshness) commands.push(['HMGET', keys.fresh, ...hashes])
    if (tags) commands.push(['ZMSCORE', keys.tags, ...hashes.map(taggedMember)])
    commands.push(['HMGET', keys.values, ...hashes])
    this.commands = commands
  }

  /** @param replies To those commands. */
  lookups(replies: readonly Reply[]): readonly Lookup[] {
    let next = 0
    const take = (isAsked: boolean) => (isAsked ? (replies[next++] as readonly Reply[]) : undefined)
    const time = take(this.#time)
    const expiries = take(this.#expiry)
    const notes = take(this.#freshness)
    const tagged = take(this.#tags)
    const values = replies[next] as readonly (Buffer | null)[]
    const atUs = time && toMicroseconds(time)
    return values.map((value, i) => {
      const expiresAtMs = (expiries && toNumber(expiries[i] as Reply)) ?? undefined
      const isOver = expiresAtMs !== undefined && atUs !== undefined && expiresAtMs * 1000 <= atUs
      const note = notes?.[i]
      const [freshUntilMs, computeMs, storedAtMs] = note
        ? (note as Buffer).toString().split(' ').map(Number)
        : []
      return {
        atUs,
        value: value === null || isOver ? undefined : value,
        expiresAtMs,
        freshUntilMs,
        computeMs,
        storedAtMs,
        isTagged: tagged === undefined || tagged[i] !== null,
      }
    })
  }
}

/** As the scripts write it: that the tags of an entry are known. */
function taggedMember(hash: Buffer | string): Buffer | string {
  if (typeof hash === 'string') return `h${Buffer.byteLength(hash)}:${hash}=`
  return Buffer.concat([Buffer.from(`h${hash.length}:`), hash, Buffer.from('=')])
}

export const toMicroseconds = (time: Reply): number => {
  const [seconds, microseconds] = time as [Buffer, Buffer]
  return Number(seconds) * 1e6 + Number(microseconds)
}

export const trouble = (what: string, cause: unknown): StoreError =>
  new StoreError(`The server failed at ${what}: ${messageOf(cause)}`, {
    cause,
  })
